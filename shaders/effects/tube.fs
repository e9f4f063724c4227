/*{
  "ISFVSN": "2",
  "DESCRIPTION": "The picture on an old tube: curved glass, lines, a mask of three colours, and a hum that rolls through.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Stylise", "Retro"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "curve", "LABEL": "Curve of the glass", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "lines", "LABEL": "Depth of the lines", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "mask", "LABEL": "Depth of the colour mask", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "roll", "LABEL": "Pace of the rolling hum", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.3}
  ]
}*/

void main() {
    vec4 plain = IMG_THIS_PIXEL(inputImage);
    vec2 p = isf_FragNormCoord * 2.0 - 1.0;
    float bend = 0.14 * curve * amount;
    vec2 q = p * (1.0 + bend * p.yx * p.yx) / (1.0 + 0.5 * bend);
    q.x += punch * amount * 0.03 * sin(q.y * 40.0 + TIME * 60.0) * exp2(-3.0 * abs(q.y - 0.3));
    vec2 uv = q * 0.5 + 0.5;
    vec2 soft = vec2(0.0012 + 0.003 * punch, 0.0);
    vec3 c = vec3(IMG_NORM_PIXEL(inputImage, uv + soft).r, IMG_NORM_PIXEL(inputImage, uv).g, IMG_NORM_PIXEL(inputImage, uv - soft).b);
    float rows = min(RENDERSIZE.y / 3.0, 300.0);
    float line = 0.5 + 0.5 * cos(6.2832 * uv.y * rows);
    float column = mod(floor(gl_FragCoord.x), 3.0);
    vec3 stripe = vec3(column == 0.0 ? 1.0 : 0.6, column == 1.0 ? 1.0 : 0.6, column == 2.0 ? 1.0 : 0.6) * 1.3;
    c *= mix(1.0, 0.55 + 0.75 * line, lines) * mix(vec3(1.0), stripe, mask);
    float hum = fract(uv.y + TIME * roll * 0.25);
    c *= 1.0 + 0.16 * exp2(-40.0 * (hum - 0.5) * (hum - 0.5));
    vec2 rim = smoothstep(vec2(0.0), vec2(0.02), uv) * smoothstep(vec2(0.0), vec2(0.02), 1.0 - uv);
    c *= mix(1.0, rim.x * rim.y, step(0.001, curve)) * (1.0 - 0.25 * dot(p, p) * 0.5) * (1.12 + 0.3 * punch);
    gl_FragColor = vec4(mix(plain.rgb, clamp(c, 0.0, 1.0), smoothstep(0.0, 0.25, amount)), plain.a);
}
