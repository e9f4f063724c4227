/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture in a few inks, with a fine dot screen where one gives way to the next, as a printed poster.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Colour", "Stylise"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "inks", "LABEL": "Steps of each ink", "TYPE": "float", "MIN": 2.0, "MAX": 8.0, "DEFAULT": 3.0},
    {"NAME": "screen", "LABEL": "Dots between the steps", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "dot_size", "LABEL": "Size of the dots", "TYPE": "float", "MIN": 0.2, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "saturation", "LABEL": "Saturation", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.35}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 p = isf_FragNormCoord * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * min(110.0 / dot_size, RENDERSIZE.y * 0.2);
    // The three screens stand at their own angles, else they would beat against each other.
    vec3 u = vec3(p.x * 0.966 + p.y * 0.259, p.x * 0.707 + p.y * 0.707, p.x);
    vec3 v = vec3(p.y * 0.966 - p.x * 0.259, p.y * 0.707 - p.x * 0.707, p.y);
    vec3 dots = 0.5 + 0.25 * (cos(u * 6.2832) + cos(v * 6.2832));
    float luma = 0.30 * now.r + 0.58 * now.g + 0.12 * now.b;
    vec3 c = clamp(mix(vec3(luma), now.rgb, saturation * (1.0 + 0.5 * punch)) * (1.0 + 0.3 * punch), 0.0, 1.0);
    float n = max(floor(inks + 0.5) - 1.0 - floor(punch * 0.99 * (inks - 2.0)), 1.0);
    vec3 level = c * n;
    vec3 part = fract(level);
    vec3 edge = mix(vec3(0.5), dots, screen);
    vec3 ink = (floor(level) + smoothstep(edge - 0.06, edge + 0.06, part)) / n;
    gl_FragColor = vec4(mix(now.rgb, ink, amount), now.a);
}
