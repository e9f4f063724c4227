/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Rows of nested squares, drawn by a plotter that loses its patience: order at one end, disorder at the other.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Pattern", "Lines", "Order"],
  "INPUTS": [
    {"NAME": "disorder", "LABEL": "Disorder", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "columns", "LABEL": "Squares from top to bottom", "TYPE": "float", "MIN": 2.0, "MAX": 14.0, "DEFAULT": 6.0},
    {"NAME": "nested", "LABEL": "Squares in a square", "TYPE": "float", "MIN": 1.0, "MAX": 8.0, "DEFAULT": 5.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 4}
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

float chance(vec2 p) { return fract(sin(dot(p, vec2(41.3, 289.1))) * 43758.5453); }

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed * 0.4 + travel * 0.4;
    float n = floor(columns + 0.5);
    vec2 g = p * n;
    vec2 cell = floor(g), f = fract(g) - 0.5;
    // Disorder grows from the left to the right, and comes and goes in waves.
    float far = clamp(0.5 + p.x * 0.55 + 0.35 * sin(t * 0.5 + cell.y * 0.4), 0.0, 1.2);
    float loose = disorder * far * (1.0 + 0.8 * punch);
    float line = 0.0, tone = 0.0;
    for (int i = 0; i < 8; i++) {
        float k = float(i);
        float on = step(k + 0.5, floor(nested + 0.5));
        vec2 luck = vec2(chance(cell + k * 7.1), chance(cell.yx + k * 3.7)) - 0.5;
        float turn = (luck.x * 1.7 + 0.25 * sin(t + k + cell.x)) * loose;
        vec2 q = f - luck * 0.22 * loose;
        q = mat2(cos(turn), sin(turn), -sin(turn), cos(turn)) * q;
        float half_side = 0.45 * (1.0 - k / floor(nested + 0.5)) * (1.0 + 0.2 * luck.y * loose);
        float d = abs(max(abs(q.x), abs(q.y)) - half_side);
        float hair = (0.55 + 0.5 * punch) * n / RENDERSIZE.y * max(RENDERSIZE.y / 700.0, 1.0);
        float pen = on * (hair / (d + hair));
        pen *= pen;
        line += pen;
        tone += pen * (k * 0.09 + luck.x * 0.3);
    }
    float base = tone / max(line, 0.05);
    vec3 c = colour_at(0.08 + base + 0.15 * far + hue) * line * (0.9 + 1.2 * glow + 1.1 * punch);
    float wash = exp2(-3.0 * dot(f, f)) * (0.5 + 0.5 * sin(t + chance(cell) * 6.28));
    c += colour_at(0.5 + 0.3 * chance(cell) + hue) * wash * 0.22 * (0.3 + glow + punch);
    gl_FragColor = vec4(1.0 - exp2(-1.9 * c), 1.0);
}
