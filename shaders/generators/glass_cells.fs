/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Stained glass that lives: panes drift, meet in lead lines and glow from behind.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Cells", "Light"],
  "INPUTS": [
    {"NAME": "facets", "LABEL": "Panes from top to bottom", "TYPE": "float", "MIN": 2.0, "MAX": 14.0, "DEFAULT": 5.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "lead", "LABEL": "Width of the lead", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "bend", "LABEL": "Grain of the glass", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
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

vec2 chance2(vec2 p) {
    return fract(sin(vec2(dot(p, vec2(127.1, 311.7)), dot(p, vec2(269.5, 183.3)))) * 43758.5453);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * facets;
    float t = TIME * speed * 0.35 + travel * 0.3;
    p += bend * 0.10 * vec2(sin(p.y * 3.0 + t), cos(p.x * 3.0 - t));
    vec2 cell = floor(p), f = p - cell;
    vec2 nearest = vec2(0.0), id = vec2(0.0);
    float best = 9.0;
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 3; i++) {
            vec2 o = vec2(float(i) - 1.0, float(j) - 1.0);
            vec2 d = o + 0.5 + 0.38 * sin(t + 6.2832 * chance2(cell + o)) - f;
            float r = dot(d, d);
            if (r < best) { best = r; nearest = d; id = cell + o; }
        }
    }
    // Distance to the seam: the nearest of the planes half-way to the neighbours.
    float seam = 9.0;
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 3; i++) {
            vec2 o = vec2(float(i) - 1.0, float(j) - 1.0);
            vec2 d = o + 0.5 + 0.38 * sin(t + 6.2832 * chance2(cell + o)) - f;
            vec2 gap = d - nearest;
            if (dot(gap, gap) > 1.0e-4) { seam = min(seam, dot(0.5 * (d + nearest), normalize(gap))); }
        }
    }
    vec2 luck = chance2(id + 11.0);
    float soft = facets * 1.2 / RENDERSIZE.y;
    float pane = smoothstep(0.06 * lead - soft, 0.06 * lead + soft, seam);
    float grain = 0.5 + 0.5 * sin(nearest.x * 9.0 * (luck.x - 0.5) + nearest.y * 11.0 + 2.0 * sin(nearest.x * 7.0 + t));
    float lamp = 0.35 + 0.65 * pow(0.5 + 0.5 * sin(t * 1.3 + luck.y * 6.2832), 3.0);
    float hit_pane = step(0.62, luck.x) * punch;
    vec3 c = colour_at(0.10 + 0.55 * luck.x + 0.06 * grain + hue) * pane * (0.22 + 0.55 * lamp + 0.25 * grain * bend) * (0.5 + 0.9 * glow);
    c += colour_at(0.18 + 0.5 * luck.x + hue) * pane * hit_pane * 1.1;
    c += colour_at(0.05 + 0.4 * luck.y + hue) * exp2(-9.0 * sqrt(best)) * pane * lamp * (0.2 + 0.6 * glow + 0.7 * punch);
    c += vec3(0.5, 0.5, 0.55) * exp2(-40.0 * abs(seam - 0.06 * lead)) * 0.10 * (0.4 + glow + punch);
    gl_FragColor = vec4(1.0 - exp2(-2.1 * c), 1.0);
}
