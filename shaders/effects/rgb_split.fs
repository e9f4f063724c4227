/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Red and blue slide apart, little in the middle and more to the rim, as in a lens that is hit.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Colour", "Glitch"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Distance", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "angle", "LABEL": "Direction", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lens", "LABEL": "From sideways to lens-like", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6}
  ]
}*/

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 p = uv - 0.5;
    float a = 6.28318 * angle;
    vec2 along = vec2(cos(a) * RENDERSIZE.y / RENDERSIZE.x, sin(a)) * 0.35;
    vec2 d = mix(along, p * (0.4 + 2.0 * dot(p, p)), lens) * amount * (0.035 + 0.13 * punch);
    vec4 c = IMG_NORM_PIXEL(inputImage, uv);
    c.r = IMG_NORM_PIXEL(inputImage, uv - d).r;
    c.b = IMG_NORM_PIXEL(inputImage, uv + d).b;
    gl_FragColor = c;
}
