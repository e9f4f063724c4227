/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Flight through a folded fractal: halls within halls, lit from the far end.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Fractal", "Space"],
  "INPUTS": [
    {"NAME": "fold", "LABEL": "How it is folded", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "fog", "LABEL": "Fog", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "roll", "LABEL": "Roll of the camera", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 0}
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

// Cost: a ray is marched through the folds for every pixel, 30 steps of 4 folds; there is no cheaper way in.

// Distance to a folded box (a Mandelbox of few steps), and how near the folds came (y).
vec2 temple(vec3 p) {
    // The nave: a free way along the middle, so that the flight never ends in a wall.
    float nave = 0.62 - length(p.xy);
    p = mod(p + 2.0, 4.0) - 2.0;
    float scale = 1.0, trap = 9.0;
    float s = mix(1.95, 2.45, fold) + 0.05 * punch;
    vec3 q = p;
    for (int i = 0; i < 4; i++) {
        q = clamp(q, -1.0, 1.0) * 2.0 - q;
        float k = clamp(1.0 / max(dot(q, q), 0.30), 1.0, 3.3);
        q = q * k * s + p * 0.85;
        scale = scale * k * s + 0.85;
        trap = min(trap, abs(q.x) / scale * 3.0 + 0.25 * abs(q.y) / scale);
    }
    return vec2(max((length(q) - 2.2) / scale, nave), trap);
}

void main() {
    vec2 uv = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed * 0.22 + travel * 0.2;
    float a = roll * 0.6 * sin(t * 0.8);
    uv = mat2(cos(a), sin(a), -sin(a), cos(a)) * uv;
    vec3 from = vec3(0.22 * sin(t * 0.6), 0.2 * cos(t * 0.5), t);
    vec3 way = normalize(vec3(uv * (1.25 - 0.2 * punch), 1.0));
    float b = 0.35 * sin(t * 0.37);
    way.xz = mat2(cos(b), sin(b), -sin(b), cos(b)) * way.xz;
    float far = 0.12, near = 9.0, steps = 0.0, trap = 1.0;
    for (int i = 0; i < 30; i++) {
        vec2 d = temple(from + way * far);
        if (d.x > 0.0030 * far && far < 6.0) {
            far += d.x * 0.92;
            steps += 1.0;
        }
        trap = min(trap, d.y + 0.02);
        near = min(near, d.x / far);
    }
    float hazy = exp2(-far * mix(0.35, 1.4, fog));
    float crowded = steps / 30.0;
    vec3 at = from + way * far;
    vec2 e = vec2(0.010 * (1.0 + far), 0.0);
    float here = temple(at).x;
    vec3 normal = normalize(vec3(temple(at + e.xyy).x, temple(at + e.yxy).x, temple(at + e.yyx).x) - here + 1.0e-6);
    // A lamp goes ahead of the camera and lights what it passes; many steps mean crevices, which stay dark.
    vec3 lamp = from + vec3(0.25 * sin(t * 1.7), 0.25 * cos(t * 1.3), 1.1) - at;
    float near_lamp = 1.0 / (0.35 + 0.9 * dot(lamp, lamp));
    float soft = max(dot(normal, normalize(lamp)), 0.0);
    float gloss = pow(max(dot(reflect(way, normal), normalize(lamp)), 0.0), 24.0);
    float open_sky = (1.0 - 0.8 * crowded) * (0.45 + 0.55 * smoothstep(0.0, 0.3, trap));
    vec3 stone = colour_at(0.05 + 0.25 * far + 0.35 * trap + hue);
    vec3 c = stone * (soft * near_lamp * 2.2 + 0.05) * open_sky * hazy * (0.7 + 1.0 * glow + 0.7 * punch);
    c += colour_at(0.15 + hue) * gloss * near_lamp * (0.4 + 0.8 * glow + punch) * hazy;
    c += colour_at(0.45 + 0.2 * far + hue) * exp2(-60.0 * trap) * hazy * (0.05 + 0.25 * glow + 0.8 * punch);
    c += colour_at(0.02 + hue) * (1.0 - hazy) * (0.12 + 0.35 * glow + 0.4 * punch) * exp2(-3.0 * length(uv));
    gl_FragColor = vec4(1.0 - exp2(-2.1 * c), 1.0);
}
