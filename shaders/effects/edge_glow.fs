/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Outlines burn like wire in the dark, in the colours of what they surround; the rest sinks back.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Light", "Edges"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Fire in the edges", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "dim", "LABEL": "How far the rest sinks", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.55},
    {"NAME": "halo", "LABEL": "Halo around the wire", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "hue_shift", "LABEL": "Turn of the wire's colour", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}
  ],
  "PASSES": [
    {"TARGET": "wire", "WIDTH": "$WIDTH/2", "HEIGHT": "$HEIGHT/2"},
    {"TARGET": "soft", "WIDTH": "$WIDTH/8", "HEIGHT": "$HEIGHT/8"},
    {}
  ]
}*/

// Cost: edges are found and then spread in passes of their own.

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        // Differences across a pixel of the half-size picture, per channel: coloured edges for four fetches.
        vec2 d = 0.55 / RENDERSIZE;
        vec3 a = IMG_NORM_PIXEL(inputImage, uv + d).rgb;
        vec3 b = IMG_NORM_PIXEL(inputImage, uv - d).rgb;
        vec3 c = IMG_NORM_PIXEL(inputImage, uv + vec2(d.x, -d.y)).rgb;
        vec3 e = IMG_NORM_PIXEL(inputImage, uv + vec2(-d.x, d.y)).rgb;
        float scale = RENDERSIZE.y / 180.0;
        vec3 slope = max(abs(a - b), abs(c - e)) * scale;
        vec3 body = max(max(a, b), max(c, e));
        float top = max(body.r, max(body.g, body.b)) + 0.05;
        // Measured against the brightness around it, so that the dark parts of a picture have outlines too.
        float strength = max(slope.r, max(slope.g, slope.b)) / (0.25 + 0.75 * top);
        strength = smoothstep(0.02, 0.30, strength);
        vec3 tint = mix(body / top, slope / (max(slope.r, max(slope.g, slope.b)) + 0.05), 0.35);
        gl_FragColor = vec4(tint * strength, 1.0);
    } else if (PASSINDEX == 1) {
        vec2 d = 0.35 / RENDERSIZE;
        vec3 c = IMG_NORM_PIXEL(wire, uv + d).rgb + IMG_NORM_PIXEL(wire, uv - d).rgb
            + IMG_NORM_PIXEL(wire, uv + vec2(d.x, -d.y)).rgb + IMG_NORM_PIXEL(wire, uv + vec2(-d.x, d.y)).rgb;
        gl_FragColor = vec4(c * 0.25, 1.0);
    } else {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        vec3 line = IMG_THIS_PIXEL(wire).rgb;
        vec2 d = 1.0 / IMG_SIZE(soft);
        vec3 glow = 0.25 * (IMG_NORM_PIXEL(soft, uv + d).rgb + IMG_NORM_PIXEL(soft, uv - d).rgb
            + IMG_NORM_PIXEL(soft, uv + vec2(d.x, -d.y)).rgb + IMG_NORM_PIXEL(soft, uv + vec2(-d.x, d.y)).rgb);
        vec3 light = line * (0.5 + 0.65 * line) + glow * halo * (1.1 + 1.2 * punch);
        light = mix(light, light.gbr, clamp(hue_shift * 2.0, 0.0, 1.0));
        light = mix(light, light.gbr, clamp(hue_shift * 2.0 - 1.0, 0.0, 1.0));
        vec3 c = now.rgb * (1.0 - amount * dim) + light * amount * (1.0 + 1.2 * punch);
        gl_FragColor = vec4(clamp(c, 0.0, 1.0), now.a);
    }
}
