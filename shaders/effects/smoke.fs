/*{
  "ISFVSN": "2",
  "DESCRIPTION": "What is bright gives off coloured smoke that curls upward and thins out in the dark.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Feedback", "Organic"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "rise", "LABEL": "How fast it rises", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "curl", "LABEL": "How much it curls", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "memory", "LABEL": "How long it hangs", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "from_light", "LABEL": "How bright it must be to smoke", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35}
  ],
  "PASSES": [
    {"TARGET": "smoke_plate", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    if (PASSINDEX == 1) {
        vec3 s = IMG_THIS_PIXEL(smoke_plate).rgb;
        vec3 c = 1.0 - (1.0 - clamp(now.rgb, 0.0, 1.0)) * (1.0 - clamp(s, 0.0, 1.0) * amount);
        gl_FragColor = vec4(c, now.a);
        return;
    }
    float dt = min(TIMEDELTA, 0.1);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = isf_FragNormCoord * aspect;
    // A stream without divergence: the turned slope of three waves.
    float t = TIME * 0.35;
    vec2 a = vec2(cos(p.y * 9.0 + t), -cos(p.x * 8.0 - t * 1.2));
    vec2 b = 0.6 * vec2(cos(p.y * 19.0 - t * 1.7 + 2.0 * sin(p.x * 6.0)), -cos(p.x * 17.0 + t * 1.3 + 2.0 * sin(p.y * 5.0)));
    vec2 flow = (a + b) * curl * (0.10 + 0.22 * punch) + vec2(0.0, rise * 0.30);
    vec2 at = isf_FragNormCoord - flow * dt / aspect;
    vec2 e = vec2(0.0015) / aspect;
    vec3 old = 0.25 * (IMG_NORM_PIXEL(smoke_plate, at + e).rgb + IMG_NORM_PIXEL(smoke_plate, at - e).rgb
        + IMG_NORM_PIXEL(smoke_plate, at + vec2(e.x, -e.y)).rgb + IMG_NORM_PIXEL(smoke_plate, at + vec2(-e.x, e.y)).rgb);
    old = max(old * exp2(-dt * mix(3.2, 0.7, memory)) - 0.10 * dt, 0.0);
    float hot = smoothstep(from_light, from_light + 0.4, dot(now.rgb, vec3(0.30, 0.58, 0.12)));
    gl_FragColor = vec4(clamp(max(old, now.rgb * hot * (0.7 + 0.3 * punch)), 0.0, 1.0), 1.0);
}
