/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A Julia set whose constant walks along the edge of the Mandelbrot set: lace that opens and closes.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Fractal", "Lines"],
  "INPUTS": [
    {"NAME": "form", "LABEL": "Where on the edge it walks, in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.1},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "closeness", "LABEL": "How near", "TYPE": "float", "MIN": 0.5, "MAX": 4.0, "DEFAULT": 1.25},
    {"NAME": "turn", "LABEL": "Turn of the picture", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.1},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 0}
  ]
}*/

vec3 colour_at(float t) {
    vec3 base = vec3(0.52, 0.24, 0.22), swing = vec3(0.48, 0.26, 0.18), phase = vec3(0.0, 0.06, 0.45);
    if (palette == 1) { base = vec3(0.17, 0.36, 0.46); swing = vec3(0.21, 0.34, 0.42); phase = vec3(0.50, 0.08, 0.0); }
    if (palette == 2) { base = vec3(0.50, 0.20, 0.46); swing = vec3(0.44, 0.24, 0.36); phase = vec3(0.0, 0.92, 0.70); }
    if (palette == 3) { base = vec3(0.20, 0.42, 0.46); swing = vec3(0.18, 0.38, 0.36); phase = vec3(0.62, 0.0, 0.16); }
    if (palette == 4) { base = vec3(0.44, 0.43, 0.45); swing = vec3(0.44, 0.41, 0.37); phase = vec3(0.0, 0.02, 0.05); }
    return base + swing * cos(6.2832 * (t + phase));
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed * 0.12 + travel * 0.08;
    float a = turn * 6.2832 * 0.25 + 0.2 * sin(t * 0.7);
    vec2 z = mat2(cos(a), sin(a), -sin(a), cos(a)) * p * 2.9 / closeness * (1.0 - 0.12 * punch);
    // The cardioid of the Mandelbrot set, a little outside of it: no inside, only lace.
    float w = 6.2832 * form + t;
    vec2 c = (0.5 * vec2(cos(w), sin(w)) - 0.25 * vec2(cos(2.0 * w), sin(2.0 * w))) * (1.07 + 0.02 * sin(t * 3.1) + 0.02 * punch);
    float count = 0.0, cross_near = 9.0, ring_near = 9.0;
    float r2 = dot(z, z);
    for (int i = 0; i < 64; i++) {
        if (r2 < 256.0) {
            z = vec2(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + c;
            r2 = dot(z, z);
            count += 1.0;
            cross_near = min(cross_near, min(abs(z.x), abs(z.y)) * exp2(0.02 * count));
            ring_near = min(ring_near, abs(r2 - 0.22));
        }
    }
    // The fraction of the last step makes bands into a slope.
    float slope = count - log2(max(log2(max(r2, 4.0)), 1.0)) + 3.0;
    float deep = clamp(slope / 46.0, 0.0, 1.0);
    float lace = exp2(-30.0 * cross_near) * smoothstep(0.05, 0.3, deep), ring = exp2(-14.0 * ring_near);
    vec3 c3 = colour_at(0.05 + 1.3 * deep + hue) * (pow(deep, 1.6) * 1.1 + 0.03);
    c3 += colour_at(0.35 + 0.4 * deep + hue) * lace * (0.35 + 0.5 * glow + 0.8 * punch);
    c3 += colour_at(0.7 + 0.3 * deep + hue) * ring * deep * (0.35 + 0.7 * glow + 0.8 * punch);
    gl_FragColor = vec4(1.0 - exp2(-1.7 * c3 * (0.55 + 0.8 * glow + 0.4 * punch)), 1.0);
}
