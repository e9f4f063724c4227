/*{
  "ISFVSN": "2",
  "DESCRIPTION": "A round shutter opens on the next picture, with a bright rim; its shape goes from circle to blade.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Wipe", "Light"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "blades", "LABEL": "Blades, few to round", "TYPE": "float", "MIN": 3.0, "MAX": 16.0, "DEFAULT": 16.0},
    {"NAME": "softness", "LABEL": "Softness of the rim", "TYPE": "float", "MIN": 0.002, "MAX": 0.3, "DEFAULT": 0.03},
    {"NAME": "rim", "LABEL": "Light of the rim", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "turn", "LABEL": "Turns while it opens", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.25}
  ]
}*/

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float n = floor(blades + 0.5);
    float around = atan(p.y, p.x) + turn * 3.1416 * progress;
    float part = 6.2832 / n;
    // Distance to the nearest straight blade; sixteen of them are as good as a circle.
    float r = length(p) * (n > 15.5 ? 1.0 : cos(mod(around, part) - 0.5 * part));
    float eased = progress * progress * (3.0 - 2.0 * progress);
    float wide = 0.5 * length(aspect) + 2.0 * softness;
    float line = mix(-2.0 * softness, wide, eased);
    float open_now = 1.0 - smoothstep(line - softness, line + softness, r);
    vec4 c = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), open_now);
    float lit = rim * exp2(-40.0 * abs(r - line)) * 4.0 * eased * (1.0 - eased);
    gl_FragColor = vec4(c.rgb + (0.25 + c.rgb) * lit, c.a);
}
