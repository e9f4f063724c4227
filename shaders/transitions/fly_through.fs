/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The first picture rushes past the eye and the second arrives from afar, smeared by its speed.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Motion"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "force", "LABEL": "Force", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "lean", "LABEL": "Lean", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.25}
  ]
}*/

vec2 folded(vec2 uv) { return abs(mod(uv + 1.0, 2.0) - 1.0); }

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float eased = progress * progress * (3.0 - 2.0 * progress);
    float rush = eased * (1.0 - eased) * 4.0;
    float angle = lean * 0.5 * rush;
    p = mat2(cos(angle), sin(angle), -sin(angle), cos(angle)) * p;
    float near = exp2(-1.6 * force * eased);
    float far = exp2(1.6 * force * (1.0 - eased));
    float smear = 0.05 * rush * force;
    vec4 sum = vec4(0.0);
    for (int i = 0; i < 6; i++) {
        float s = 1.0 - smear * float(i);
        vec4 a = IMG_NORM_PIXEL(startImage, folded(p * near * s / aspect + 0.5));
        vec4 b = IMG_NORM_PIXEL(endImage, folded(p * far * s / aspect + 0.5));
        sum += mix(a, b, smoothstep(0.3, 0.7, progress));
    }
    gl_FragColor = sum / 6.0;
}
