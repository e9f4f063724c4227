/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The camera is struck: on a hit it jumps in, leans and smears outward, then settles.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Motion", "Rhythm"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Force of the blow", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lean", "LABEL": "Lean", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "smear", "LABEL": "Smear", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "shake", "LABEL": "Shake", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "centre", "LABEL": "Where the blow lands", "TYPE": "point2D", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.5, 0.5]}
  ]
}*/

// Cost: the smear is a row of looks along the way of the zoom.

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 uv = isf_FragNormCoord;
    float force = amount * punch;
    vec2 p = (uv - centre) * aspect;
    float angle = force * lean * 0.16;
    p = (1.0 - 0.32 * force) * vec2(p.x - angle * p.y, p.y + angle * p.x);
    p += force * shake * 0.05 * vec2(sin(TIME * 71.0), cos(TIME * 83.0));
    // Five looks along the way in: the smear costs nothing in what it shows at rest, for all five then agree.
    vec2 step_in = -p * 0.055 * force * smear;
    vec4 sum = vec4(0.0);
    for (int i = 0; i < 5; i++) {
        vec2 q = p / aspect + centre;
        sum += IMG_NORM_PIXEL(inputImage, abs(mod(q + 1.0, 2.0) - 1.0));
        p += step_in;
    }
    gl_FragColor = sum * 0.2;
}
