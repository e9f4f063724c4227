/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A soft animal of folded skin floats in the dark; its body swells with the low end and its skin lights up on a hit.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Organic", "Space"],
  "INPUTS": [
    {"NAME": "swell", "LABEL": "Size of the folds", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "nearness", "LABEL": "Nearness", "TYPE": "float", "MIN": 0.5, "MAX": 2.0, "DEFAULT": 1.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2}
  ]
}*/

// Cost: the body is found by marching a ray for every pixel, and its skin is lit from three more looks.

vec3 colour_at(float t) {
    vec3 base = vec3(0.52, 0.24, 0.22), swing = vec3(0.48, 0.26, 0.18), phase = vec3(0.0, 0.06, 0.45);
    if (palette == 1) { base = vec3(0.17, 0.36, 0.46); swing = vec3(0.21, 0.34, 0.42); phase = vec3(0.50, 0.08, 0.0); }
    if (palette == 2) { base = vec3(0.50, 0.20, 0.46); swing = vec3(0.44, 0.24, 0.36); phase = vec3(0.0, 0.92, 0.70); }
    if (palette == 3) { base = vec3(0.20, 0.42, 0.46); swing = vec3(0.18, 0.38, 0.36); phase = vec3(0.62, 0.0, 0.16); }
    if (palette == 4) { base = vec3(0.44, 0.43, 0.45); swing = vec3(0.44, 0.41, 0.37); phase = vec3(0.0, 0.02, 0.05); }
    return base + swing * cos(6.2832 * (t + phase));
}

// Signed distance to the animal: a ball whose skin is folded by three octaves of crossed waves, each bent by the last.
float body(vec3 p, float t, float deep) {
    vec3 a = sin(p.yzx * 2.3 + vec3(t, t * 0.8, -t * 0.6));
    vec3 b = sin(p.zxy * 4.6 + a * 1.7 + vec3(-t * 0.7, t, t * 0.9));
    vec3 c = sin(p.yzx * 9.5 + b * 1.9);
    float fold = (a.x * a.y + a.z * 0.7) * 0.45 + (b.x * b.y + b.z * 0.6) * 0.24 + (c.x + c.y * c.z) * 0.075;
    return (length(p) - 1.0 - deep * fold) * 0.55;
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed * 0.8 + travel * 0.7;
    float deep = 0.34 + 0.42 * swell + 0.14 * punch;
    vec3 eye = vec3(0.0, 0.0, -3.1 / nearness);
    vec3 ray = normalize(vec3(p, 1.05));
    float turn = t * 0.23;
    mat2 spin = mat2(cos(turn), sin(turn), -sin(turn), cos(turn));
    float away = 1.0e3;
    float d = 0.0;
    // Step in at the ball that holds the whole animal; rays that miss it stay dark and cost next to nothing.
    float along = -dot(eye, ray);
    float hold = 1.10 + deep;
    float inside = hold * hold - dot(eye, eye) + along * along;
    vec3 c = vec3(0.0);
    if (inside > 0.0) {
        d = along - sqrt(inside);
        vec3 q = eye;
        float s = 1.0;
        for (int i = 0; i < 36; i++) {
            q = eye + ray * d;
            q.xz = spin * q.xz;
            s = body(q, t, deep);
            away = min(away, s);
            if (s < 0.006) break;
            d += s;
        }
        if (s < 0.03) {
            vec2 e = vec2(0.02, 0.0);
            vec3 n = normalize(vec3(body(q + e.xyy, t, deep), body(q + e.yxy, t, deep), body(q + e.yyx, t, deep)) - s);
            vec3 side = vec3(-0.55, 0.65, -0.52);
            vec3 look = ray;
            side.xz = spin * side.xz;
            look.xz = spin * look.xz;
            float key = 0.5 + 0.5 * dot(n, side);
            float rim = 1.0 + dot(n, look);
            float fold = clamp((length(q) - 0.70) * 1.1, 0.0, 1.0);
            // Valleys are warm, crests cold: the palette runs along the depth of the folds and turns with the skin.
            vec3 skin = colour_at(0.80 * fold + 0.22 * n.y - 0.10 * n.x + hue - 0.12);
            skin = max(mix(vec3(dot(skin, vec3(0.30, 0.58, 0.12))), skin, 1.3), 0.0);
            c = skin * (0.05 + 0.80 * key * key) * (0.22 + 1.0 * fold);
            c += colour_at(0.50 + 0.55 * fold + 0.2 * n.y + hue) * rim * rim * (0.55 + 0.8 * glow + 0.7 * punch);
            float shine = max(dot(reflect(look, n), side), 0.0);
            shine *= shine; shine *= shine; shine *= shine; shine *= shine;
            c += vec3(1.0, 0.92, 0.85) * shine * (0.22 + 0.3 * punch);
            // Thin lines of light run along the folds, as contours on a map.
            float contour = abs(fract(fold * 11.0 - t * 0.25) - 0.5) * 2.0;
            contour = contour * contour; contour = contour * contour; contour = contour * contour;
            c += colour_at(0.30 + 0.9 * fold + hue) * contour * (0.10 + 0.25 * glow + 0.8 * punch) * (0.3 + key);
            // Light from within shows where the folds are deepest.
            float heart = 1.0 - clamp(fold * 2.2, 0.0, 1.0);
            c += colour_at(0.96 + hue) * heart * heart * (0.10 + 0.5 * glow + 0.4 * punch);
        }
    }
    float r2 = dot(p, p);
    float halo = exp2(-5.0 * max(away, 0.0)) * clamp(inside * 1.2, 0.0, 1.0);
    c += colour_at(0.45 + hue) * halo * halo * (0.05 + 0.22 * glow + 0.35 * punch);
    c += colour_at(0.55 + 0.15 * p.y + hue) * (0.04 + 0.05 * glow + 0.08 * punch) / (0.35 + r2 * 3.0);
    c *= 0.75 + 0.8 * glow;
    // A soft shoulder: light piles up towards white and never clips.
    c = 1.0 - exp2(-1.75 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
