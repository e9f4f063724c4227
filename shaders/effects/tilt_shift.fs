/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Only a band of the picture is sharp; the rest falls out of focus, and bright points open into discs.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Blur", "Lens"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "height", "LABEL": "Where it is sharp, low to high", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "width", "LABEL": "Width of the sharp band", "TYPE": "float", "MIN": 0.0, "MAX": 0.8, "DEFAULT": 0.2},
    {"NAME": "blur", "LABEL": "How far out of focus", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "round_focus", "LABEL": "From a band to a round focus", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}
  ],
  "PASSES": [
    {"TARGET": "unsharp", "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

// Cost: twenty-three looks a pixel, at half the size.

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - vec2(0.5, height)) * aspect;
    float away = mix(abs(p.y), length(p), round_focus);
    float open_now = smoothstep(0.5 * width, 0.5 * width + 0.45, away);
    float reach = 0.085 * blur * amount * (open_now * (1.0 + punch) + 0.25 * punch);
    if (PASSINDEX == 1) {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        gl_FragColor = vec4(mix(now.rgb, IMG_NORM_PIXEL(unsharp, isf_FragNormCoord).rgb, smoothstep(0.0, 0.006, reach)), now.a);
        return;
    }
    vec3 sum = IMG_THIS_PIXEL(inputImage).rgb, weight = vec3(1.0);
    for (int i = 1; i < 24; i++) {
        float r = reach * sqrt(float(i) / 24.0);
        vec2 way = vec2(cos(2.39996 * float(i)), sin(2.39996 * float(i)));
        vec3 c = IMG_NORM_PIXEL(inputImage, clamp(isf_FragNormCoord + way * r / aspect, 0.0, 1.0)).rgb;
        // Bright looks weigh more: points of light open into discs instead of fading.
        vec3 w = 0.15 + c * c * c * 3.0;
        sum += c * w;
        weight += w;
    }
    gl_FragColor = vec4(sum / weight, 1.0);
}
