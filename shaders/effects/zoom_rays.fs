/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Light streams out of the bright parts as through dust, from a point that can wander.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Light", "Blur"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "threshold", "LABEL": "What counts as bright", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "reach", "LABEL": "Length of the rays", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "across", "LABEL": "Where they come from, left to right", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "height", "LABEL": "Where they come from, low to high", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "warmth", "LABEL": "Warmth", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2}
  ],
  "PASSES": [
    {"TARGET": "streams", "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

void main() {
    if (PASSINDEX == 1) {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        vec3 tone = vec3(1.0 + 0.3 * warmth, 1.0, 1.0 - 0.3 * warmth);
        vec3 rays = IMG_NORM_PIXEL(streams, isf_FragNormCoord).rgb * tone * amount * (1.9 + 2.2 * punch);
        gl_FragColor = vec4(1.0 - (1.0 - clamp(now.rgb, 0.0, 1.0)) * exp2(-1.3 * rays), now.a);
        return;
    }
    vec2 way = (isf_FragNormCoord - vec2(across, height)) * (0.25 + 0.55 * reach);
    // Each pixel starts at its own place along the ray, so that steps do not show as rings.
    float start = fract(dot(floor(gl_FragCoord.xy), vec2(0.7548777, 0.5698403)));
    vec3 sum = vec3(0.0);
    float weight = 0.0;
    for (int i = 0; i < 14; i++) {
        float t = (float(i) + start) / 14.0;
        vec3 c = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord - way * t).rgb;
        float w = 1.0 - t;
        sum += c * smoothstep(threshold, threshold + 0.35, dot(c, vec3(0.30, 0.58, 0.12))) * w;
        weight += w;
    }
    gl_FragColor = vec4(sum / weight, 1.0);
}
