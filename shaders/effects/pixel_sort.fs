/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Stretches of the picture are put in order from dark to light, so that it runs down in silky streaks.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Glitch", "Stylise"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "span", "LABEL": "Length of the streaks", "TYPE": "float", "MIN": 0.05, "MAX": 0.6, "DEFAULT": 0.28},
    {"NAME": "darkest", "LABEL": "Darkest part that runs", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.18},
    {"NAME": "width", "LABEL": "Width of the streaks", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.15},
    {"NAME": "direction", "LABEL": "Direction", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["down", "up", "right", "left"], "DEFAULT": 0}
  ],
  "PASSES": [
    {"TARGET": "streaks", "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX == 1) {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        vec4 run = IMG_THIS_PIXEL(streaks);
        float share = clamp(amount * 1.25 + 0.5 * punch * step(0.001, amount), 0.0, 1.0);
        gl_FragColor = vec4(mix(now.rgb, run.rgb, run.a * share), now.a);
        return;
    }
    bool level = direction > 1;
    float across = level ? uv.y : uv.x;
    float along = level ? uv.x : uv.y;
    bool back = direction == 0 || direction == 3;
    // Every streak has its own offset and length, from a hash of its place.
    float lanes = mix(360.0, 40.0, sqrt(width));
    float lane = floor(across * lanes);
    float h = fract(sin(lane * 12.9898) * 43758.5453);
    float reach = span * (0.35 + 0.65 * fract(h * 7.31)) * (0.5 + 0.5 * amount + 0.8 * punch);
    float place = along / reach + h;
    float start = (floor(place) - h) * reach;
    float inside = fract(place);
    if (back) inside = 1.0 - inside;
    // Twelve samples of the stretch, ranked by counting how many are darker: no loop without a bound, no swaps.
    vec3 sample_at[12];
    float key[12];
    float mean = 0.0;
    for (int i = 0; i < 12; i++) {
        float s = clamp(start + reach * (float(i) + 0.5) / 12.0, 0.0, 1.0);
        sample_at[i] = IMG_NORM_PIXEL(inputImage, level ? vec2(s, uv.y) : vec2(uv.x, s)).rgb;
        key[i] = dot(sample_at[i], LUMA) + float(i) * 1.0e-5;
        mean += key[i];
    }
    float want = clamp(inside * 12.0 - 0.5, 0.0, 11.0);
    vec3 sorted = vec3(0.0);
    for (int i = 0; i < 12; i++) {
        float rank = 0.0;
        for (int j = 0; j < 12; j++) rank += step(key[j], key[i]);
        sorted += sample_at[i] * max(1.0 - abs(rank - 1.0 - want), 0.0);
    }
    float runs = smoothstep(darkest - 0.08, darkest + 0.08, mean / 12.0 + 0.25 * punch);
    gl_FragColor = vec4(sorted, runs);
}
