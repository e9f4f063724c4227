/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A throat of lit ribs: flight down a twisting tunnel whose walls carry bars of light that answer the low end.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Geometry", "Space"],
  "INPUTS": [
    {"NAME": "twist", "LABEL": "Twist", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "sides", "LABEL": "Bars around", "TYPE": "float", "MIN": 3.0, "MAX": 24.0, "DEFAULT": 9.0},
    {"NAME": "sway", "LABEL": "Sway of the end", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
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

// Light of a thin wire seen from `gap` away: bright in its middle, with a soft skirt.
float wire(float gap, float thin) {
    float line = thin / (gap + thin);
    return line * line;
}

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float t = TIME * speed;
    float way = t * 0.9 + travel * 1.2;
    // The far end sways and the mouth stays: the centre moves with depth.
    vec2 end = sway * 0.26 * vec2(sin(t * 0.41), cos(t * 0.33 + 0.7));
    vec2 q = p - end * clamp(1.0 - 1.1 * length(p), 0.0, 1.0);
    float around = atan(q.y, q.x) / 6.2832;
    float n = floor(sides + 0.5);
    float r2 = dot(q, q);
    // The throat is not round: it bulges with its own depth, which makes walls of what would be circles.
    float flat_depth = 0.40 / (sqrt(r2) + 0.02);
    float bulge = 1.0 + 0.16 * sin(6.2832 * around * 3.0 + flat_depth * 0.8 + way * 0.5) + 0.10 * punch * sin(flat_depth * 3.0 - way * 3.0);
    float depth = flat_depth * bulge;
    float turned = around * n + twist * (depth * 1.1 + 0.4 * sin(way * 0.3));
    float along = depth * 1.9 + way;
    float fog = exp2(-0.50 * depth);
    // Lines keep their width on the screen by growing with depth, as far as the next line allows.
    float thin = 0.022 + 0.022 * depth + 0.02 * punch;
    float gap = 0.5 - abs(fract(along) - 0.5);
    float ring = wire(gap, thin);
    float bar = wire(0.5 - abs(fract(turned) - 0.5), thin * 0.7);
    float slab = mod(floor(along), 61.0);
    float plate = fract((slab * 5.0 + mod(floor(turned), n) * 3.0) * 0.381966);
    float pulse = 0.5 + 0.5 * sin(slab * 1.03 - t * 2.2);
    float lamp = fract(plate * 3.7 + slab * 0.618034);
    lamp = lamp * lamp * lamp * lamp;
    float across = abs(fract(turned) - 0.5) * 2.0;
    // The rings light the wall beside them; a few plates are lamps of their own.
    float skirt = exp2(-9.0 * gap) * (1.0 - 0.6 * across * across);
    float body = (1.0 - across * across) * smoothstep(0.0, 0.35, gap);
    vec3 c = colour_at(0.06 * depth + hue) * ring * (0.45 + 0.9 * pulse + 0.9 * punch);
    c += colour_at(0.12 + 0.30 * plate + 0.06 * depth + hue) * skirt * (0.20 + 0.55 * pulse + 0.6 * punch);
    c += colour_at(0.36 + 0.05 * depth + hue) * bar * (0.30 + 0.5 * punch);
    c += colour_at(0.10 - 0.35 * plate + 0.03 * depth + hue) * body * (0.05 + 1.3 * lamp * (0.3 + pulse + punch));
    c = max(mix(vec3(dot(c, vec3(0.30, 0.58, 0.12))), c, 1.30), 0.0);
    c *= fog * (1.6 + 0.8 * punch);
    float heart = 0.012 / (r2 + 0.008);
    c += colour_at(0.04 + hue) * heart * (0.10 + 0.55 * glow + 0.7 * punch);
    c *= 0.85 + 1.1 * glow;
    // A soft shoulder: light piles up towards white and never clips.
    c = 1.0 - exp2(-1.75 * c);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
