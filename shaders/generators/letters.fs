/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Type as a moving wall: one word, set large, cut into slices that slide with the music.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Type", "Pattern"],
  "INPUTS": [
    {"NAME": "word", "LABEL": "Word", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4, 5, 6, 7], "LABELS": ["LIGHT", "SOUND", "AGAIN", "NIGHT", "DANCE", "HOME", "NOW", "LOVE"], "DEFAULT": 0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "rows", "LABEL": "Rows of words", "TYPE": "float", "MIN": 1.0, "MAX": 8.0, "DEFAULT": 3.0},
    {"NAME": "slices", "LABEL": "Slices", "TYPE": "float", "MIN": 1.0, "MAX": 24.0, "DEFAULT": 9.0},
    {"NAME": "slip", "LABEL": "How far slices slip", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
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

// Letters of 5 x 7 dots, a row of five bits each, from the top; found by their place in the alphabet.
float bits(float a, float b, float row, float column) {
    float v = row < 3.5 ? floor(a / exp2(5.0 * (3.0 - row))) : floor(b / exp2(5.0 * (6.0 - row)));
    return mod(floor(mod(v, 32.0) / exp2(4.0 - column)), 2.0);
}

vec2 glyph(int k) {
    if (k == 0) { return vec2(476735.0, 17969.0); }
    if (k == 2) { return vec2(476688.0, 16942.0); }
    if (k == 3) { return vec2(1001009.0, 17982.0); }
    if (k == 4) { return vec2(1032734.0, 16927.0); }
    if (k == 6) { return vec2(476691.0, 17967.0); }
    if (k == 7) { return vec2(575039.0, 17969.0); }
    if (k == 8) { return vec2(462980.0, 4238.0); }
    if (k == 11) { return vec2(541200.0, 16927.0); }
    if (k == 12) { return vec2(585393.0, 17969.0); }
    if (k == 13) { return vec2(583347.0, 17969.0); }
    if (k == 14) { return vec2(476721.0, 17966.0); }
    if (k == 18) { return vec2(508430.0, 1086.0); }
    if (k == 19) { return vec2(1020036.0, 4228.0); }
    if (k == 20) { return vec2(575025.0, 17966.0); }
    if (k == 21) { return vec2(575025.0, 17732.0); }
    return vec2(575029.0, 22385.0);
}

int letter(int w, int i) {
    if (w == 0) { return i == 0 ? 11 : i == 1 ? 8 : i == 2 ? 6 : i == 3 ? 7 : 19; }
    if (w == 1) { return i == 0 ? 18 : i == 1 ? 14 : i == 2 ? 20 : i == 3 ? 13 : 3; }
    if (w == 2) { return i == 0 ? 0 : i == 1 ? 6 : i == 2 ? 0 : i == 3 ? 8 : 13; }
    if (w == 3) { return i == 0 ? 13 : i == 1 ? 8 : i == 2 ? 6 : i == 3 ? 7 : 19; }
    if (w == 4) { return i == 0 ? 3 : i == 1 ? 0 : i == 2 ? 13 : i == 3 ? 2 : 4; }
    if (w == 5) { return i == 0 ? 7 : i == 1 ? 14 : i == 2 ? 12 : 4; }
    if (w == 6) { return i == 0 ? 13 : i == 1 ? 14 : 22; }
    return i == 0 ? 11 : i == 1 ? 14 : i == 2 ? 21 : 4;
}

float chance(float x) { return fract(sin(x * 127.1) * 43758.5453); }

void main() {
    vec2 p = isf_FragNormCoord;
    float t = TIME * speed * 0.25 + travel * 0.2;
    float count = word == 6 ? 3.0 : word == 5 || word == 7 ? 4.0 : 5.0;
    float n = floor(rows + 0.5);
    float row = floor(p.y * n), y = fract(p.y * n);
    float slice = floor(p.y * n * floor(slices + 0.5));
    float beat = floor(t * 2.0);
    float slide = slip * (chance(slice + beat * 7.0) - 0.5) * (0.25 + 0.5 * punch) * smoothstep(0.0, 0.4, abs(sin(t * 3.0 + slice)));
    float dir = mod(row, 2.0) < 0.5 ? 1.0 : -1.0;
    // One letter is six dots wide with its gap; words follow one another with two dots between.
    float high = RENDERSIZE.y / n;
    float dots = p.x * RENDERSIZE.x / high * 9.0 + dir * t * 6.0 + slide * 9.0 + row * 7.0;
    float wide = count * 6.0 + 2.0;
    float x = mod(dots, wide), no = floor(dots / wide);
    int i = int(floor(x / 6.0));
    vec2 cell = vec2(mod(x, 6.0), (1.0 - y) * 9.0 - 1.0);
    vec2 g = glyph(letter(word, i));
    vec2 d = floor(cell);
    float inside = step(x, count * 6.0) * step(0.0, d.y) * step(d.y, 6.0) * step(d.x, 4.0);
    float ink = inside * bits(g.x, g.y, clamp(d.y, 0.0, 6.0), clamp(d.x, 0.0, 4.0));
    vec2 f = fract(cell) - 0.5;
    float lamp = 1.0 - smoothstep(0.34, 0.5, max(abs(f.x), abs(f.y)));
    float sweep = 0.5 + 0.5 * sin(p.x * 5.0 - t * 5.0 + row * 1.3 + no);
    vec3 c = colour_at(0.06 + 0.25 * sweep + 0.09 * row + hue) * ink * lamp * (0.6 + 1.1 * sweep * sweep) * (0.8 + 1.1 * glow + 1.0 * punch);
    c += colour_at(0.55 + 0.1 * row + hue) * (1.0 - ink) * lamp * 0.05 * (0.5 + glow + sweep);
    gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
}
