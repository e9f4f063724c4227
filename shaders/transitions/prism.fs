/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Red crosses over first, then green, then blue, each sliding in from its own side.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Light", "Colour"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "spread", "LABEL": "How far apart the colours cross", "TYPE": "float", "MIN": 0.0, "MAX": 0.8, "DEFAULT": 0.4},
    {"NAME": "slide", "LABEL": "How far they slide", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4}
  ]
}*/

float channel_time(float late) {
    float t = clamp((progress * (1.0 + spread) - late * spread), 0.0, 1.0);
    return t * t * (3.0 - 2.0 * t);
}

vec3 crossed(float t, vec2 way) {
    vec2 leave = clamp(isf_FragNormCoord + way * t * slide * 0.2, 0.0, 1.0);
    vec2 come = clamp(isf_FragNormCoord - way * (1.0 - t) * slide * 0.2, 0.0, 1.0);
    return mix(IMG_NORM_PIXEL(startImage, leave).rgb, IMG_NORM_PIXEL(endImage, come).rgb, t);
}

void main() {
    float r = crossed(channel_time(0.0), vec2(0.87, 0.5)).r;
    float g = crossed(channel_time(0.5), vec2(-0.87, 0.5)).g;
    float b = crossed(channel_time(1.0), vec2(0.0, -1.0)).b;
    gl_FragColor = vec4(r, g, b, 1.0);
}
