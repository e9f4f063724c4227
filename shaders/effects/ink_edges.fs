/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A brush redraws the picture: flat washes of colour, dark soft outlines, and the grain of paper.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Edges", "Stylise"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "steps", "LABEL": "Washes", "TYPE": "float", "MIN": 2.0, "MAX": 8.0, "DEFAULT": 4.0},
    {"NAME": "ink", "LABEL": "Weight of the outline", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "bleed", "LABEL": "Ink bleeds", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "negative", "LABEL": "Light ink on dark", "TYPE": "bool", "DEFAULT": false}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

float light_at(vec2 uv) { return dot(IMG_NORM_PIXEL(inputImage, uv).rgb, LUMA); }

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 aspect = vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    vec4 now = IMG_THIS_PIXEL(inputImage);
    // The hand trembles: where it looks is moved by a slow wave, about one line wide.
    vec2 hand = sin(uv.yx * vec2(61.0, 47.0) + floor(TIME * 6.0) * 1.7) * 0.0012 * bleed;
    vec2 e = aspect * (0.0022 + 0.0022 * bleed + 0.003 * punch);
    vec2 at = uv + hand;
    float a = light_at(at + e), b = light_at(at - e);
    float c = light_at(at + vec2(e.x, -e.y)), d = light_at(at + vec2(-e.x, e.y));
    float mean = 0.25 * (a + b + c + d);
    float slope = abs(a - b) + abs(c - d);
    float line = smoothstep(0.06, 0.34 - 0.12 * ink, slope * (0.6 + ink + 0.6 * punch));
    float n = floor(steps);
    float level = mean * n;
    float wash = (floor(level) + smoothstep(0.35, 0.65, fract(level))) / n;
    vec3 tint = now.rgb / (dot(now.rgb, LUMA) + 0.06);
    vec3 paint = mix(vec3(1.0), tint, 0.85) * (0.06 + 0.94 * wash);
    vec3 on_dark = paint * 0.16 + tint * line * (0.75 + 0.5 * punch);
    vec3 on_light = paint * (1.0 - 0.92 * line);
    vec3 drawn = negative ? on_dark : on_light;
    gl_FragColor = vec4(mix(now.rgb, clamp(drawn, 0.0, 1.0), amount), now.a);
}
