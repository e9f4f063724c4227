/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture seen through a ring of mirrors, turning slowly.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Geometry", "Symmetry"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "sides", "LABEL": "Mirrors", "TYPE": "float", "MIN": 2.0, "MAX": 16.0, "DEFAULT": 6.0},
    {"NAME": "turn", "LABEL": "Turned by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "spin", "LABEL": "Own spin", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.1},
    {"NAME": "zoom", "LABEL": "Nearness", "TYPE": "float", "MIN": 0.3, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "slide", "LABEL": "Part of the picture that is seen", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
  ]
}*/

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float wedge = 6.28318 / floor(sides + 0.5);
    float clock = TIME * spin * 0.3 + turn * 0.5;
    float around = atan(p.y, p.x) + clock;
    around = abs(mod(around, wedge) - 0.5 * wedge);
    float r = length(p) / (zoom * (1.0 + 0.45 * punch));
    // The wedge looks into the picture along a line that swings slowly, so that something new keeps coming in.
    float look = clock * 0.37 + punch * 0.25;
    vec2 q = r * vec2(cos(around + look), sin(around + look));
    q += (slide - 0.5) * vec2(cos(clock * 0.21), sin(clock * 0.17)) * 0.6;
    vec2 uv = abs(mod(q / aspect + 1.5, 2.0) - 1.0);
    // The amount moves every point from its own place to its mirrored one: a bend, not a double exposure.
    gl_FragColor = IMG_NORM_PIXEL(inputImage, mix(isf_FragNormCoord, uv, amount));
}
