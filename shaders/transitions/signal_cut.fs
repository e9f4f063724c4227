/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The signal breaks: rows tear sideways, colours slip, and when it holds again it is the other picture.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Digital", "Glitch"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "tear", "LABEL": "How far rows tear", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "rows", "LABEL": "Rows", "TYPE": "float", "MIN": 4.0, "MAX": 80.0, "DEFAULT": 26.0},
    {"NAME": "slip", "LABEL": "Slip of the colours", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

float chance(float x) { return fract(sin(x * 127.1) * 43758.5453); }

vec3 torn(vec2 uv, float open_now) {
    return mix(IMG_NORM_PIXEL(startImage, uv), IMG_NORM_PIXEL(endImage, uv), open_now).rgb;
}

void main() {
    vec2 uv = isf_FragNormCoord;
    float stormy = 4.0 * progress * (1.0 - progress);
    // The picture holds for a sixteenth of the way, then jumps.
    float beat = floor(progress * 16.0);
    float wide = 0.35 + chance(beat + 3.0);
    float row = floor(uv.y * floor(rows * wide + 2.0));
    float luck = chance(row * 1.7 + beat * 13.0);
    float shift = (luck > 0.45 ? luck - 0.72 : 0.0) * tear * stormy * 0.9;
    float open_now = step(chance(row * 3.1 + 5.0) * 0.8 + 0.1, progress + 0.15 * (luck - 0.5) * stormy);
    if (progress <= 0.0) { open_now = 0.0; }
    if (progress >= 1.0) { open_now = 1.0; }
    float s = slip * stormy * 0.03 * (0.3 + luck);
    float x = fract(uv.x + shift + 1.0);
    if (stormy <= 0.0) { x = uv.x; }
    vec3 c;
    c.r = torn(vec2(clamp(x + s, 0.0, 1.0), uv.y), open_now).r;
    c.g = torn(vec2(x, uv.y), open_now).g;
    c.b = torn(vec2(clamp(x - s, 0.0, 1.0), uv.y), open_now).b;
    c *= 1.0 + 0.35 * stormy * (luck - 0.5);
    gl_FragColor = vec4(c, 1.0);
}
