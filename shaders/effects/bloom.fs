/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Light spills out of the bright parts, near and far, as through wet air or an old lens.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Light", "Blur"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Light that spills", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "threshold", "LABEL": "Brightness where it begins", "TYPE": "float", "MIN": 0.0, "MAX": 0.95, "DEFAULT": 0.45},
    {"NAME": "reach", "LABEL": "How far it spills", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "warmth", "LABEL": "Warmth of the halo", "TYPE": "float", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.1}
  ],
  "PASSES": [
    {"TARGET": "bright", "WIDTH": "$WIDTH/4", "HEIGHT": "$HEIGHT/4"},
    {"TARGET": "near", "WIDTH": "$WIDTH/8", "HEIGHT": "$HEIGHT/8"},
    {"TARGET": "far", "WIDTH": "$WIDTH/16", "HEIGHT": "$HEIGHT/16"},
    {"TARGET": "halo", "WIDTH": "$WIDTH/4", "HEIGHT": "$HEIGHT/4"},
    {}
  ]
}*/

// Four taps between the texels of a picture twice as fine: a smooth quarter of the work of a full blur.
vec3 four(sampler2D source, vec2 uv, vec2 d) {
    return 0.25 * (IMG_NORM_PIXEL(source, uv + d).rgb + IMG_NORM_PIXEL(source, uv - d).rgb
        + IMG_NORM_PIXEL(source, uv + vec2(d.x, -d.y)).rgb + IMG_NORM_PIXEL(source, uv + vec2(-d.x, d.y)).rgb);
}

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 texel = 1.0 / RENDERSIZE;
    if (PASSINDEX == 0) {
        vec3 c = four(inputImage, uv, texel * 0.25);
        float top = max(c.r, max(c.g, c.b));
        float over = max(top - threshold * (1.0 - 0.3 * punch), 0.0) / (top + 0.001);
        // Squared, so that the halo keeps the colour of its lamp.
        gl_FragColor = vec4(c * c * over / (top + 0.001) * 1.25, 1.0);
    } else if (PASSINDEX == 1) {
        gl_FragColor = vec4(four(bright, uv, texel * 0.5), 1.0);
    } else if (PASSINDEX == 2) {
        gl_FragColor = vec4(four(near, uv, texel), 1.0);
    } else if (PASSINDEX == 3) {
        vec3 close = four(near, uv, texel * 2.2);
        vec3 wide = four(far, uv, texel * vec2(6.0, 5.0));
        gl_FragColor = vec4(close * (1.3 - 0.5 * reach) + wide * (0.3 + 1.3 * reach), 1.0);
    } else {
        vec4 now = IMG_THIS_PIXEL(inputImage);
        vec3 light = IMG_THIS_PIXEL(halo).rgb * vec3(1.0 + 0.25 * warmth, 1.0, 1.0 - 0.25 * warmth);
        light *= amount * (1.5 + 1.2 * punch);
        // Screen, not sum: the brightest parts keep their drawing.
        gl_FragColor = vec4(1.0 - (1.0 - now.rgb) * (1.0 - light / (1.0 + light)), now.a);
    }
}
