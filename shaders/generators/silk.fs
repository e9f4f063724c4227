/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Sheets of silk drifting in the dark: thin threads gather along slow folds and catch the light where they meet.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Organic", "Lines"],
  "INPUTS": [
    {"NAME": "flow", "LABEL": "Bend of the cloth", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "threads", "LABEL": "Number of threads", "TYPE": "float", "MIN": 4.0, "MAX": 40.0, "DEFAULT": 16.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 1}
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
    float t = TIME * speed * 0.3 + travel * 0.4;
    float bend = 0.25 + 0.6 * flow + 0.35 * punch;
    vec3 c = vec3(0.0);
    float pixel = threads * 1.6 / RENDERSIZE.y;
    for (int i = 0; i < 4; i++) {
        float k = float(i);
        // One sheet: a slow wave across, a second one riding on it, and the threads are its contour lines.
        vec2 q = p + vec2(0.31 * k, 0.17 * k * k);
        float wave = sin(q.x * (1.5 + 0.35 * k) + t * (0.7 + 0.13 * k) + 2.1 * k);
        float ride = sin(q.x * 3.1 - q.y * (2.3 + 0.4 * k) + wave * 1.7 - t * 0.9 + k);
        float y = p.y + bend * (0.34 * wave + 0.22 * ride) - 0.16 * (k - 1.5);
        float sheet = 1.0 / (1.0 + 26.0 * y * y * (1.0 + 0.6 * sin(q.x * 2.3 + t + k * 1.9)));
        float strand = abs(fract(y * threads + 0.8 * ride + 0.25 * k) - 0.5) * 2.0;
        float slope = 0.35 + 0.65 * ride * ride;
        float line = smoothstep(0.50 - pixel * 2.0, 1.0, strand);
        float sheen = sheet * sheet * (0.30 + 0.9 * slope * slope);
        vec3 tint = colour_at(0.17 * k + 0.22 * ride + 0.45 * y + hue);
        c += tint * (sheen * 0.75 + sheet * line * (0.24 + 0.32 * punch) * slope);
    }
    c *= 0.65 + 1.0 * glow + 0.5 * punch;
    // A soft shoulder: light piles up towards white and never clips.
    c = 1.0 - exp2(-1.75 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
