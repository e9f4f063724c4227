/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Another picture shines on this one: its colours fall on the relief of what is painted here, from where they are.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Light", "Two pictures"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "other", "LABEL": "Picture that shines", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "How much is its light", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "relief", "LABEL": "Height of the relief", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "dusk", "LABEL": "Dark where no light falls", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.75},
    {"NAME": "gloss", "LABEL": "Gloss", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4}
  ],
  "PASSES": [
    {"TARGET": "lamp", "WIDTH": "$WIDTH/8", "HEIGHT": "$HEIGHT/8"},
    {"TARGET": "soft", "WIDTH": "$WIDTH/8", "HEIGHT": "$HEIGHT/8"},
    {}
  ]
}*/

float tone(vec2 at) { return dot(IMG_NORM_PIXEL(inputImage, at).rgb, vec3(0.30, 0.58, 0.12)); }
float glow(vec2 at) { return dot(IMG_NORM_PIXEL(soft, at).rgb, vec3(0.30, 0.58, 0.12)); }

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX < 2) {
        // The light: the other picture, blurred along one axis, then along the other.
        vec2 along = (PASSINDEX == 0 ? vec2(1.0, 0.0) : vec2(0.0, 1.0)) * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0) * 0.022;
        vec3 sum = vec3(0.0);
        for (int i = 0; i < 7; i++) {
            float x = float(i) - 3.0;
            vec2 at = uv + along * x;
            vec3 c = PASSINDEX == 0 ? IMG_NORM_PIXEL(other, at).rgb : IMG_NORM_PIXEL(lamp, at).rgb;
            sum += c * exp(-0.18 * x * x);
        }
        gl_FragColor = vec4(sum / 4.0, 1.0);
        return;
    }
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
    vec2 e = 0.004 * aspect;
    vec2 g = 0.05 * aspect;
    vec2 slope = vec2(tone(uv + vec2(e.x, 0.0)) - tone(uv - vec2(e.x, 0.0)), tone(uv + vec2(0.0, e.y)) - tone(uv - vec2(0.0, e.y)));
    vec2 towards = vec2(glow(uv + vec2(g.x, 0.0)) - glow(uv - vec2(g.x, 0.0)), glow(uv + vec2(0.0, g.y)) - glow(uv - vec2(0.0, g.y)));
    vec3 normal = normalize(vec3(-slope * (1.0 + 9.0 * relief), 1.0));
    vec3 from = normalize(vec3(towards * 6.0, 0.7));
    float soft_light = max(dot(normal, from), 0.0);
    float bright = pow(max(dot(normal, normalize(from + vec3(0.0, 0.0, 1.0))), 0.0), 30.0);
    vec3 light = IMG_NORM_PIXEL(soft, uv).rgb * (1.6 + 1.2 * punch);
    vec3 lit = now.rgb * (1.0 - dusk + light * 1.7 * soft_light) + light * bright * gloss * (0.15 + 0.6 * tone(uv));
    gl_FragColor = vec4(mix(now.rgb, clamp(lit, 0.0, 1.0), amount), now.a);
}
