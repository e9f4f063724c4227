/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Each height of the picture belongs to a band of the sound, bass below and highs above, and swings sideways with it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion", "Audio", "Glitch"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "spectrum", "LABEL": "Sound by pitch", "TYPE": "audioFFT"},
    {"NAME": "amount", "LABEL": "Swing", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "slices", "LABEL": "Slices", "TYPE": "float", "MIN": 4.0, "MAX": 96.0, "DEFAULT": 28.0},
    {"NAME": "smoothness", "LABEL": "Soft edges of the slices", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "colour_gap", "LABEL": "Gap between the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
  ]
}*/

void main() {
    vec2 uv = isf_FragNormCoord;
    float place = uv.y * floor(slices);
    float row = floor(place);
    float ramp = smoothstep(0.5 - 0.5 * smoothness, 0.5 + 0.5 * smoothness, fract(place));
    float mine = IMG_NORM_PIXEL(spectrum, vec2((row + 0.5) / slices * 0.8, 0.25)).r;
    float next = IMG_NORM_PIXEL(spectrum, vec2((row + 1.5) / slices * 0.8, 0.25)).r;
    // Neighbours swing to opposite sides, as the strings of an instrument.
    float side = mod(row, 2.0) * 2.0 - 1.0;
    float level = mix(mine * side, mix(mine * side, -next * side, ramp), smoothness);
    float shift = amount * level * (0.10 + 0.25 * punch);
    float gap = shift * colour_gap * 0.5;
    vec4 c = IMG_NORM_PIXEL(inputImage, vec2(abs(mod(uv.x + shift + 1.0, 2.0) - 1.0), uv.y));
    c.r = IMG_NORM_PIXEL(inputImage, vec2(abs(mod(uv.x + shift + gap + 1.0, 2.0) - 1.0), uv.y)).r;
    c.b = IMG_NORM_PIXEL(inputImage, vec2(abs(mod(uv.x + shift - gap + 1.0, 2.0) - 1.0), uv.y)).b;
    gl_FragColor = c;
}
