/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The spectrum as northern lights: every band of the sound lifts its own curtain above a still lake that mirrors it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Audio", "Spectrum"],
  "INPUTS": [
    {"NAME": "spectrum", "LABEL": "Sound", "TYPE": "audioFFT"},
    {"NAME": "height", "LABEL": "Height of the curtains", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "shore", "LABEL": "Height of the water", "TYPE": "float", "MIN": 0.0, "MAX": 0.5, "DEFAULT": 0.24},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 3}
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
    vec2 uv = isf_FragNormCoord;
    float t = TIME * speed * 0.35 + travel * 0.3;
    // Below the shore the sky is read again upside down, with ripples.
    float water = step(uv.y, shore);
    float y = mix(uv.y - shore, (shore - uv.y) * 1.35, water) / (1.0 - shore);
    float ripple = water * (0.004 + 0.020 * (shore - uv.y)) * (sin((shore - uv.y) * 60.0 / (0.10 + shore - uv.y) + t * 9.0 + uv.x * 5.0) + 0.5 * sin((shore - uv.y) * 210.0 - t * 6.0 + uv.x * 23.0));
    float x = uv.x + ripple;
    vec3 c = vec3(0.0);
    for (int i = 0; i < 3; i++) {
        float k = float(i);
        float sway = x + 0.05 * sin(x * (5.0 + 2.0 * k) + t * 1.7 + 2.0 * k) + 0.025 * sin(x * 13.0 - t * 2.1 + k + y * 1.5);
        // Bass stands in the middle and the highs run out to both sides, each layer a little wider.
        float bin = abs(sway - 0.5) * (1.75 - 0.25 * k) + 0.02;
        float level = IMG_NORM_PIXEL(spectrum, vec2(bin, 0.25)).r;
        float lift = (0.10 + 1.05 * level * (0.35 + 0.9 * height)) * (1.0 - 0.17 * k) + 0.10 * punch;
        float base = 0.04 + 0.06 * k + 0.05 * sin(sway * 7.0 + t + k * 2.4);
        float up = (y - base) / lift;
        float curtain = clamp(up * 9.0, 0.0, 1.0) * exp2(-3.2 * max(up, 0.0));
        float ray = 0.62 + 0.38 * sin(sway * (90.0 + 26.0 * k) + sin(sway * 37.0 + t * 3.0) * 2.0);
        float light = curtain * ray * (0.25 + 1.1 * level + 0.5 * punch);
        c += colour_at(0.02 + 0.30 * clamp(up, 0.0, 1.4) + 0.13 * k + hue) * light * (1.05 - 0.2 * k);
    }
    vec3 night = colour_at(0.52 + hue) * 0.05 + vec3(0.010, 0.014, 0.030);
    c += night * (1.0 - 0.6 * y);
    c *= 0.8 + 1.4 * glow + 0.5 * punch;
    c *= mix(1.0, 0.55, water);
    c += colour_at(0.05 + hue) * 0.05 * exp2(-180.0 * abs(uv.y - shore)) * (0.4 + glow);
    // A soft shoulder: light piles up towards white and never clips.
    c = 1.0 - exp2(-1.75 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
