/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Warm light floods in from the side as on the last metres of a film, and the next picture is under it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Light", "Film"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "heat", "LABEL": "Strength of the light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "side", "LABEL": "From left or right", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "warmth", "LABEL": "Warmth", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.75}
  ]
}*/

void main() {
    vec2 uv = isf_FragNormCoord;
    float flood = 4.0 * progress * (1.0 - progress);
    float x = side < 0.0 ? uv.x : 1.0 - uv.x;
    // Two soft lobes cross the frame at their own pace.
    float first = x - 1.6 * progress + 0.3 + 0.08 * sin(uv.y * 5.0 + progress * 6.0);
    float second = x - 1.3 * progress + 0.1 + 0.12 * sin(uv.y * 3.0 - progress * 4.0 + 1.0);
    float leak = exp2(-7.0 * first * first) + 0.7 * exp2(-14.0 * second * second);
    float open_now = smoothstep(0.25, 0.75, progress + 0.25 * (0.5 - x) * flood);
    if (progress <= 0.0) { open_now = 0.0; }
    if (progress >= 1.0) { open_now = 1.0; }
    vec4 c = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), open_now);
    vec3 tone = mix(vec3(0.75, 0.85, 1.0), vec3(1.0, 0.42, 0.12), warmth);
    vec3 lit = tone * leak * heat * flood * 1.1;
    gl_FragColor = vec4(1.0 - (1.0 - clamp(c.rgb, 0.0, 1.0)) * exp2(-1.6 * lit), c.a);
}
