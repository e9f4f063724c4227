/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The next picture seeps in through drops of ink that widen until they meet.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Organic"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "scale", "LABEL": "Size of the drops", "TYPE": "float", "MIN": 0.3, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "edge", "LABEL": "Dark edge of the ink", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

void main() {
    vec4 a = IMG_THIS_PIXEL(startImage);
    vec4 b = IMG_THIS_PIXEL(endImage);
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 5.0 / scale;
    vec2 q = p + 0.9 * sin(p.yx * 1.7 + vec2(0.3, 1.9));
    q += 0.45 * sin(q.yx * 3.1 + vec2(2.1, 0.6));
    q += 0.20 * sin(q.yx * 6.7 + vec2(4.0, 5.2));
    float field = 0.5 + 0.25 * (sin(q.x * 1.3) + sin(q.y * 1.5 + q.x * 0.5));
    field = 0.85 * field + 0.15 * dot(a.rgb, vec3(0.33));
    float line = mix(1.12, -0.12, progress);
    float through = smoothstep(line - 0.06, line + 0.06, field);
    if (progress <= 0.0) through = 0.0;
    if (progress >= 1.0) through = 1.0;
    float wet = through * (1.0 - through) * 4.0 * edge;
    vec4 c = mix(a, b, through);
    gl_FragColor = vec4(c.rgb * (1.0 - 0.75 * wet), c.a);
}
