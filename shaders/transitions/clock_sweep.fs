/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A hand of light goes once round and wipes the next picture into being.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Wipe"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "start", "LABEL": "Where it starts, in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.12},
    {"NAME": "softness", "LABEL": "Softness of the hand", "TYPE": "float", "MIN": 0.005, "MAX": 0.3, "DEFAULT": 0.04},
    {"NAME": "hands", "LABEL": "Hands", "TYPE": "float", "MIN": 1.0, "MAX": 8.0, "DEFAULT": 1.0},
    {"NAME": "shine", "LABEL": "Light of the hand", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float n = floor(hands + 0.5);
    float around = fract((atan(p.x, p.y) / 6.2832 - start + 1.0) * n);
    float line = progress * (1.0 + 2.0 * softness) - softness;
    float open_now = 1.0 - smoothstep(line - softness, line + softness, around);
    if (progress <= 0.0) { open_now = 0.0; }
    if (progress >= 1.0) { open_now = 1.0; }
    vec4 c = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), open_now);
    float ends = min(1.0, 20.0 * progress * (1.0 - progress));
    float lit = shine * exp2(-60.0 * abs(around - line)) * ends;
    gl_FragColor = vec4(c.rgb + (0.15 + c.rgb) * lit, c.a);
}
