/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Seconds of sound as a mountain range: each line is a moment of the spectrum, walking away into the distance.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Generator", "Audio", "Spectrum", "Lines"],
  "INPUTS": [
    {"NAME": "spectrum", "LABEL": "Sound by pitch", "TYPE": "audioFFT"},
    {"NAME": "height", "LABEL": "Height of the mountains", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "glow", "LABEL": "Light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "rows", "LABEL": "Lines", "TYPE": "float", "MIN": 8.0, "MAX": 28.0, "DEFAULT": 22.0},
    {"NAME": "step_s", "LABEL": "Seconds between lines", "TYPE": "float", "MIN": 0.03, "MAX": 0.4, "DEFAULT": 0.09},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 1}
  ],
  "PASSES": [
    {"TARGET": "scroll", "PERSISTENT": true, "FLOAT": true, "WIDTH": "256", "HEIGHT": "64"},
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

// Cost: every pixel asks every line whether it lies above it, for that is what hides the lines behind.

void main() {
    if (PASSINDEX == 0) {
        // A scroll of moments: row 0 is now; all move on when the clock says so.
        float n = 64.0;
        float row = floor(isf_FragNormCoord.y * n);
        bool moves = floor(TIME / step_s) > floor((TIME - TIMEDELTA) / step_s) || FRAMEINDEX == 0;
        float x = isf_FragNormCoord.x;
        float fold = abs(2.0 * x - 1.0);
        // Bass in the middle, highs to both sides, fading out at the feet.
        float v = IMG_NORM_PIXEL(spectrum, vec2(0.01 + 0.55 * fold * fold + 0.05 * fold, 0.25)).r * (1.0 - smoothstep(0.55, 0.95, fold));
        v *= 0.75 + 0.25 * sin(x * 70.0 + TIME * 3.0);
        float kept = IMG_NORM_PIXEL(scroll, vec2(x, (row - (moves ? 1.0 : 0.0) + 0.5) / n)).r;
        gl_FragColor = vec4(vec3(row < 0.5 ? v : kept), 1.0);
        return;
    }
    vec2 uv = isf_FragNormCoord;
    float n = floor(rows + 0.5);
    float slide = fract(TIME / step_s);
    float line = 0.0, tone = 0.0;
    float roof = -1.0;
    float t = TIME * speed * 0.3 + travel * 0.2;
    for (int i = 0; i < 28; i++) {
        float k = float(i) + slide;
        float far = k / n;
        if (float(i) < n) {
            float y0 = 0.12 + 0.62 * pow(far, 0.8);
            float x = (uv.x - 0.5) * (1.0 + 0.35 * far) + 0.5;
            float v = IMG_NORM_PIXEL(scroll, vec2(clamp(x, 0.0, 1.0), (float(i) + 0.5) / 64.0)).r;
            v += 0.03 * sin(x * 23.0 + float(i) * 1.7 + t) * (1.0 - abs(2.0 * x - 1.0));
            float y = y0 + max(v, 0.0) * height * (0.40 + 0.15 * punch) * (1.0 - 0.55 * far);
            float d = abs(uv.y - y);
            float hair = max(0.0022, 0.45 / RENDERSIZE.y) + 0.0016 * punch * (1.0 - far);
            // Nearer lines hide what is behind them.
            float seen = step(roof, uv.y);
            float pen = seen * hair / (d + hair);
            line += pen * pen * exp2(-1.7 * far) * smoothstep(0.0, 0.06, far + 0.03);
            tone = max(tone, seen * pen * (0.2 + v));
            roof = max(roof, y);
        }
    }
    vec3 c = colour_at(0.08 + 0.45 * uv.y + 0.25 * tone + hue) * line * (0.95 + 1.1 * glow + 1.1 * punch);
    float sky = exp2(-22.0 * abs(uv.y - 0.80));
    c += colour_at(0.55 + 0.1 * uv.x + hue) * sky * (0.05 + 0.10 * glow + 0.25 * punch) * step(roof, uv.y);
    gl_FragColor = vec4(1.0 - exp2(-2.0 * c), 1.0);
}
