/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture set in stones: coarse cells with lit edges that shrink and grow with the hit.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Stylise", "Geometry"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "stones", "LABEL": "Stones from top to bottom", "TYPE": "float", "MIN": 4.0, "MAX": 80.0, "DEFAULT": 28.0},
    {"NAME": "grout", "LABEL": "Width of the seams", "TYPE": "float", "MIN": 0.0, "MAX": 0.4, "DEFAULT": 0.12},
    {"NAME": "relief", "LABEL": "Light on the edges", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "form", "LABEL": "Form", "TYPE": "long", "VALUES": [0, 1, 2], "LABELS": ["square", "brick", "hexagon"], "DEFAULT": 2}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float n = max(floor(stones / (1.0 + 0.6 * punch)), 2.0);
    vec2 p = isf_FragNormCoord * aspect * n;
    vec2 middle, off;
    if (form == 2) {
        // Two lattices of rectangles; the nearer centre wins, which makes hexagons.
        vec2 size = vec2(1.0, 1.7320508);
        vec2 a = (floor(p / size) + 0.5) * size;
        vec2 b = (floor(p / size + 0.5)) * size;
        middle = dot(p - a, p - a) < dot(p - b, p - b) ? a : b;
        off = p - middle;
    } else {
        float lean = form == 1 ? 0.5 * mod(floor(p.y), 2.0) : 0.0;
        middle = vec2(floor(p.x + lean) + 0.5 - lean, floor(p.y) + 0.5);
        off = p - middle;
    }
    vec2 h = abs(off);
    float edge = form == 2 ? 0.5 - max(h.x, 0.5 * h.x + 0.8660254 * h.y) : 0.5 - max(h.x, h.y);
    vec3 c = IMG_NORM_PIXEL(inputImage, clamp(middle / aspect / n, 0.0, 1.0)).rgb;
    float soft = 1.2 * n / RENDERSIZE.y;
    float body = smoothstep(0.5 * grout - soft, 0.5 * grout + soft, edge);
    float lit = relief * dot(normalize(off + 1.0e-4), vec2(-0.6, 0.8)) * exp2(-14.0 * max(edge - 0.5 * grout, 0.0));
    c = c * (1.0 + 0.55 * lit + 0.25 * punch) * mix(0.25, 1.0, body);
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
