/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The last hand on the picture: lift, gain, contrast, saturation, temperature, a dark rim and living grain.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Colour", "Film"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lift", "LABEL": "Lift of the darks", "TYPE": "float", "MIN": -0.2, "MAX": 0.2, "DEFAULT": 0.0},
    {"NAME": "gain", "LABEL": "Gain of the lights", "TYPE": "float", "MIN": 0.25, "MAX": 2.0, "DEFAULT": 1.05},
    {"NAME": "contrast", "LABEL": "Contrast", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "saturation", "LABEL": "Saturation", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 1.12},
    {"NAME": "temperature", "LABEL": "Cold to warm", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.08},
    {"NAME": "vignette", "LABEL": "Dark rim", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "grain", "LABEL": "Grain", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 p = isf_FragNormCoord - 0.5;
    vec3 c = now.rgb * gain * (1.0 + 0.35 * punch) + lift * (1.0 - now.rgb);
    c *= vec3(1.0 + 0.16 * temperature, 1.0 + 0.02 * temperature, 1.0 - 0.16 * temperature);
    c = clamp(c, 0.0, 1.0);
    c = mix(c, c * c * (3.0 - 2.0 * c), contrast);
    float luma = dot(c, vec3(0.30, 0.58, 0.12));
    c = mix(vec3(luma), c, saturation * (1.0 + 0.25 * punch));
    c *= 1.0 - vignette * smoothstep(0.12, 0.62, dot(p, p) * 1.25);
    // Grains of one size whatever the resolution, new ones 24 times a second, strongest in the middle tones.
    float fine = 540.0 / RENDERSIZE.y;
    vec2 cell = floor(gl_FragCoord.xy * min(fine, 1.0));
    float moment = mod(floor(TIME * 24.0), 997.0);
    vec3 h = fract(vec3(cell.xyx) * vec3(0.1031, 0.1030, 0.0973) + moment * vec3(0.3719, 0.7193, 0.1931));
    h += dot(h, h.yzx + 33.33);
    float noise = fract((h.x + h.y) * h.z) - 0.5;
    c += noise * grain * 0.30 * (0.12 + luma * (1.0 - luma) * 2.2);
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
