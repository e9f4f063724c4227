/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Ink on water, folded into itself again and again and lit from the side: endless marbled paper that breathes.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Organic"],
  "INPUTS": [
    {"NAME": "warp", "LABEL": "Folding", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "scale", "LABEL": "Nearness", "TYPE": "float", "MIN": 0.4, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "veins", "LABEL": "Fine veins", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2}
  ]
}*/

// Cosine palettes: base + swing * cos(turn * (t + phase)), one phase a channel.
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
    p *= (3.2 - 0.5 * punch) / scale;
    float t = TIME * speed * 0.22 + travel * 0.35;
    float fold = 0.55 + 0.75 * warp + 0.35 * punch;
    // Each fold bends the sheet along its own diagonal; the growing frequency gives large swirls fine edges.
    vec2 q = p + vec2(0.21 * t, -0.13 * t);
    vec2 drift = vec2(0.0);
    float f = 1.0;
    for (int i = 0; i < 6; i++) {
        vec2 bend = sin(q.yx * f + vec2(1.7, 4.1) * float(i) + t * vec2(0.9, -0.7));
        q += bend * fold / f;
        drift += bend / f;
        q = mat2(0.80, 0.60, -0.60, 0.80) * q;
        f *= 1.42;
    }
    float height = 0.5 + 0.25 * (sin(q.x * 1.3) + sin(q.y * 1.1 + q.x * 0.4));
    float vein = abs(sin(q.x * 3.1 + drift.y * 2.0));
    vein = 1.0 - vein;
    vein *= vein * vein;
    float light = 0.5 + 0.5 * sin(q.y * 1.6 + drift.x * 1.2);
    vec3 ink = colour_at(0.52 * height + 0.12 * drift.x + hue);
    vec3 c = ink * (0.22 + 0.95 * light * light);
    c = mix(c, c * (0.35 + 0.8 * height), 0.6);
    c += colour_at(0.10 + 0.2 * height + hue) * vein * (0.45 * veins + 0.5 * punch) * (0.25 + light);
    c = max(mix(vec3(dot(c, vec3(0.30, 0.58, 0.12))), c, 1.35), 0.0);
    c *= 0.75 + 1.3 * glow + 0.45 * punch;
    // A soft shoulder: light piles up towards white and never clips.
    c = 1.0 - exp2(-1.75 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
