/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Tones turn over as in a darkroom when the light is switched on: bright parts fall back to dark with a fine bright line between.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Colour", "Film"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "turn_at", "LABEL": "Where tones turn over", "TYPE": "float", "MIN": 0.1, "MAX": 1.0, "DEFAULT": 0.55},
    {"NAME": "line", "LABEL": "Line between", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "apart", "LABEL": "Colours turn apart", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec3 edge = clamp(vec3(turn_at) - 0.18 * punch + apart * vec3(-0.14, 0.0, 0.14), 0.06, 1.0);
    vec3 x = now.rgb / edge;
    // Up to the edge and down again, as a triangle with a rounded tip.
    vec3 fold = 1.0 - abs(1.0 - mod(x, 2.0));
    vec3 c = fold * fold * (3.0 - 2.0 * fold);
    c += line * exp2(-50.0 * abs(now.rgb - edge)) * 0.5 * step(edge, vec3(0.999));
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
