/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture as a wall of small lamps, each as bright and as large as what it stands for.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Stylise", "Light"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lamps", "LABEL": "Lamps from top to bottom", "TYPE": "float", "MIN": 12.0, "MAX": 120.0, "DEFAULT": 46.0},
    {"NAME": "size", "LABEL": "Size of the lamps", "TYPE": "float", "MIN": 0.2, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "haze", "LABEL": "Haze between them", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    // A lamp is never smaller than five pixels: small LED walls get fewer.
    float n = floor(min(lamps, RENDERSIZE.y * 0.2));
    vec2 p = isf_FragNormCoord * aspect * n;
    p.x += 0.5 * mod(floor(p.y), 2.0);
    vec2 cell = floor(p) + 0.5;
    vec2 middle = vec2(cell.x - 0.5 * mod(floor(p.y), 2.0), cell.y);
    vec3 c = IMG_NORM_PIXEL(inputImage, clamp(middle / aspect / n, 0.0, 1.0)).rgb;
    float top = max(c.r, max(c.g, c.b));
    float r = length(p - cell);
    float lamp = 0.5 * size * (0.35 + 0.65 * sqrt(top)) * (1.0 + 0.5 * punch);
    float soft = 0.6 * n / RENDERSIZE.y + 0.03;
    float lit = 1.0 - smoothstep(lamp - soft, lamp + soft, r);
    vec3 glow = c * (1.3 + 0.6 * punch) * lit * (1.15 - 0.7 * r) + c * lit * top * 0.25;
    vec3 air = now.rgb * haze * 0.35 * (1.0 + punch) * (1.0 - lit);
    gl_FragColor = vec4(mix(now.rgb, clamp(glow + air, 0.0, 1.0), amount), now.a);
}
