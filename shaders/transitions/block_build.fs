/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The next picture is built from blocks that fall into place one by one, large ones first.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Dissolve", "Digital"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "blocks", "LABEL": "Blocks from top to bottom", "TYPE": "float", "MIN": 2.0, "MAX": 40.0, "DEFAULT": 9.0},
    {"NAME": "spread", "LABEL": "How long they take, one to all", "TYPE": "float", "MIN": 0.05, "MAX": 0.9, "DEFAULT": 0.45},
    {"NAME": "flash", "LABEL": "Light of a block that lands", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

float chance(vec2 cell) { return fract(sin(dot(cell, vec2(12.9898, 78.233))) * 43758.5453); }

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float n = floor(blocks + 0.5);
    vec2 p = isf_FragNormCoord * aspect * n;
    // Half of the field is made of blocks of twice the size.
    vec2 big = floor(p * 0.5);
    bool whole = chance(big + 7.0) > 0.5;
    float when = whole ? chance(big) * 0.8 : 0.2 + 0.8 * chance(floor(p) + 31.0);
    float since = (progress * (1.0 + spread) - when) / spread;
    float open_now = clamp(since, 0.0, 1.0);
    open_now = open_now * open_now * (3.0 - 2.0 * open_now);
    vec4 c = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), open_now);
    gl_FragColor = vec4(c.rgb * (1.0 + flash * 3.0 * open_now * (1.0 - open_now)), c.a);
}
