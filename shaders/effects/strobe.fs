/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Soft flashes on hits or at a steady rate, never more than the limit allows (three a second unless a person sets it higher).",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Light", "Rhythm"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Strength of a flash", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "rate", "LABEL": "Flashes a second without hits", "TYPE": "float", "MIN": 0.0, "MAX": 3.0, "DEFAULT": 0.0},
    {"NAME": "limit", "LABEL": "Most flashes a second (above 3 can harm people)", "TYPE": "float", "MIN": 0.5, "MAX": 10.0, "DEFAULT": 3.0},
    {"NAME": "softness", "LABEL": "Softness", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "tint", "LABEL": "Colour of the flash", "TYPE": "color", "DEFAULT": [1.0, 0.93, 0.84, 1.0]},
    {"NAME": "own_light", "LABEL": "From flat light to the picture's own", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.65}
  ],
  "PASSES": [
    {"TARGET": "memory", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"},
    {}
  ]
}*/

// Light of one flash, by seconds since it began: a short rise, then a longer fall.
float flash(float since) {
    float rise = 0.015 + 0.075 * softness;
    float fall = mix(16.0, 7.0, softness);
    return smoothstep(0.0, rise, since) * exp2(-fall * max(since - rise, 0.0));
}

void main() {
    if (PASSINDEX == 0) {
        // One pixel of memory: r seconds since the last flash began, g whether the hit is armed again.
        vec4 was = IMG_NORM_PIXEL(memory, vec2(0.5));
        float since = FRAMEINDEX == 0 ? 60.0 : min(was.r + min(TIMEDELTA, 0.25), 60.0);
        float armed = FRAMEINDEX == 0 ? 1.0 : was.g;
        if (punch < 0.35) armed = 1.0;
        bool hit = armed > 0.5 && punch > 0.5;
        bool due = rate > 0.01 && since * rate >= 1.0;
        // Two in a hundred more than the exact period, so that no window of one second holds one flash too many.
        bool allowed = since * limit >= 1.02;
        if (hit) armed = 0.0;
        if ((hit || due) && allowed) since = 0.0;
        gl_FragColor = vec4(since, armed, 0.0, 1.0);
        return;
    }
    vec4 now = IMG_THIS_PIXEL(inputImage);
    // The state was written in this very frame: count from half a frame in, so that the first frame shows already.
    float f = flash(IMG_NORM_PIXEL(memory, vec2(0.5)).r + 0.5 * min(TIMEDELTA, 0.05)) * amount;
    vec3 own = now.rgb * (1.0 + 1.6 * f) + tint.rgb * 0.12 * f;
    vec3 flat_light = mix(now.rgb, tint.rgb, 0.85 * f);
    gl_FragColor = vec4(clamp(mix(flat_light, own, own_light), 0.0, 1.0), now.a);
}
