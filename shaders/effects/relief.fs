/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture pressed into metal: its edges catch a lamp that circles with the music.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Stylise", "Light"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "depth", "LABEL": "Depth of the press", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "lamp", "LABEL": "Where the lamp stands, in turns", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.12},
    {"NAME": "spin", "LABEL": "The lamp circles", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.1},
    {"NAME": "metal", "LABEL": "From picture to metal", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25}
  ]
}*/

float tone(vec2 at) { return dot(IMG_NORM_PIXEL(inputImage, at).rgb, vec3(0.30, 0.58, 0.12)); }

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 e = 1.6 / vec2(RENDERSIZE.y) * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0) * max(RENDERSIZE.y / 540.0, 1.0);
    vec2 at = isf_FragNormCoord;
    vec2 slope = vec2(tone(at + vec2(e.x, 0.0)) - tone(at - vec2(e.x, 0.0)), tone(at + vec2(0.0, e.y)) - tone(at - vec2(0.0, e.y)));
    vec3 normal = normalize(vec3(-slope * (2.0 + 10.0 * depth) * (1.0 + punch), 1.0));
    float turn = 6.2832 * (lamp + spin * TIME * 0.1);
    vec3 light = normalize(vec3(0.8 * cos(turn), 0.8 * sin(turn), 0.7));
    float soft = max(dot(normal, light), 0.0);
    float gloss = pow(max(dot(normal, normalize(light + vec3(0.0, 0.0, 1.0))), 0.0), 40.0);
    float grey = tone(at);
    vec3 body = mix(now.rgb, vec3(0.30, 0.31, 0.34) * (0.35 + 1.0 * grey), metal);
    vec3 c = body * (0.25 + 1.15 * soft) + (mix(vec3(1.0), now.rgb, 0.5) * gloss * (0.35 + 0.6 * punch)) * (0.3 + grey);
    gl_FragColor = vec4(mix(now.rgb, clamp(c, 0.0, 1.0), amount), now.a);
}
