/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Two dissolved salts feed on each other and grow into corals, worms and dividing cells (the Gray-Scott rule).",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Growth", "Feedback"],
  "INPUTS": [
    {"NAME": "feed", "LABEL": "Feed", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "kill", "LABEL": "Kill", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "relief", "LABEL": "Relief", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2}
  ],
  "PASSES": [
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
    {"TARGET": "dish", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/3", "HEIGHT": "$HEIGHT/3"},
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

vec2 grown(vec2 at) {
    vec2 e = 1.0 / IMG_SIZE(dish);
    vec2 c = IMG_NORM_PIXEL(dish, at).rg;
    vec2 sides = IMG_NORM_PIXEL(dish, at + vec2(e.x, 0.0)).rg + IMG_NORM_PIXEL(dish, at - vec2(e.x, 0.0)).rg
        + IMG_NORM_PIXEL(dish, at + vec2(0.0, e.y)).rg + IMG_NORM_PIXEL(dish, at - vec2(0.0, e.y)).rg;
    vec2 corners = IMG_NORM_PIXEL(dish, at + e).rg + IMG_NORM_PIXEL(dish, at - e).rg
        + IMG_NORM_PIXEL(dish, at + vec2(e.x, -e.y)).rg + IMG_NORM_PIXEL(dish, at + vec2(-e.x, e.y)).rg;
    vec2 spread = sides * 0.2 + corners * 0.05 - c;
    // Pearson's map: feed and kill run along its living valley.
    float f = mix(0.022, 0.058, feed) + 0.006 * punch;
    float k = mix(0.0585, 0.0640, kill) + (f - 0.04) * 0.05;
    float react = c.r * c.g * c.g;
    return clamp(c + vec2(1.0 * spread.r - react + f * (1.0 - c.r), 0.5 * spread.g + react - (k + f) * c.g), 0.0, 1.0);
}

void main() {
    vec2 at = isf_FragNormCoord;
    if (PASSINDEX < 6) {
        vec2 state = grown(at);
        float t = TIME * speed * 0.3 + travel * 0.2;
        vec2 p = (at - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
        if (FRAMEINDEX == 0 && PASSINDEX == 0) {
            vec2 cell = floor(at * vec2(13.0, 7.0));
            float seed = step(0.35, chance(cell)) * step(length(fract(at * vec2(13.0, 7.0)) - 0.5), 0.3 + 0.15 * chance(cell + 9.0));
            state = vec2(1.0 - 0.5 * seed, 0.5 * seed);
        }
        // A wandering pen plants new salt, so that the dish is never empty for long.
        vec2 pen = 0.36 * vec2(sin(t * 1.7) * RENDERSIZE.x / RENDERSIZE.y, cos(t * 2.3));
        state.g = max(state.g, 0.5 * step(length(p - pen), 0.012 + 0.03 * punch));
        gl_FragColor = vec4(state, 0.0, 1.0);
        return;
    }
    float v = IMG_NORM_PIXEL(dish, at).g;
    vec2 e = 1.3 / IMG_SIZE(dish);
    vec2 slope = vec2(IMG_NORM_PIXEL(dish, at + vec2(e.x, 0.0)).g - IMG_NORM_PIXEL(dish, at - vec2(e.x, 0.0)).g,
        IMG_NORM_PIXEL(dish, at + vec2(0.0, e.y)).g - IMG_NORM_PIXEL(dish, at - vec2(0.0, e.y)).g);
    vec3 normal = normalize(vec3(-slope * 9.0 * relief, 1.0));
    float light = max(dot(normal, normalize(vec3(-0.5, 0.6, 0.65))), 0.0);
    float body = smoothstep(0.06, 0.28, v);
    vec3 c = mix(colour_at(0.62 + 0.3 * v + hue) * 0.16, colour_at(0.05 + 1.1 * v + hue), body);
    c *= (0.2 + 0.9 * light) * (0.55 + 0.85 * glow + 0.5 * punch);
    c += colour_at(0.15 + hue) * pow(light, 22.0) * body * (0.2 + 0.6 * glow + punch);
    c += colour_at(0.35 + hue) * smoothstep(0.02, 0.1, v) * (1.0 - body) * 0.3 * (glow + punch);
    gl_FragColor = vec4(1.0 - exp2(-1.9 * c), 1.0);
}
