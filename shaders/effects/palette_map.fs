/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture repainted from five palettes: its light stays, its colours come from a wheel that the music can turn.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Colour"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "palette", "LABEL": "Palette", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4], "LABELS": ["ember", "abyss", "orchid", "aurora", "moon"], "DEFAULT": 2},
    {"NAME": "hue", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "bands", "LABEL": "Colours from dark to light", "TYPE": "float", "MIN": 0.2, "MAX": 3.0, "DEFAULT": 0.8},
    {"NAME": "keep", "LABEL": "Own colours kept", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2}
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
    vec4 now = IMG_THIS_PIXEL(inputImage);
    // Half brightness, half the strongest channel: deep blues would count for nothing by brightness alone.
    float luma = 0.5 * dot(now.rgb, vec3(0.30, 0.58, 0.12)) + 0.5 * max(now.r, max(now.g, now.b));
    vec3 ink = colour_at(hue + 0.5 - bands * 0.6 * luma + 0.18 * punch);
    // Paint at full strength, then give it the light of the picture, so that black stays black.
    float top = max(ink.r, max(ink.g, ink.b)) + 0.02;
    vec3 c = ink / top * luma * (1.25 + 0.5 * punch) + luma * luma * luma * 0.35;
    c = mix(c, c * 0.4 + now.rgb * 0.75, keep);
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
