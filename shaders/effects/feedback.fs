/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture falls into itself: each frame is drawn over a zoomed and turned memory of the last, seen through its dark parts.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Feedback", "Motion"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "zoom", "LABEL": "Zoom, in or out", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "rotation", "LABEL": "Rotation", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.15},
    {"NAME": "drift", "LABEL": "Drift upward", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "memory", "LABEL": "Length of memory", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "colour_turn", "LABEL": "Turn of the colours", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2},
    {"NAME": "key", "LABEL": "How dark lets the memory through", "TYPE": "float", "MIN": 0.05, "MAX": 1.0, "DEFAULT": 0.5}
  ],
  "PASSES": [
    {"TARGET": "trail", "PERSISTENT": true, "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

// How much of the memory shows: all of it where the picture is dark, little where it is bright.
float window_of(vec3 c) {
    float open_to = key * (1.0 + punch) + 0.05;
    return 1.0 - smoothstep(0.0, open_to, dot(c, LUMA));
}

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    float w = window_of(now.rgb);
    if (PASSINDEX == 1) {
        // The brighter of the two, never their sum: what is bounded going in is bounded coming out.
        vec3 old = IMG_THIS_PIXEL(trail).rgb;
        gl_FragColor = vec4(mix(now.rgb, max(old, now.rgb), amount * (0.15 + 0.85 * w)), now.a);
        return;
    }
    float dt = min(TIMEDELTA, 0.1);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * aspect;
    float angle = dt * (rotation * 0.8 + 0.5 * punch * sign(rotation));
    float s = 1.0 - dt * (zoom * 0.9 + 1.6 * punch * (zoom < 0.0 ? -1.0 : 1.0));
    p = s * vec2(p.x - angle * p.y, p.y + angle * p.x);
    p.y -= drift * dt * 0.4;
    vec3 old = IMG_NORM_PIXEL(trail, p / aspect + 0.5).rgb;
    // A small turn about the grey axis. It keeps the sum, so that colours move and never wash out to grey.
    float turn = colour_turn * dt * 1.4;
    old += turn * (old.brg - old.gbr);
    float grey = dot(old, LUMA);
    old = mix(vec3(grey), old, 1.0 + 0.25 * dt);
    // The last part is a floor for 8-bit buffers, where a plain factor would stick above black.
    old = max(old * exp2(-dt * mix(4.0, 0.55, memory)) - 0.12 * dt, 0.0);
    gl_FragColor = vec4(clamp(mix(now.rgb, max(old, now.rgb * 0.9), 0.15 + 0.85 * w), 0.0, 1.0), 1.0);
}
