/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The sound drawn as on a scope: left against right, a burning line that leaves its heat on the glass.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Audio", "Waveform", "Lines", "Feedback"],
  "INPUTS": [
    {"NAME": "waveform", "LABEL": "Sound", "TYPE": "audio"},
    {"NAME": "swing", "LABEL": "Swing", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "form", "LABEL": "From a line to a knot", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "afterglow", "LABEL": "Afterglow", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 3}
  ],
  "PASSES": [
    {"TARGET": "glass", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
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

vec2 beam(float s) {
    float l = (IMG_NORM_PIXEL(waveform, vec2(s, 0.25)).r - 0.5) * 2.0;
    float r = (IMG_NORM_PIXEL(waveform, vec2(fract(s + 0.13), 0.75)).r - 0.5) * 2.0;
    vec2 line = vec2((s - 0.5) * 1.6, l * 0.7 * swing);
    // Left against a later right: what is one tone becomes a slanted ring, two become a knot.
    float turn = TIME * speed * 0.25 + travel * 0.2;
    vec2 knot = (0.25 + 0.85 * swing) * (1.0 + 0.2 * punch) * mat2(cos(turn), sin(turn), -sin(turn), cos(turn)) * vec2(l, r) * 0.62;
    return mix(line, knot, form);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    if (PASSINDEX == 1) {
        vec3 heat = IMG_NORM_PIXEL(glass, isf_FragNormCoord).rgb;
        vec2 grid = abs(fract(p * 10.0 + 0.5) - 0.5);
        float lines = exp2(-60.0 * min(grid.x, grid.y));
        vec3 c = heat * (0.6 + 0.9 * glow + 0.4 * punch) + colour_at(0.55 + hue) * (lines * 0.05 + 0.025) * (0.5 + glow);
        gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
        return;
    }
    float dt = min(TIMEDELTA, 0.1);
    vec3 old = IMG_THIS_PIXEL(glass).rgb;
    vec3 keep = exp2(-dt * mix(9.0, 2.2, afterglow) * vec3(1.0, 1.15, 0.85));
    vec2 a = beam(0.0);
    float near = 9.0, along = 0.0;
    for (int i = 1; i < 31; i++) {
        float s = float(i) / 30.0 * 0.42;
        vec2 b = beam(s);
        vec2 pa = p - a, ba = b - a;
        float h = clamp(dot(pa, ba) / max(dot(ba, ba), 1.0e-6), 0.0, 1.0);
        float d = length(pa - ba * h);
        along = d < near ? s : along;
        near = min(near, d);
        a = b;
    }
    float hair = 0.0026 + 0.002 * punch;
    float line = hair / (near + hair);
    vec3 fresh = colour_at(0.08 + 0.3 * along + hue) * (line * line * (1.1 + 1.2 * punch) + 0.10 * exp2(-26.0 * near));
    gl_FragColor = vec4(min(max(max(old * keep - 0.02 * dt, 0.0), fresh), vec3(2.0)), 1.0);
}
