/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A floor of turned tiles whose arcs join into endless loops; light runs along them.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Pattern", "Lines", "Order"],
  "INPUTS": [
    {"NAME": "disorder", "LABEL": "From order to disorder", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "tiles", "LABEL": "Tiles from top to bottom", "TYPE": "float", "MIN": 3.0, "MAX": 20.0, "DEFAULT": 8.0},
    {"NAME": "width", "LABEL": "Width of the loops", "TYPE": "float", "MIN": 0.05, "MAX": 0.45, "DEFAULT": 0.2},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2}
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
    float t = TIME * speed * 0.5 + travel * 0.5;
    float a = 0.3 * sin(t * 0.13);
    p = mat2(cos(a), sin(a), -sin(a), cos(a)) * p * floor(tiles + 0.5) + vec2(t * 0.15, 0.0);
    vec2 cell = floor(p), f = fract(p) - 0.5;
    // Each tile turns over once in a while, at its own time.
    float turn_no = floor(t * 0.22 + chance(cell + 3.0) * 4.0);
    float luck = chance(cell + turn_no * 17.0);
    float flip = luck < 0.5 * disorder + (mod(cell.x + cell.y, 2.0) < 0.5 ? 0.0 : 1.0 - disorder) ? -1.0 : 1.0;
    f.x *= flip;
    vec2 q = f.x + f.y > 0.0 ? f - 0.5 : f + 0.5;
    float r = length(q), d = abs(r - 0.5);
    float around = atan(q.y, q.x) / 6.2832;
    float checks = mod(cell.x + cell.y, 2.0) < 0.5 ? 1.0 : -1.0;
    float soft = 0.01 + tiles / RENDERSIZE.y;
    float body = 1.0 - smoothstep(0.5 * width - soft, 0.5 * width + soft, d);
    float edge = exp2(-70.0 * abs(d - 0.5 * width));
    // A light runs along the arcs; both halves of a tile run the same way round.
    float run = fract(around * 4.0 * checks * flip - t * 0.9 + luck * 0.0);
    float lamp = exp2(-7.0 * run) * body;
    float tube = sqrt(max(1.0 - pow(d / (0.5 * width), 2.0), 0.0));
    vec3 c = colour_at(0.08 + 0.12 * luck + 0.08 * sin(cell.x * 0.5 + t) + hue) * body * (0.10 + 0.45 * tube) * (0.6 + 0.8 * glow);
    c += colour_at(0.30 + 0.2 * luck + hue) * edge * (0.25 + 0.6 * glow + 0.6 * punch);
    c += colour_at(0.55 + 0.3 * luck + hue) * lamp * (1.2 + 1.8 * glow + 2.2 * punch);
    c += colour_at(0.7 + hue) * 0.035 * (1.0 + glow) * (1.0 - body);
    gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
}
