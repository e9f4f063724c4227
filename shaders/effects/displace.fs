/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Brightness becomes height: the picture is bent as if seen through its own relief, and heaves on a hit.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Depth of the relief", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "direction", "LABEL": "Direction of the push", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "swirl", "LABEL": "Swirl around the edges", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "shine", "LABEL": "Shine on the slopes", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
  ],
  "PASSES": [
    {"TARGET": "relief", "WIDTH": "$WIDTH/8", "HEIGHT": "$HEIGHT/8"},
    {}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        // The relief, at an eighth of the size: four taps make it smooth enough to bend light.
        vec2 d = 0.5 / RENDERSIZE;
        vec3 c = IMG_NORM_PIXEL(inputImage, uv + d).rgb + IMG_NORM_PIXEL(inputImage, uv - d).rgb
            + IMG_NORM_PIXEL(inputImage, uv + vec2(d.x, -d.y)).rgb + IMG_NORM_PIXEL(inputImage, uv + vec2(-d.x, d.y)).rgb;
        gl_FragColor = vec4(vec3(0.25 * dot(c, LUMA)), 1.0);
        return;
    }
    vec2 aspect = vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    vec2 e = 0.028 * aspect;
    float l = IMG_NORM_PIXEL(relief, uv - vec2(e.x, 0.0)).r;
    float r = IMG_NORM_PIXEL(relief, uv + vec2(e.x, 0.0)).r;
    float b = IMG_NORM_PIXEL(relief, uv - vec2(0.0, e.y)).r;
    float t = IMG_NORM_PIXEL(relief, uv + vec2(0.0, e.y)).r;
    vec2 slope = vec2(r - l, t - b);
    float height = 0.25 * (l + r + b + t);
    float angle = 6.28318 * direction;
    vec2 push = vec2(cos(angle), sin(angle)) * (height - 0.35) * 0.5;
    vec2 bend = mix(slope, vec2(-slope.y, slope.x), swirl) + push;
    float deep = amount * (0.16 + 0.26 * punch);
    vec2 at = abs(mod(uv + bend * deep * aspect + 1.0, 2.0) - 1.0);
    vec4 c = IMG_NORM_PIXEL(inputImage, at);
    float light = dot(slope, vec2(-0.7, 0.7)) * shine * amount * (1.0 + 2.0 * punch);
    gl_FragColor = vec4(clamp(c.rgb * (1.0 + light) + max(light, 0.0) * 0.15, 0.0, 1.0), c.a);
}
