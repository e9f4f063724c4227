/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Cut out by another picture, each colour by a channel of its own; behind the holes lies the dark, or a third picture.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Mask", "Two pictures"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "mask", "LABEL": "Picture that cuts", "TYPE": "image"},
    {"NAME": "behind", "LABEL": "Picture behind the holes", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "How far it is cut", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "fill", "LABEL": "What lies behind", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["dark", "picture"], "DEFAULT": 0},
    {"NAME": "red_by", "LABEL": "Red is cut by", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["luma", "red", "green", "blue"], "DEFAULT": 0},
    {"NAME": "green_by", "LABEL": "Green is cut by", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["luma", "red", "green", "blue"], "DEFAULT": 0},
    {"NAME": "blue_by", "LABEL": "Blue is cut by", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["luma", "red", "green", "blue"], "DEFAULT": 0},
    {"NAME": "level", "LABEL": "How bright the mask must be", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "softness", "LABEL": "Softness of the cut", "TYPE": "float", "MIN": 0.01, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "turn_over", "LABEL": "Cut the bright away", "TYPE": "bool", "DEFAULT": false},
    {"NAME": "rim", "LABEL": "Glow along the cut", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2}
  ]
}*/

float channel(vec4 m, int which) {
    if (which == 1) return m.r;
    if (which == 2) return m.g;
    if (which == 3) return m.b;
    return dot(m.rgb, vec3(0.30, 0.58, 0.12));
}

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec4 m = IMG_THIS_PIXEL(mask);
    vec3 by = vec3(channel(m, red_by), channel(m, green_by), channel(m, blue_by));
    float line = level - 0.35 * punch;
    vec3 through = smoothstep(line - 0.5 * softness, line + 0.5 * softness, by);
    if (turn_over) through = 1.0 - through;
    vec3 hole = fill == 1 ? IMG_THIS_PIXEL(behind).rgb : now.rgb * 0.04;
    vec3 cut = mix(hole, now.rgb, through);
    cut += (0.25 + 0.75 * now.rgb) * through * (1.0 - through) * 4.0 * rim * (0.6 + punch);
    gl_FragColor = vec4(mix(now.rgb, clamp(cut, 0.0, 1.0), amount), now.a);
}
