/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture is wound round a point: its floor becomes a centre, its sky a rim, and it turns.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Geometry", "Distortion"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "spin", "LABEL": "Turning", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "inside_out", "LABEL": "Inside out", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "swirl", "LABEL": "Swirl", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "repeats", "LABEL": "Times round", "TYPE": "float", "MIN": 1.0, "MAX": 6.0, "DEFAULT": 2.0}
  ]
}*/

vec2 folded(vec2 uv) { return abs(mod(uv + 1.0, 2.0) - 1.0); }

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float r = length(p) * 1.55 * (1.0 - 0.25 * punch);
    float around = atan(p.x, p.y) / 6.2832 + spin * TIME * 0.06 + swirl * 0.4 * (r + 0.6 * punch);
    // Whole mirrored turns close without a seam.
    vec2 wound = folded(vec2(around * 2.0 * floor(repeats + 0.5), mix(r, 1.0 / (1.0 + 3.0 * r), inside_out)));
    vec3 c = IMG_NORM_PIXEL(inputImage, wound).rgb;
    gl_FragColor = vec4(mix(now.rgb, c, smoothstep(0.0, 1.0, amount)), now.a);
}
