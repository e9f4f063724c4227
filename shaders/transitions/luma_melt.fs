/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The next picture burns through the bright parts of the first, with a hot rim.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Light"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "softness", "LABEL": "Softness", "TYPE": "float", "MIN": 0.02, "MAX": 0.6, "DEFAULT": 0.22},
    {"NAME": "rim", "LABEL": "Heat of the rim", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6}
  ]
}*/

void main() {
    vec4 a = IMG_THIS_PIXEL(startImage);
    vec4 b = IMG_THIS_PIXEL(endImage);
    float luma = dot(a.rgb, vec3(0.30, 0.58, 0.12));
    // The threshold runs from above white to below black, so that both ends are exact.
    float line = mix(1.0 + softness, -softness, progress);
    float open_now = smoothstep(line - softness, line + softness, luma);
    if (progress <= 0.0) open_now = 0.0;
    if (progress >= 1.0) open_now = 1.0;
    float hot = open_now * (1.0 - open_now) * 4.0 * rim;
    gl_FragColor = mix(a, b, open_now) + vec4(vec3(1.0, 0.45, 0.15) * hot * 0.5 * (0.3 + luma), 0.0);
}
