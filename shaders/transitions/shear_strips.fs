/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture is cut into strips that slide away in turn, every other one the other way.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Geometry", "Motion"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "strips", "LABEL": "Strips", "TYPE": "float", "MIN": 2.0, "MAX": 30.0, "DEFAULT": 8.0},
    {"NAME": "angle", "LABEL": "Lean of the cuts", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "lag", "LABEL": "How far the strips lag", "TYPE": "float", "MIN": 0.0, "MAX": 0.9, "DEFAULT": 0.5}
  ]
}*/

void main() {
    vec2 uv = isf_FragNormCoord;
    float n = floor(strips + 0.5);
    float place = clamp(uv.x + angle * (uv.y - 0.5) * 0.5, 0.0, 0.9999);
    float strip = floor(place * n);
    float own = clamp(progress * (1.0 + lag) - lag * strip / max(n - 1.0, 1.0), 0.0, 1.0);
    own = own * own * own * (own * (own * 6.0 - 15.0) + 10.0);
    float way = mod(strip, 2.0) < 0.5 ? 1.0 : -1.0;
    vec2 leave = vec2(uv.x, uv.y - way * own), come = vec2(uv.x, uv.y + way * (1.0 - own));
    bool here = leave.y >= 0.0 && leave.y <= 1.0;
    float edge = min(fract(place * n), 1.0 - fract(place * n)) / n;
    float shade = 1.0 - 0.5 * exp2(-260.0 * edge) * 4.0 * own * (1.0 - own);
    vec4 c = here ? IMG_NORM_PIXEL(startImage, leave) : IMG_NORM_PIXEL(endImage, clamp(come, 0.0, 1.0));
    gl_FragColor = vec4(c.rgb * shade, c.a);
}
