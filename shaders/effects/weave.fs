/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture as cloth: warp and weft take its colours, cross over and under, and ripple on a hit.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Stylise", "Pattern"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "threads", "LABEL": "Threads from top to bottom", "TYPE": "float", "MIN": 12.0, "MAX": 140.0, "DEFAULT": 54.0},
    {"NAME": "thick", "LABEL": "Thickness of the threads", "TYPE": "float", "MIN": 0.3, "MAX": 1.0, "DEFAULT": 0.85},
    {"NAME": "ripple", "LABEL": "Ripple of the cloth", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float n = floor(min(threads, RENDERSIZE.y * 0.25));
    vec2 uv = isf_FragNormCoord;
    float wave = sin(uv.x * 9.0 + TIME * 1.3) * sin(uv.y * 7.0 - TIME);
    uv += ripple * amount * (0.006 + 0.03 * punch) * vec2(wave, sin(uv.x * 6.0 - TIME * 1.1));
    vec2 p = uv * aspect * n;
    vec2 cell = floor(p), within = fract(p) - 0.5;
    bool over = mod(cell.x + cell.y, 2.0) < 0.5;
    float across = over ? within.y : within.x, along = over ? within.x : within.y;
    float half_width = 0.5 * thick;
    float round_of = sqrt(max(1.0 - pow(across / half_width, 2.0), 0.0));
    // A thread dives at both ends of its cell.
    float lift = 0.55 + 0.45 * cos(3.1416 * along);
    vec3 c = IMG_NORM_PIXEL(inputImage, clamp((cell + 0.5) / n / aspect, 0.0, 1.0)).rgb;
    vec3 cloth = c * (0.35 + 0.95 * round_of * lift) * (1.0 + 0.35 * punch) + 0.10 * c * pow(round_of * lift, 6.0);
    float on = step(abs(across), half_width);
    gl_FragColor = vec4(mix(now.rgb, clamp(mix(c * 0.12, cloth, on), 0.0, 1.0), amount), now.a);
}
