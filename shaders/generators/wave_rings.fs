/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The waveform bent into a ring of glowing wire, with older rings drifting outward and cooling, as ripples from a bell.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Audio", "Waveform", "Lines"],
  "INPUTS": [
    {"NAME": "waveform", "LABEL": "Sound", "TYPE": "audio"},
    {"NAME": "spectrum", "LABEL": "Sound by pitch", "TYPE": "audioFFT"},
    {"NAME": "swing", "LABEL": "Swing of the wire", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "drift", "LABEL": "Drift of old rings", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "radius", "LABEL": "Radius", "TYPE": "float", "MIN": 0.05, "MAX": 0.45, "DEFAULT": 0.22},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2}
  ],
  "PASSES": [
    {"TARGET": "rings", "PERSISTENT": true},
    {}
  ]
}*/

vec3 colour_at(float t) {
    vec3 base = vec3(0.52, 0.24, 0.22), swing_c = vec3(0.48, 0.26, 0.18), phase = vec3(0.0, 0.06, 0.45);
    if (palette == 1) { base = vec3(0.17, 0.36, 0.46); swing_c = vec3(0.21, 0.34, 0.42); phase = vec3(0.50, 0.08, 0.0); }
    if (palette == 2) { base = vec3(0.50, 0.20, 0.46); swing_c = vec3(0.44, 0.24, 0.36); phase = vec3(0.0, 0.92, 0.70); }
    if (palette == 3) { base = vec3(0.20, 0.42, 0.46); swing_c = vec3(0.18, 0.38, 0.36); phase = vec3(0.62, 0.0, 0.16); }
    if (palette == 4) { base = vec3(0.44, 0.43, 0.45); swing_c = vec3(0.44, 0.41, 0.37); phase = vec3(0.0, 0.02, 0.05); }
    return base + swing_c * cos(6.2832 * (t + phase));
}

void main() {
    if (PASSINDEX == 1) {
        vec3 c = IMG_THIS_PIXEL(rings).rgb;
        gl_FragColor = vec4(clamp(c * (0.9 + 0.5 * glow), 0.0, 1.0), 1.0);
        return;
    }
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float r = length(p) + 1.0e-4;
    float around = abs(atan(p.x, p.y)) / 3.1416;
    // Both halves of the ring read the same stretch of sound, so that the wire closes without a seam.
    float wave = (IMG_NORM_PIXEL(waveform, vec2(0.04 + 0.46 * around, 0.25)).r - 0.5) * 2.0;
    float band = IMG_NORM_PIXEL(spectrum, vec2(0.02 + 0.80 * around, 0.25)).r;
    float wire = radius * (1.0 + 0.18 * punch) + swing * (0.16 * wave + 0.10 * band);
    float gap = abs(r - wire);
    float hair = 0.0022 + 0.0012 * punch;
    float line = hair / (gap + hair);
    line = line * line * (1.0 + 0.8 * band + punch) + 0.10 * exp2(-22.0 * gap) * (0.4 + band + punch);
    vec3 fresh = colour_at(0.06 + 0.22 * around + 0.15 * band + hue) * line * 1.25;
    // Old rings: read a little nearer to the centre, so that they move outward, turn and fade.
    float step_s = min(TIMEDELTA, 0.1);
    float grow = 1.0 - step_s * (0.10 + 0.55 * drift + 0.5 * punch);
    float turn = step_s * 0.12;
    vec2 q = grow * vec2(p.x - turn * p.y, p.y + turn * p.x);
    // Four looks a little apart: what was wire turns into mist.
    vec2 at = q / aspect + 0.5;
    vec2 e = 0.0016 / aspect;
    vec3 old = 0.25 * (IMG_NORM_PIXEL(rings, at + e).rgb + IMG_NORM_PIXEL(rings, at - e).rgb
        + IMG_NORM_PIXEL(rings, at + vec2(e.x, -e.y)).rgb + IMG_NORM_PIXEL(rings, at + vec2(-e.x, e.y)).rgb);
    // Warm light cools faster, so that age shows as colour.
    vec3 keep = exp2(-step_s * mix(vec3(2.6, 3.0, 1.5), vec3(1.5, 1.8, 0.9), glow));
    float grey = dot(old, vec3(0.3, 0.55, 0.15));
    // As light fades it gains colour, for a mean of many rings would go grey.
    old = max(mix(vec3(grey), old, 1.0 + 0.4 * step_s) * keep - 0.08 * step_s, 0.0);
    vec3 c = max(old, fresh);
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), 1.0);
}
