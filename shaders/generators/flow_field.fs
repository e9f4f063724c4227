/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Streamlines of a wind that nobody sees: strands of light follow it, cross over and fray.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Flow", "Lines"],
  "INPUTS": [
    {"NAME": "turbulence", "LABEL": "Turbulence", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "strands", "LABEL": "Fineness of the strands", "TYPE": "float", "MIN": 0.5, "MAX": 3.0, "DEFAULT": 1.2},
    {"NAME": "length_s", "LABEL": "Length of the strands", "TYPE": "float", "MIN": 0.2, "MAX": 2.0, "DEFAULT": 1.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 1}
  ]
}*/

// Cost: the grain is averaged along the wind, eight steps both ways for every pixel.

vec3 colour_at(float t) {
    vec3 base = vec3(0.52, 0.24, 0.22), swing = vec3(0.48, 0.26, 0.18), phase = vec3(0.0, 0.06, 0.45);
    if (palette == 1) { base = vec3(0.17, 0.36, 0.46); swing = vec3(0.21, 0.34, 0.42); phase = vec3(0.50, 0.08, 0.0); }
    if (palette == 2) { base = vec3(0.50, 0.20, 0.46); swing = vec3(0.44, 0.24, 0.36); phase = vec3(0.0, 0.92, 0.70); }
    if (palette == 3) { base = vec3(0.20, 0.42, 0.46); swing = vec3(0.18, 0.38, 0.36); phase = vec3(0.62, 0.0, 0.16); }
    if (palette == 4) { base = vec3(0.44, 0.43, 0.45); swing = vec3(0.44, 0.41, 0.37); phase = vec3(0.0, 0.02, 0.05); }
    return base + swing * cos(6.2832 * (t + phase));
}

vec2 wind(vec2 p, float t) {
    vec2 a = vec2(cos(p.y * 2.1 + t), sin(p.x * 1.9 - t * 0.8));
    vec2 b = vec2(cos(p.y * 4.3 - t * 1.3 + a.x * 1.5), sin(p.x * 4.7 + t + a.y * 1.5));
    return a + b * turbulence * 1.3 + vec2(0.35, 0.1);
}

float grain(vec2 p) {
    vec2 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec4 h = fract(sin(vec4(dot(i, vec2(127.1, 311.7))) + vec4(0.0, 127.1, 311.7, 438.8)) * 43758.5453);
    return mix(mix(h.x, h.y, f.x), mix(h.z, h.w, f.x), f.y);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 2.6;
    float t = TIME * speed * 0.25 + travel * 0.15;
    // Line integral convolution: grain is averaged along the wind, both ways.
    vec2 ahead = p, behind = p;
    float sum = 0.0, weight = 0.0;
    float stride = 0.037 * length_s;
    for (int i = 0; i < 8; i++) {
        float w = 1.0 - float(i) / 8.0;
        ahead += normalize(wind(ahead, t)) * stride;
        behind -= normalize(wind(behind, t)) * stride;
        // The grain runs with the wind, so that strands travel along themselves.
        sum += w * (grain(ahead * 22.0 * strands - t * 3.0) + grain(behind * 22.0 * strands - t * 3.0));
        weight += 2.0 * w;
    }
    float strand = clamp((sum / weight - 0.30) * 2.9, 0.0, 1.0);
    strand *= strand;
    vec2 w = wind(p, t);
    float fast = clamp(length(w) * 0.42, 0.0, 1.0);
    float lock = 0.5 + 0.5 * sin(w.x * 2.2 + w.y * 1.4 + t);
    vec3 c = colour_at(0.10 + 0.35 * fast + 0.20 * lock + hue) * strand * (0.55 + 1.3 * lock) * (0.75 + 1.2 * glow + 1.1 * punch);
    c += colour_at(0.65 + 0.2 * fast + hue) * strand * strand * strand * fast * (0.25 + 0.5 * glow + punch);
    c += colour_at(0.4 + hue) * 0.05 * (0.4 + glow) * lock;
    gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
}
