/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The first picture goes out of focus until only light is left, and the next comes into focus out of it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Blur", "Dissolve"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "blur", "LABEL": "How far out of focus", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "glow", "LABEL": "Light in the blur", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3}
  ]
}*/

vec3 unsharp(vec2 uv, float open_now) {
    return mix(IMG_NORM_PIXEL(startImage, uv), IMG_NORM_PIXEL(endImage, uv), open_now).rgb;
}

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float soft = 4.0 * progress * (1.0 - progress);
    float open_now = smoothstep(0.25, 0.75, progress);
    float reach = 0.09 * blur * soft;
    vec3 sum = unsharp(isf_FragNormCoord, open_now), bright = sum;
    // A sunflower of looks: even cover with few of them.
    for (int i = 1; i < 22; i++) {
        float r = reach * sqrt(float(i) / 22.0);
        vec2 way = vec2(cos(2.39996 * float(i)), sin(2.39996 * float(i)));
        vec3 c = unsharp(clamp(isf_FragNormCoord + way * r / aspect, 0.0, 1.0), open_now);
        sum += c;
        bright = max(bright, c);
    }
    gl_FragColor = vec4(mix(sum / 22.0, bright, 0.6 * glow * soft), 1.0);
}
