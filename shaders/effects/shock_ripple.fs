/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A hit sends a ring of bent glass through the picture, as a shock through air.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion", "Hit"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "height", "LABEL": "Height of the ring", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "pace", "LABEL": "Pace of the ring", "TYPE": "float", "MIN": 0.2, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "width", "LABEL": "Width of the ring", "TYPE": "float", "MIN": 0.02, "MAX": 0.5, "DEFAULT": 0.14},
    {"NAME": "shine", "LABEL": "Light on the ring", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "idle", "LABEL": "Slow rings without a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float r = length(p);
    vec2 way = p / max(r, 1.0e-4);
    // A hit decays from one: how far it has come down is how far its ring has run out.
    float hit_front = (1.0 - punch) * 1.3;
    float hit_ring = exp2(-pow((r - hit_front) / width, 2.0)) * smoothstep(0.0, 0.08, punch);
    float slow_front = fract(TIME * 0.35 * pace) * 1.4;
    float slow_ring = idle * exp2(-pow((r - slow_front) / width, 2.0)) * (1.0 - slow_front / 1.4);
    float ring = hit_ring * 1.4 + slow_ring;
    float push = ring * height * amount * 0.09;
    vec3 c;
    c.r = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord - way / aspect * push * 1.12).r;
    c.g = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord - way / aspect * push).g;
    c.b = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord - way / aspect * push * 0.88).b;
    c += (0.06 + c) * ring * ring * shine * amount * 0.5;
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), step(0.0005, amount)), now.a);
}
