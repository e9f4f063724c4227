/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Slats turn over in a wave, and behind each lies a piece of the next picture.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Wipe", "Geometry"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "slats", "LABEL": "Slats", "TYPE": "float", "MIN": 2.0, "MAX": 40.0, "DEFAULT": 12.0},
    {"NAME": "angle", "LABEL": "Angle in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "wave", "LABEL": "How far the wave lags", "TYPE": "float", "MIN": 0.0, "MAX": 0.9, "DEFAULT": 0.5},
    {"NAME": "shade", "LABEL": "Shade on turning slats", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6}
  ]
}*/

void main() {
    float turn = angle * 6.2832;
    vec2 way = vec2(cos(turn), sin(turn));
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float reach = abs(way.x) * aspect.x + abs(way.y);
    float place = dot((isf_FragNormCoord - 0.5) * aspect, way) / reach + 0.5;
    float n = floor(slats + 0.5);
    float slat = floor(place * n) / n, within = fract(place * n);
    float own = clamp((progress * (1.0 + wave) - wave * slat) , 0.0, 1.0);
    // A slat seen edge on is thin: it covers cos(t) of its width, first with one picture, then with the other.
    float width = abs(cos(3.1416 * own));
    float x = (within - 0.5) / max(width, 1.0e-3) + 0.5;
    bool hit_slat = x >= 0.0 && x <= 1.0;
    vec2 uv = isf_FragNormCoord + way * (x - within) / n * reach / aspect;
    vec4 front = own < 0.5 ? IMG_NORM_PIXEL(startImage, clamp(uv, 0.0, 1.0)) : IMG_NORM_PIXEL(endImage, clamp(uv, 0.0, 1.0));
    vec3 gap = 0.7 * mix(IMG_THIS_PIXEL(startImage).rgb, IMG_THIS_PIXEL(endImage).rgb, own) * (1.0 - 0.7 * shade);
    gl_FragColor = hit_slat ? vec4(front.rgb * (1.0 - shade * (1.0 - width)), front.a) : vec4(gap, 1.0);
}
