/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A drop falls into the picture: its ring runs outward and inside it lies the next one, still moving.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Distortion", "Organic"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "height", "LABEL": "Height of the waves", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "waves", "LABEL": "How many waves", "TYPE": "float", "MIN": 2.0, "MAX": 30.0, "DEFAULT": 12.0},
    {"NAME": "centre", "LABEL": "Where it falls, left to right", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

vec2 folded(vec2 uv) { return abs(mod(uv + 1.0, 2.0) - 1.0); }

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - vec2(centre, 0.5)) * aspect;
    float r = length(p);
    float wide = length(vec2(max(centre, 1.0 - centre), 0.5) * aspect) + 0.1;
    float front = progress * (wide + 0.25) - 0.1;
    float calm = 4.0 * progress * (1.0 - progress);
    float wave = sin((r - front) * waves * 6.2832) * exp2(-9.0 * abs(r - front)) * calm;
    vec2 way = p / max(r, 1.0e-4);
    vec2 uv = folded(isf_FragNormCoord + way / aspect * wave * height * 0.09);
    float open_now = 1.0 - smoothstep(front - 0.05, front + 0.05, r);
    vec4 c = mix(IMG_NORM_PIXEL(startImage, uv), IMG_NORM_PIXEL(endImage, uv), open_now);
    float crest = max(wave, 0.0);
    gl_FragColor = vec4(c.rgb + (0.08 + 0.6 * c.rgb) * crest * crest * height, c.a);
}
