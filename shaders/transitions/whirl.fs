/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The first picture is wound up into a whirl and unwinds as the next.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Distortion", "Motion"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "turns", "LABEL": "Turns of the whirl", "TYPE": "float", "MIN": -3.0, "MAX": 3.0, "DEFAULT": 1.2},
    {"NAME": "size", "LABEL": "Size of the whirl", "TYPE": "float", "MIN": 0.2, "MAX": 1.5, "DEFAULT": 0.9}
  ]
}*/

vec2 folded(vec2 uv) { return abs(mod(uv + 1.0, 2.0) - 1.0); }

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float wound = 1.0 - abs(2.0 * progress - 1.0);
    wound = wound * wound * (3.0 - 2.0 * wound);
    float hold = max(1.0 - length(p) / size, 0.0);
    float turn = turns * 6.2832 * wound * hold * hold * (progress < 0.5 ? 1.0 : -1.0);
    p = mat2(cos(turn), sin(turn), -sin(turn), cos(turn)) * p;
    vec2 uv = folded(p / aspect + 0.5);
    gl_FragColor = mix(IMG_NORM_PIXEL(startImage, uv), IMG_NORM_PIXEL(endImage, uv), smoothstep(0.35, 0.65, progress));
}
