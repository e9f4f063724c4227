/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A soft edge of light crosses the picture at any angle and leaves the next one behind it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Wipe"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "angle", "LABEL": "Angle in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "softness", "LABEL": "Softness of the edge", "TYPE": "float", "MIN": 0.005, "MAX": 0.6, "DEFAULT": 0.12},
    {"NAME": "shine", "LABEL": "Light on the edge", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3}
  ]
}*/

void main() {
    float turn = angle * 6.2832;
    vec2 way = vec2(cos(turn), sin(turn));
    vec2 p = isf_FragNormCoord - 0.5;
    float reach = 0.5 * (abs(way.x) + abs(way.y));
    float line = mix(-reach - softness, reach + softness, progress);
    float open_now = 1.0 - smoothstep(line - softness, line + softness, dot(p, way));
    vec4 c = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), open_now);
    gl_FragColor = vec4(c.rgb + c.rgb * shine * 4.0 * open_now * (1.0 - open_now), c.a);
}
