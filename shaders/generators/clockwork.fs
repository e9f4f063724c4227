/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A dial of light for the bar: a hand of glass blades goes round once a bar with its glow behind it, petals open on every beat and send a ring out.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Rhythm", "Geometry"],
  "INPUTS": [
    {"NAME": "sweep", "LABEL": "Place of the hand", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "punch", "LABEL": "Punch on a beat", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "tail", "LABEL": "Length of the glow behind the hand", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "blades", "LABEL": "Blades of the dial", "TYPE": "float", "MIN": 4.0, "MAX": 64.0, "DEFAULT": 16.0},
    {"NAME": "petals", "LABEL": "Petals of the heart", "TYPE": "float", "MIN": 2.0, "MAX": 12.0, "DEFAULT": 5.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 0}
  ]
}*/

const float TURN = 6.2832;

vec3 colour_at(float t) {
    vec3 base = vec3(0.52, 0.24, 0.22), swing_c = vec3(0.48, 0.26, 0.18), phase = vec3(0.0, 0.06, 0.45);
    if (palette == 1) { base = vec3(0.17, 0.36, 0.46); swing_c = vec3(0.21, 0.34, 0.42); phase = vec3(0.50, 0.08, 0.0); }
    if (palette == 2) { base = vec3(0.50, 0.20, 0.46); swing_c = vec3(0.44, 0.24, 0.36); phase = vec3(0.0, 0.92, 0.70); }
    if (palette == 3) { base = vec3(0.20, 0.42, 0.46); swing_c = vec3(0.18, 0.38, 0.36); phase = vec3(0.62, 0.0, 0.16); }
    if (palette == 4) { base = vec3(0.44, 0.43, 0.45); swing_c = vec3(0.44, 0.41, 0.37); phase = vec3(0.0, 0.02, 0.05); }
    return base + swing_c * cos(TURN * (t + phase));
}

// One ring of blades: how much light a place at (radius, part of a turn) gets from it, and how far its blade lies
// behind the hand.
vec2 ring_of(float r, float around, float count, float inner, float outer, float hand, float lean) {
    float place = fract(around + lean * (r - inner)) * count;
    float number = floor(place);
    float across = abs(place - number - 0.5) * 2.0;
    float behind = fract(hand - number / count);
    float lit = exp2(-mix(14.0, 3.0, tail) * behind);
    float blade = smoothstep(0.86, 0.60, across);
    float edge = smoothstep(0.12, 0.0, abs(across - 0.72));
    float reach = mix(inner + 0.35 * (outer - inner), outer, 0.35 + 0.65 * lit);
    float along = smoothstep(inner - 0.004, inner + 0.004, r) * smoothstep(reach + 0.006, reach - 0.006, r);
    float inside = clamp((r - inner) / (outer - inner), 0.0, 1.0);
    float light = along * (blade * (0.10 + lit * (0.40 + 0.60 * inside)) + 0.5 * edge * (0.2 + lit));
    return vec2(light, behind);
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float r = length(p) + 1.0e-4;
    float around = fract(atan(p.x, p.y) / TURN + 1.0);
    float drift = 0.03 * speed * TIME;
    float level = 0.55 + 0.9 * glow;
    // The night behind: a little light of its own, that a beat lifts.
    vec3 c = colour_at(0.56 + 0.25 * r + hue) * (0.05 + 0.06 * punch) * exp2(-2.2 * r);
    // Rays, faint, between dial and edge.
    float rays = 0.5 + 0.5 * cos(TURN * (around - 0.5 * drift) * floor(blades + 0.5) * 0.5);
    c += colour_at(0.30 + hue) * pow(rays, 6.0) * (0.05 + 0.16 * punch) * smoothstep(0.40, 0.85, r) * level;
    // The dial and its echo, leaning the other way.
    float count = floor(blades + 0.5);
    vec2 dial = ring_of(r, around, count, 0.25, 0.40, sweep, 0.22);
    vec2 echo = ring_of(r, around, count * 2.0, 0.42, 0.46, fract(sweep + 0.5), -0.30);
    vec2 far = ring_of(r, around + drift, count, 0.52, 0.98, fract(1.25 - sweep + 10.0 * drift), 0.10);
    c += colour_at(0.02 + 0.30 * dial.y + hue) * dial.x * 1.7 * level;
    c += colour_at(0.45 + hue) * echo.x * 1.1 * level;
    c += colour_at(0.22 + 0.25 * far.y + 0.2 * r + hue) * far.x * (0.32 + 0.40 * punch) * level;
    // The heart: petals that open with the beat.
    float n = floor(petals + 0.5);
    float open = 0.10 + 0.10 * punch;
    float flower = 0.5 + 0.5 * cos(TURN * (around + drift) * n);
    float under = 0.5 + 0.5 * cos(TURN * (around - 1.6 * drift + 0.5 / n) * n);
    float rim = open * (0.55 + 0.45 * flower), rim_under = 1.25 * open * (0.5 + 0.5 * under);
    float wire = 0.0035 / (abs(r - rim) + 0.0035) + 0.6 * 0.0030 / (abs(r - rim_under) + 0.0030);
    c += colour_at(0.10 + 0.5 * r + hue) * wire * wire * (0.5 + 1.0 * punch) * level;
    c += mix(colour_at(0.0 + hue), vec3(1.0), 0.35) * exp2(-mix(60.0, 22.0, punch) * r) * (0.25 + 1.2 * punch) * level;
    // A ring goes out from each beat and cools.
    float out_r = mix(0.58, 0.14, punch * punch);
    float wave = exp2(-90.0 * abs(r - out_r)) * smoothstep(0.02, 0.35, punch);
    c += colour_at(0.16 + hue) * wave * 0.9 * level;
    c = 1.0 - exp(-1.35 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
