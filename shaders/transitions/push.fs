/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The next picture pushes the first out of the frame, both smeared by the speed of it.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Motion"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "direction", "LABEL": "From", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["left", "right", "below", "above"], "DEFAULT": 0},
    {"NAME": "smear", "LABEL": "Smear of the speed", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

vec4 at(vec2 uv, vec2 way) {
    vec2 from_end = uv - way;
    bool inside = all(greaterThanEqual(uv, vec2(0.0))) && all(lessThanEqual(uv, vec2(1.0)));
    return inside ? IMG_NORM_PIXEL(startImage, uv) : IMG_NORM_PIXEL(endImage, clamp(from_end, 0.0, 1.0));
}

void main() {
    vec2 way = vec2(-1.0, 0.0);
    if (direction == 1) { way = vec2(1.0, 0.0); }
    if (direction == 2) { way = vec2(0.0, -1.0); }
    if (direction == 3) { way = vec2(0.0, 1.0); }
    float eased = progress * progress * progress * (progress * (progress * 6.0 - 15.0) + 10.0);
    float pace = 30.0 * progress * progress * (1.0 - progress) * (1.0 - progress);
    vec4 sum = vec4(0.0);
    for (int i = 0; i < 8; i++) {
        float late = (float(i) / 7.0 - 0.5) * 0.09 * smear * pace;
        sum += at(isf_FragNormCoord + way * clamp(eased + late, 0.0, 1.0), way);
    }
    gl_FragColor = sum / 8.0;
}
