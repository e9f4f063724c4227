/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Sand on a sounding plate: it gathers where the plate stands still, and each tone has its own figure.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Pattern", "Physics", "Audio"],
  "INPUTS": [
    {"NAME": "tone", "LABEL": "Tone of the plate", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "sand", "LABEL": "Fineness of the sand", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "plates", "LABEL": "From one plate to a ring", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
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

float chance(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

// Standing waves of a square plate (Chladni 1787): the sum and difference of two modes.
float plate(vec2 p, vec2 mode, float mixing) {
    vec2 a = cos(3.14159 * mode.x * p), b = cos(3.14159 * mode.y * p);
    return a.x * b.y + mixing * b.x * a.y;
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 1.25;
    float t = TIME * speed * 0.2 + travel * 0.2;
    float r = length(p);
    vec2 ring = vec2(r * 1.2, 0.5 * cos(3.0 * atan(p.y, p.x)) * r);
    p = mix(p, ring, plates);
    float pitch = 2.0 + 7.0 * tone + 0.8 * sin(t) + 0.6 * punch;
    // Between two whole modes the figure passes from one to the next.
    float low = floor(pitch), share = smoothstep(0.25, 0.75, pitch - low);
    float m = sin(t * 0.7) * 0.9;
    float now = plate(p, vec2(low, low * 0.5 + 1.0), m), next = plate(p, vec2(low + 1.0, (low + 1.0) * 0.5 + 1.0), m);
    float v = mix(now, next, share);
    vec2 e = vec2(0.004, 0.0);
    float vx = mix(plate(p + e.xy, vec2(low, low * 0.5 + 1.0), m), plate(p + e.xy, vec2(low + 1.0, (low + 1.0) * 0.5 + 1.0), m), share) - v;
    float vy = mix(plate(p + e.yx, vec2(low, low * 0.5 + 1.0), m), plate(p + e.yx, vec2(low + 1.0, (low + 1.0) * 0.5 + 1.0), m), share) - v;
    float steep = length(vec2(vx, vy)) / e.x;
    float node = abs(v) / max(steep, 1.5);
    float heap = exp2(-mix(45.0, 95.0, sand) * node);
    vec2 grit = floor(isf_FragNormCoord * RENDERSIZE / max(RENDERSIZE.y / 360.0, 1.0));
    float grain = chance(grit) * chance(grit.yx + floor(t * 6.0) * 0.13);
    float scattered = step(0.86 - 0.25 * punch, grain) * exp2(-12.0 * node);
    vec3 c = colour_at(0.10 + 0.15 * v + hue) * heap * (0.35 + 0.65 * chance(grit + 3.0)) * (0.6 + 0.9 * glow + 0.8 * punch);
    c += colour_at(0.05 + hue) * scattered * (0.25 + 0.4 * glow + punch);
    // The plate itself shimmers where it swings.
    float swing = 0.5 + 0.5 * sin(v * 9.0 - t * 20.0);
    c += colour_at(0.55 + 0.12 * v + hue) * (0.05 + 0.10 * swing * min(abs(v), 1.0)) * (0.5 + glow + 1.3 * punch);
    gl_FragColor = vec4(1.0 - exp2(-1.9 * c), 1.0);
}
