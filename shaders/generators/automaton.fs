/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A world of squares that eat one another in a ring: spirals form, turn and swallow each other (the cyclic cellular automaton).",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Growth", "Digital", "Feedback"],
  "INPUTS": [
    {"NAME": "pace", "LABEL": "Generations a second", "TYPE": "float", "MIN": 1.0, "MAX": 30.0, "DEFAULT": 12.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "cells", "LABEL": "Cells from top to bottom", "TYPE": "float", "MIN": 30.0, "MAX": 160.0, "DEFAULT": 90.0},
    {"NAME": "states", "LABEL": "States in the ring", "TYPE": "float", "MIN": 3.0, "MAX": 12.0, "DEFAULT": 4.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 3}
  ],
  "PASSES": [
    {"TARGET": "world", "PERSISTENT": true, "FLOAT": true},
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

float chance(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

float at(vec2 uv) { return floor(IMG_NORM_PIXEL(world, fract(uv)).r * 16.0 + 0.5); }

void main() {
    float n = floor(min(cells, RENDERSIZE.y * 0.5)), ring = floor(states + 0.5);
    float wide = floor(n * RENDERSIZE.x / RENDERSIZE.y);
    vec2 grid = vec2(wide, n);
    vec2 cell = floor(isf_FragNormCoord * grid);
    vec2 uv = (cell + 0.5) / grid, e = 1.0 / grid;
    float own = mod(at(uv), ring);
    // Few states need several eaters, or the world boils; many need but one, or it freezes.
    float hunger = ring < 4.5 ? 3.0 : ring < 6.5 ? 2.0 : 1.0;
    float clock = TIME * pace + travel * 8.0;
    float before = (TIME - TIMEDELTA) * pace + travel * 8.0;
    if (PASSINDEX == 0) {
        if (FRAMEINDEX == 0) {
            own = floor(chance(cell) * ring);
        } else if (floor(clock) > floor(before)) {
            float next = mod(own + 1.0, ring);
            float eaten = 0.0;
            for (int j = 0; j < 3; j++) {
                for (int i = 0; i < 3; i++) {
                    vec2 o = vec2(float(i) - 1.0, float(j) - 1.0);
                    eaten += step(abs(mod(at(uv + o * e), ring) - next), 0.25);
                }
            }
            own = eaten >= hunger ? next : own;
            // A hit throws dice into a disc, and a few strays keep the world from falling asleep.
            vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
            float stray = step(0.9996, chance(cell + fract(clock * 0.137)));
            float struck = step(length(p), 0.16) * step(0.6, punch) * step(0.5, chance(cell + floor(clock) * 0.01));
            own = stray + struck > 0.5 ? floor(chance(cell * 1.3 + floor(clock) * 0.017) * ring) : own;
        }
        // Beside the state, its slow memory: what flickers glows evenly, what waits shows its colour.
        float slow = mix(IMG_NORM_PIXEL(world, uv).g, own / ring, min(TIMEDELTA, 0.1) * 7.0);
        gl_FragColor = vec4(own / 16.0, slow, 0.0, 1.0);
        return;
    }
    vec2 f = fract(isf_FragNormCoord * grid) - 0.5;
    float round_of = 1.0 - smoothstep(0.36, 0.52, max(abs(f.x), abs(f.y)));
    float edge = step(0.5, abs(own - mod(at(uv + vec2(e.x, 0.0)), ring))) + step(0.5, abs(own - mod(at(uv + vec2(0.0, e.y)), ring)));
    float share = clamp(IMG_NORM_PIXEL(world, uv).g, 0.0, 1.0), fresh = own / ring;
    vec3 c = colour_at(0.05 + 0.75 * share + hue) * (0.06 + 1.3 * share * share) * (0.35 + 0.65 * round_of) * (1.0 + 1.3 * glow + 0.7 * punch);
    c += colour_at(0.3 + fresh + hue) * min(edge, 1.0) * round_of * (0.08 + 0.25 * glow + 0.7 * punch);
    gl_FragColor = vec4(1.0 - exp2(-1.8 * c), 1.0);
}
