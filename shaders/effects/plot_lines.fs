/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A pen plotter draws the picture in rows of line that rise with its light, as mountains on an old record sleeve.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Lines", "Stylise"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lines", "LABEL": "Lines", "TYPE": "float", "MIN": 16.0, "MAX": 120.0, "DEFAULT": 54.0},
    {"NAME": "height", "LABEL": "Height of the waves", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.55},
    {"NAME": "pen", "LABEL": "Width of the pen", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "keep_colour", "LABEL": "Colour of the picture in the ink", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.8},
    {"NAME": "paper", "LABEL": "How much of the picture shines through", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.12}
  ]
}*/

// Cost: each pixel looks at the lines in front of it, for the nearer ones hide those behind.

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

void main() {
    vec2 uv = isf_FragNormCoord;
    vec4 now = IMG_THIS_PIXEL(inputImage);
    float n = floor(min(lines, RENDERSIZE.y * 0.2));
    float lift = 4.6 * height * (1.0 - 0.5 * punch) + 2.6 * punch;
    float base = floor(uv.y * n);
    float hair = 0.07 + 0.20 * pen + 0.05 * punch;
    float soft = 0.8 * n / RENDERSIZE.y + 0.04;
    vec3 ink = vec3(0.0);
    float cover = 1.0;
    // From the nearest row back: a hill in front hides what stands behind it.
    for (int i = 5; i >= 0; i--) {
        float row = base - float(i);
        float y = (row + 0.5) / n;
        vec3 c = IMG_NORM_PIXEL(inputImage, vec2(uv.x, clamp(y, 0.0, 1.0))).rgb;
        float luma = dot(c, LUMA);
        float gap = uv.y * n - row - 0.5 - min(luma * lift, 5.0);
        float line = 1.0 - smoothstep(hair, hair + soft, abs(gap));
        float top = max(c.r, max(c.g, c.b)) + 0.03;
        vec3 pen_colour = mix(vec3(1.0), c / top, keep_colour) * (0.22 + 1.1 * sqrt(luma));
        ink += cover * line * pen_colour;
        cover *= (1.0 - line) * smoothstep(-0.02, 0.02, gap);
    }
    vec3 c = ink * (0.90 + 0.15 * punch) + now.rgb * paper;
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
