/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture through a wet window: drops hang, run down and bend what is behind them.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Distortion", "Organic"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "drops", "LABEL": "Drops", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "fog", "LABEL": "Fog on the glass", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "speed", "LABEL": "How fast they run", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.6},
    {"NAME": "scale", "LABEL": "Size of the drops", "TYPE": "float", "MIN": 0.5, "MAX": 3.0, "DEFAULT": 1.2}
  ]
}*/

vec3 chance(vec2 cell) {
    float h = dot(cell, vec2(127.1, 311.7));
    return fract(sin(vec3(h, h + 1.7, h + 3.1)) * 43758.5453);
}

// Slope of the water (xy) and how much water there is (z) at a place.
vec3 water(vec2 p, float run) {
    vec2 cell = floor(p);
    vec3 luck = chance(cell);
    // A drop slides down its cell, waits, and starts again.
    float t = fract(run * (0.3 + 0.7 * luck.x) + luck.y);
    vec2 at = vec2(0.5 + 0.25 * (luck.z - 0.5) + 0.06 * sin(t * 20.0), 0.85 - 0.7 * t * t * (3.0 - 2.0 * t));
    vec2 d = fract(p) - at;
    d.y *= d.y > 0.0 ? 0.75 : 1.0;
    float size = max((0.10 + 0.14 * luck.z) * smoothstep(0.0, 0.15, t) * (1.0 - smoothstep(0.85, 1.0, t)), 1.0e-3);
    float there = step(luck.x, drops) * step(0.02, size) * (1.0 - smoothstep(0.7 * size, size, length(d)));
    return vec3(d / size * there, there);
}

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float run = TIME * speed * 0.35;
    vec2 p = isf_FragNormCoord * aspect * 7.0 / scale;
    vec3 w = water(p * vec2(1.0, 0.6), run) + water(p * vec2(1.7, 1.1) + 4.3, run * 1.3) + water(p * 2.7 + 9.1, 0.0);
    vec2 bend = w.xy * amount * (0.05 + 0.08 * punch);
    float clear = min(w.z, 1.0);
    vec3 c = IMG_NORM_PIXEL(inputImage, clamp(isf_FragNormCoord - bend / aspect, 0.0, 1.0)).rgb;
    vec2 e = vec2(0.012 * fog * amount) / aspect;
    vec3 mist = 0.25 * (IMG_NORM_PIXEL(inputImage, isf_FragNormCoord + e).rgb + IMG_NORM_PIXEL(inputImage, isf_FragNormCoord - e).rgb
        + IMG_NORM_PIXEL(inputImage, isf_FragNormCoord + vec2(e.x, -e.y)).rgb + IMG_NORM_PIXEL(inputImage, isf_FragNormCoord + vec2(-e.x, e.y)).rgb);
    mist = mix(mist, vec3(dot(mist, vec3(0.33))) * 0.6 + 0.16, 0.35 * fog);
    vec3 glass = mix(mix(c, mist, fog), c * (1.05 + 0.4 * punch) + 0.22 * max(w.y, 0.0) * clear, clear);
    gl_FragColor = vec4(mix(now.rgb, clamp(glass, 0.0, 1.0), min(amount * 1.5, 1.0)), now.a);
}
