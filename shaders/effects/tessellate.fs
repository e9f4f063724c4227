/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture repeats as mirrored tiles that breathe, turn, and never show a seam.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Geometry", "Pattern"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "tiles", "LABEL": "Tiles", "TYPE": "float", "MIN": 1.0, "MAX": 8.0, "DEFAULT": 2.5},
    {"NAME": "rotation", "LABEL": "Rotation in turns", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "spin", "LABEL": "Slow turning", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.15},
    {"NAME": "slide", "LABEL": "Slow sliding", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2}
  ]
}*/

vec2 folded(vec2 uv) { return abs(mod(uv + 1.0, 2.0) - 1.0); }

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float turn = 6.2832 * (rotation + 0.03 * spin * TIME) * amount;
    float n = mix(1.0, tiles * (1.0 + 0.35 * punch), amount);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    p = mat2(cos(turn), sin(turn), -sin(turn), cos(turn)) * p * n;
    p.x += slide * TIME * 0.1 * amount;
    gl_FragColor = vec4(IMG_NORM_PIXEL(inputImage, folded(p / aspect + 0.5)).rgb, now.a);
}
