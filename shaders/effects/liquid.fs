/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture lies under moving oil: slow swells bend it and their crests catch a little light.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion", "Organic"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Depth of the swell", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "travel", "LABEL": "Carried along by the music", "TYPE": "float", "MIN": 0.0, "MAX": 36000.0, "DEFAULT": 0.0},
    {"NAME": "speed", "LABEL": "Own pace", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "scale", "LABEL": "Size of the swells", "TYPE": "float", "MIN": 0.3, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "shine", "LABEL": "Light on the crests", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4}
  ]
}*/

void main() {
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 uv = isf_FragNormCoord;
    vec2 p = (uv - 0.5) * aspect * 4.0 / scale;
    float t = TIME * speed * 0.7 + travel;
    // Three crossed waves, each bent by the one before.
    vec2 a = sin(p.yx * 1.3 + vec2(t, -t * 0.8));
    vec2 b = sin(p.yx * 2.1 + a * 1.6 + vec2(-t * 0.6, t * 0.9) + 1.7);
    vec2 c = sin(p.yx * 3.7 + b * 1.9 + vec2(t * 0.5, t * 0.7) + 4.1);
    vec2 bend = a * 0.5 + b * 0.32 + c * 0.18;
    float deep = amount * (0.06 + 0.10 * punch) * scale;
    uv = abs(mod(uv + bend * deep / aspect + 1.0, 2.0) - 1.0);
    vec4 now = IMG_NORM_PIXEL(inputImage, uv);
    float crest = max(0.5 * b.x + 0.3 * b.y + 0.2 * a.y, 0.0);
    crest *= crest * crest;
    vec3 light = (now.rgb * 0.9 + 0.06) * crest * shine * amount * (1.0 + 2.0 * punch);
    gl_FragColor = vec4(clamp(now.rgb + light, 0.0, 1.0), now.a);
}
