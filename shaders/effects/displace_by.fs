/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Another picture bends this one: what is bright there pushes here, and its edges stir like a spoon.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion", "Two pictures"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "other", "LABEL": "Picture that bends it", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "How far it bends", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "swirl", "LABEL": "From pushed to stirred", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "by_colour", "LABEL": "Red and green push right and up", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "split", "LABEL": "Colours bend unlike", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "shine", "LABEL": "Light on the slopes", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25}
  ],
  "PASSES": [
    {"TARGET": "relief", "WIDTH": "$WIDTH/4", "HEIGHT": "$HEIGHT/4"},
    {}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

vec2 folded(vec2 at) { return abs(mod(at + 1.0, 2.0) - 1.0); }

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        vec2 d = 0.75 / RENDERSIZE;
        vec3 c = vec3(0.0);
        for (int i = 0; i < 9; i++) {
            vec2 step = vec2(float(i % 3) - 1.0, float(i / 3) - 1.0);
            c += IMG_NORM_PIXEL(other, uv + step * d).rgb;
        }
        c /= 9.0;
        gl_FragColor = vec4(c.rg, dot(c, LUMA), 1.0);
        return;
    }
    vec2 aspect = vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    vec2 e = 0.016 * aspect;
    vec4 l = IMG_NORM_PIXEL(relief, uv - vec2(e.x, 0.0));
    vec4 r = IMG_NORM_PIXEL(relief, uv + vec2(e.x, 0.0));
    vec4 b = IMG_NORM_PIXEL(relief, uv - vec2(0.0, e.y));
    vec4 t = IMG_NORM_PIXEL(relief, uv + vec2(0.0, e.y));
    vec2 slope = vec2(r.b - l.b, t.b - b.b);
    vec2 colours = 0.25 * (l.rg + r.rg + b.rg + t.rg) - 0.35;
    vec2 bend = mix(slope, vec2(-slope.y, slope.x), swirl);
    bend = mix(bend, colours, by_colour) * amount * (0.16 + 0.22 * punch);
    vec4 c = IMG_NORM_PIXEL(inputImage, folded(uv - bend * aspect));
    float apart = 0.35 * split;
    c.r = IMG_NORM_PIXEL(inputImage, folded(uv - bend * (1.0 + apart) * aspect)).r;
    c.b = IMG_NORM_PIXEL(inputImage, folded(uv - bend * (1.0 - apart) * aspect)).b;
    float light = dot(slope, vec2(-0.7, 0.7)) * shine * amount * (1.5 + 2.0 * punch);
    gl_FragColor = vec4(clamp(c.rgb * (1.0 + light) + max(light, 0.0) * 0.12, 0.0, 1.0), c.a);
}
