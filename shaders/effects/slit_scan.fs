/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Time becomes width: a thin slit is read every frame and carried outward, so that what moves is drawn as cloth.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Time", "Stylise"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "slit", "LABEL": "Place of the slit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "pace", "LABEL": "Pace of the tape", "TYPE": "float", "MIN": 0.05, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "open", "LABEL": "Width of the untouched middle", "TYPE": "float", "MIN": 0.0, "MAX": 0.5, "DEFAULT": 0.12},
    {"NAME": "direction", "LABEL": "Direction", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["left and right", "up and down"], "DEFAULT": 0}
  ],
  "PASSES": [
    {"TARGET": "tape", "PERSISTENT": true},
    {}
  ]
}*/

// Cost: the whole picture is moved on every frame in a kept buffer.

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 axis = direction == 1 ? vec2(0.0, 1.0) : vec2(1.0, 0.0);
    float x = dot(uv, axis) - slit;
    vec4 now = IMG_THIS_PIXEL(inputImage);
    if (PASSINDEX == 0) {
        // The tape moves by whole pixels only, else it would blur a little more each frame.
        float cells = dot(RENDERSIZE, axis);
        float speed = pace * cells * 0.8;
        float move = floor(TIME * speed) - floor((TIME - min(TIMEDELTA, 0.1)) * speed);
        vec2 from = uv - axis * sign(x) * move / cells;
        bool fresh = abs(x) * cells <= max(move, 1.0) + 0.5 || FRAMEINDEX == 0;
        gl_FragColor = fresh ? IMG_NORM_PIXEL(inputImage, uv) : IMG_NORM_PIXEL(tape, from);
        return;
    }
    float outside = smoothstep(open * 0.5, open + 0.02, abs(x));
    vec4 old = IMG_THIS_PIXEL(tape);
    old.rgb *= 1.0 + 0.25 * punch;
    gl_FragColor = vec4(mix(now.rgb, clamp(old.rgb, 0.0, 1.0), outside * amount), now.a);
}
