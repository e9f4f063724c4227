/*{
  "ISFVSN": "2",
  "DESCRIPTION": "One half of the picture answers the other; the fold can stand, lie, cross or lean.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Geometry", "Symmetry"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "How far the fold has come in", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "fold", "LABEL": "Fold", "TYPE": "long", "VALUES": [0, 1, 2, 3, 4, 5], "LABELS": ["left to right", "right to left", "bottom to top", "top to bottom", "cross", "leaning"], "DEFAULT": 0},
    {"NAME": "seam", "LABEL": "Place of the seam", "TYPE": "float", "MIN": -0.3, "MAX": 0.3, "DEFAULT": 0.0}
  ]
}*/

// Folds x at the seam: what lies beyond it shows what lies before it. The fold comes in from the far edge.
float folded(float x) {
    float line = mix(1.0, 0.5 + seam - 0.06 * punch, amount);
    return x > line ? 2.0 * line - x : x;
}

void main() {
    vec2 uv = isf_FragNormCoord;
    if (fold == 0) uv.x = folded(uv.x);
    if (fold == 1) uv.x = 1.0 - folded(1.0 - uv.x);
    if (fold == 2) uv.y = folded(uv.y);
    if (fold == 3) uv.y = 1.0 - folded(1.0 - uv.y);
    if (fold == 4) uv = vec2(folded(uv.x), 1.0 - folded(1.0 - uv.y));
    if (fold == 5) {
        // Across a leaning line, in picture heights so that it is a true mirror at any aspect.
        vec2 n = vec2(0.6, 0.8);
        vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
        vec2 p = (uv - 0.5) * aspect;
        float side = dot(p, n) - mix(1.3, seam - 0.06 * punch, amount);
        p -= 2.0 * max(side, 0.0) * n;
        uv = p / aspect + 0.5;
    }
    gl_FragColor = IMG_NORM_PIXEL(inputImage, abs(mod(uv + 1.0, 2.0) - 1.0));
}
