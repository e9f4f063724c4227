/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Three earlier moments stay in the air behind the picture, each in its own colour, as on one plate exposed again and again.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Time", "Feedback"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "interval", "LABEL": "Seconds between the moments", "TYPE": "float", "MIN": 0.03, "MAX": 0.6, "DEFAULT": 0.14},
    {"NAME": "spread", "LABEL": "Moments move apart", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "tint", "LABEL": "Colour of the moments", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6}
  ],
  "PASSES": [
    {"TARGET": "third", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {"TARGET": "second", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {"TARGET": "first", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

// Cost: three plates are kept and shown in four passes; on a software renderer a pass is never free.

// True in the frames in which the plates move on.
bool exposes() {
    return floor(TIME / interval) > floor((TIME - TIMEDELTA) / interval) || FRAMEINDEX == 0;
}

vec3 plate(sampler2D kept, float age) {
    float s = 1.0 - 0.06 * age * (spread + 0.5 * punch);
    return IMG_NORM_PIXEL(kept, (isf_FragNormCoord - 0.5) * s + 0.5).rgb;
}

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = exposes() ? IMG_THIS_PIXEL(second) : IMG_THIS_PIXEL(third);
    } else if (PASSINDEX == 1) {
        gl_FragColor = exposes() ? IMG_THIS_PIXEL(first) : IMG_THIS_PIXEL(second);
    } else if (PASSINDEX == 2) {
        gl_FragColor = exposes() ? IMG_THIS_PIXEL(inputImage) : IMG_THIS_PIXEL(first);
    } else {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        vec3 a = plate(first, 1.0) * mix(vec3(1.0), vec3(1.0, 0.45, 0.30), tint);
        vec3 b = plate(second, 2.0) * mix(vec3(1.0), vec3(0.85, 0.25, 0.95), tint);
        vec3 c = plate(third, 3.0) * mix(vec3(1.0), vec3(0.15, 0.50, 1.0), tint);
        vec3 past = max(a * 0.85, max(b * 0.70, c * 0.55)) * min(amount * (1.0 + 0.6 * punch), 1.0);
        gl_FragColor = vec4(max(now.rgb, past), now.a);
    }
}
