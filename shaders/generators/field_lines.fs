/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Lines of force between wandering charges: every line ends where another begins.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Lines", "Physics"],
  "INPUTS": [
    {"NAME": "charges", "LABEL": "Charges", "TYPE": "float", "MIN": 2.0, "MAX": 7.0, "DEFAULT": 5.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "lines", "LABEL": "Lines to a charge", "TYPE": "float", "MIN": 4.0, "MAX": 24.0, "DEFAULT": 12.0},
    {"NAME": "levels", "LABEL": "Lines of equal potential", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 1}
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

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed * 0.3 + travel * 0.25;
    float n = floor(charges + 0.5);
    float flux = 0.0, level = 0.0, heart = 0.0, warm = 0.0;
    vec2 field = vec2(0.0);
    for (int i = 0; i < 7; i++) {
        float k = float(i);
        float on = step(k + 0.5, n);
        float sign_of = mod(k, 2.0) < 0.5 ? 1.0 : -1.0;
        vec2 at = vec2(0.62 * sin(t * (0.31 + 0.07 * k) + k * 2.4), 0.36 * cos(t * (0.37 + 0.05 * k) + k * 1.7));
        vec2 d = p - at;
        float r2 = dot(d, d) + 2.0e-4;
        // In the plane the stream function of a charge is its angle: its level lines are the lines of force.
        flux += on * sign_of * atan(d.y, d.x);
        level += on * sign_of * 0.5 * log2(r2);
        field += on * sign_of * d / r2;
        heart += on * (0.0012 + 0.004 * punch) / r2;
        warm += on * sign_of * exp2(-14.0 * r2);
    }
    float strength = length(field);
    float part = flux * floor(lines + 0.5) / 6.2832;
    float wide = 0.5 - abs(fract(part) - 0.5);
    // The distance on the screen is the distance in phase over the field: lines keep their width.
    float gap = wide / max(strength * floor(lines + 0.5) / 6.2832, 0.5);
    float hair = 0.0022 + 0.002 * punch;
    float line = hair / (gap + hair);
    float ring_gap = (0.5 - abs(fract(level * 1.6 - t * 0.6) - 0.5)) / max(strength * 2.3, 0.5);
    float ring = levels * hair / (ring_gap + hair);
    float fade = clamp(strength * 0.16, 0.08, 1.0);
    vec3 c = colour_at(0.10 + 0.30 * warm + 0.05 * level + hue) * line * line * (0.5 + 0.8 * glow + punch) * (0.4 + fade);
    c += colour_at(0.55 + 0.3 * warm + hue) * ring * ring * 0.5 * (0.4 + 0.8 * glow);
    c += colour_at(0.05 + 0.25 * warm + hue) * heart * (0.5 + glow + punch);
    c += colour_at(0.3 + 0.3 * warm + hue) * 0.07 * fade * (0.3 + glow);
    gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
}
