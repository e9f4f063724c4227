/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Spots and stripes that grow out of nothing at several sizes at once, as on the skins of animals.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Growth", "Feedback"],
  "INPUTS": [
    {"NAME": "size", "LABEL": "Size of the pattern", "TYPE": "float", "MIN": 0.5, "MAX": 2.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "contrast", "LABEL": "Between soft and hard", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "unrest", "LABEL": "Unrest", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 3}
  ],
  "PASSES": [
    {"TARGET": "skin", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
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

float near(vec2 at, float r) {
    vec2 e = r * size / vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 d = e * 0.7071;
    float s = IMG_NORM_PIXEL(skin, at + vec2(e.x, 0.0)).r + IMG_NORM_PIXEL(skin, at - vec2(e.x, 0.0)).r
        + IMG_NORM_PIXEL(skin, at + vec2(0.0, e.y)).r + IMG_NORM_PIXEL(skin, at - vec2(0.0, e.y)).r
        + IMG_NORM_PIXEL(skin, at + d).r + IMG_NORM_PIXEL(skin, at - d).r
        + IMG_NORM_PIXEL(skin, at + vec2(d.x, -d.y)).r + IMG_NORM_PIXEL(skin, at + vec2(-d.x, d.y)).r;
    return s * 0.125;
}

float chance(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        float v = IMG_THIS_PIXEL(skin).r;
        if (FRAMEINDEX < 2) {
            gl_FragColor = vec4(vec3(0.5 + 0.5 * (chance(floor(at * vec2(53.0, 30.0))) - 0.5)), 1.0);
            return;
        }
        // McCabe's multi-scale rule: of three scales, the one on which near and far agree best decides where to go.
        float t = TIME * speed * 0.4 + travel * 0.25;
        vec2 drift = vec2(sin(t * 0.7 + at.y * 3.0), cos(t * 0.6 + at.x * 3.0)) * 0.0015 * (unrest + 2.0 * punch);
        float a = near(at + drift, 0.011), b = near(at + drift, 0.026), c = near(at + drift, 0.062), d = near(at + drift, 0.14);
        vec3 gap = vec3(a - b, b - c, c - d);
        vec3 size_of = abs(gap);
        // Soft signs: a hard one would leave every pixel shivering between two steps.
        vec3 way3 = gap / (size_of + 0.02) * vec3(0.040, 0.045, 0.036);
        float way = size_of.x < size_of.y ? way3.x : way3.y;
        way = min(size_of.x, size_of.y) < size_of.z ? way : way3.z;
        float dt = min(TIMEDELTA, 0.1) * 30.0;
        float pulse = punch * 0.06 * sin(length(at - 0.5) * 26.0 - t * 8.0);
        v = mix(v, a, 0.5) + (way + pulse) * dt;
        gl_FragColor = vec4(vec3(clamp(mix(0.5, v, 0.975), 0.0, 1.0)), 1.0);
        return;
    }
    float v = IMG_NORM_PIXEL(skin, at).r;
    vec2 e = 1.5 / RENDERSIZE;
    vec2 slope = vec2(IMG_NORM_PIXEL(skin, at + vec2(e.x, 0.0)).r - IMG_NORM_PIXEL(skin, at - vec2(e.x, 0.0)).r,
        IMG_NORM_PIXEL(skin, at + vec2(0.0, e.y)).r - IMG_NORM_PIXEL(skin, at - vec2(0.0, e.y)).r);
    float hard = mix(0.5, 0.12, contrast);
    float body = smoothstep(0.5 - hard, 0.5 + hard, v);
    vec3 normal = normalize(vec3(-slope * 5.0, 1.0));
    float light = max(dot(normal, normalize(vec3(-0.5, 0.6, 0.7))), 0.0);
    float gloss = pow(light, 18.0);
    vec3 c = mix(colour_at(0.55 + hue) * 0.10, colour_at(0.05 + 0.45 * v + hue), body) * (0.25 + 0.8 * light) * (0.5 + 0.85 * glow + 0.6 * punch);
    c += colour_at(0.2 + hue) * gloss * (0.15 + 0.5 * glow + punch) * (0.3 + body);
    gl_FragColor = vec4(1.0 - exp2(-1.9 * c), 1.0);
}
