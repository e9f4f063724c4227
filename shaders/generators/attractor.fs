/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A strange attractor draws itself with a pen of light: the orbit of Clifford's map, its form slowly turning.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Chaos", "Feedback"],
  "INPUTS": [
    {"NAME": "form", "LABEL": "Form", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "trail", "LABEL": "How long light stays", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "size", "LABEL": "Size", "TYPE": "float", "MIN": 0.5, "MAX": 1.5, "DEFAULT": 1.0},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 1}
  ],
  "PASSES": [
    {"TARGET": "plate", "PERSISTENT": true, "FLOAT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

// Cost: every pixel follows the orbit for 72 steps, at half the size; there is no other way to draw points in a fragment.

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
    if (PASSINDEX == 1) {
        vec3 light = IMG_NORM_PIXEL(plate, isf_FragNormCoord).rgb;
        vec2 e = 2.2 / RENDERSIZE;
        vec3 mist = 0.25 * (IMG_NORM_PIXEL(plate, isf_FragNormCoord + e).rgb + IMG_NORM_PIXEL(plate, isf_FragNormCoord - e).rgb
            + IMG_NORM_PIXEL(plate, isf_FragNormCoord + vec2(e.x, -e.y)).rgb + IMG_NORM_PIXEL(plate, isf_FragNormCoord + vec2(-e.x, e.y)).rgb);
        float dense = dot(light, vec3(0.4, 0.4, 0.2));
        vec3 c = (0.7 * light + 0.8 * mist) * (0.5 + 0.9 * glow + 0.6 * punch);
        c += colour_at(0.6 + hue) * 0.03 * (0.4 + glow) * exp2(-2.0 * length(p)) + c * dense * 0.6;
        gl_FragColor = vec4(1.0 - exp2(-1.8 * c), 1.0);
        return;
    }
    float dt = min(TIMEDELTA, 0.1);
    vec3 old = IMG_THIS_PIXEL(plate).rgb;
    old = max(old * exp2(-dt * mix(4.0, 0.6, trail)) - 0.01 * dt, 0.0);
    float t = TIME * speed * 0.16 + travel * 0.12;
    vec4 k = vec4(-1.7 + 0.5 * sin(t + 6.2832 * form), 1.5 + 0.35 * cos(t * 0.8 + 3.0 * form), -0.5 + 0.35 * sin(t * 0.7 + 1.0), 0.8 + 0.3 * cos(t * 0.6));
    // Each frame the pen starts from new places, so that dots become veils.
    float seed = fract(float(FRAMEINDEX) * 0.6180340) * 6.2832;
    vec2 z = vec2(sin(seed * 3.0), cos(seed * 5.0));
    vec3 ink = vec3(0.0);
    float dot_size = (0.0024 + 0.002 * punch) * size;
    float reach = 0.245 * size * (1.0 + 0.10 * punch);
    for (int i = 0; i < 72; i++) {
        vec2 q = z;
        z = vec2(sin(k.x * q.y) + k.z * cos(k.x * q.x), sin(k.y * q.x) + k.w * cos(k.y * q.y));
        vec2 d = p - z * reach * vec2(1.35, 1.0);
        float r2 = dot(d, d);
        float spot = dot_size * dot_size / (r2 + dot_size * dot_size);
        ink += (0.5 + 0.5 * cos(6.2832 * (0.12 * z.x + vec3(0.0, 0.1, 0.2)))) * spot * spot;
    }
    vec3 tone = colour_at(0.15 + 0.3 * p.x + 0.45 * p.y + hue);
    gl_FragColor = vec4(min(max(old, 0.0) + ink * tone * (1.4 + 1.1 * punch) * (1.0 + 12.0 * exp2(-0.12 * float(FRAMEINDEX))), vec3(2.0)), 1.0);
}
