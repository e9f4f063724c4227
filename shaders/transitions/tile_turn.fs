/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture is a wall of tiles; they turn over from one corner to the other, and the next one is on their backs.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Transition", "Geometry", "Motion"],
  "INPUTS": [
    {"NAME": "startImage", "LABEL": "From", "TYPE": "image"},
    {"NAME": "endImage", "LABEL": "To", "TYPE": "image"},
    {"NAME": "progress", "LABEL": "Progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "tiles", "LABEL": "Tiles from top to bottom", "TYPE": "float", "MIN": 1.0, "MAX": 20.0, "DEFAULT": 6.0},
    {"NAME": "wave", "LABEL": "How far the wave lags", "TYPE": "float", "MIN": 0.0, "MAX": 0.9, "DEFAULT": 0.6},
    {"NAME": "corner", "LABEL": "Where it starts, in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.12},
    {"NAME": "shade", "LABEL": "Shade on turning tiles", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6}
  ]
}*/

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float n = floor(tiles + 0.5);
    vec2 p = isf_FragNormCoord * aspect * n;
    vec2 cell = floor(p), within = fract(p);
    vec2 way = vec2(cos(corner * 6.2832), sin(corner * 6.2832));
    vec2 middle = (cell + 0.5) / n / aspect - 0.5;
    float place = clamp(dot(middle, way) / (abs(way.x) + abs(way.y)) + 0.5, 0.0, 1.0);
    float own = clamp(progress * (1.0 + wave) - wave * place, 0.0, 1.0);
    own = own * own * (3.0 - 2.0 * own);
    float width = abs(cos(3.1416 * own));
    float x = (within.x - 0.5) / max(width, 1.0e-3) + 0.5;
    vec2 uv = clamp((cell + vec2(x, within.y)) / n / aspect, 0.0, 1.0);
    vec4 face = own < 0.5 ? IMG_NORM_PIXEL(startImage, uv) : IMG_NORM_PIXEL(endImage, uv);
    float on = step(abs(x - 0.5), 0.5);
    // Between the tiles the dark wall behind them shows a trace of both.
    vec3 wall = 0.4 * mix(IMG_THIS_PIXEL(startImage).rgb, IMG_THIS_PIXEL(endImage).rgb, progress);
    gl_FragColor = vec4(mix(wall, face.rgb * (1.0 - shade * (1.0 - width)), on), 1.0);
}
