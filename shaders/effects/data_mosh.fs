/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Blocks of the last pictures stick and are dragged along, as when a video stream loses its key frames.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Glitch", "Feedback"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "blocks", "LABEL": "Blocks from top to bottom", "TYPE": "float", "MIN": 4.0, "MAX": 60.0, "DEFAULT": 22.0},
    {"NAME": "drag", "LABEL": "How far they are dragged", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "stick", "LABEL": "How long they stick", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "colour_loss", "LABEL": "Loss of colour", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3}
  ],
  "PASSES": [
    {"TARGET": "stuck", "PERSISTENT": true},
    {}
  ]
}*/

float chance(vec2 cell) { return fract(sin(dot(cell, vec2(12.9898, 78.233))) * 43758.5453); }

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    if (PASSINDEX == 1) {
        gl_FragColor = vec4(mix(now.rgb, IMG_THIS_PIXEL(stuck).rgb, step(0.0005, amount)), now.a);
        return;
    }
    vec2 aspect = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 cell = floor(isf_FragNormCoord * aspect * floor(blocks));
    float turn = floor(TIME * 5.0);
    float luck = chance(cell + turn * 1.37), way = chance(cell * 1.7 + floor(turn * 0.25));
    // The share of blocks that miss their key frame in this fifth of a second.
    float lost = step(1.0 - amount * (0.25 + 0.6 * stick) * (0.55 + 0.45 * punch), luck);
    float angle = 6.2832 * floor(way * 4.0) / 4.0;
    vec2 move = vec2(cos(angle), sin(angle)) * drag * min(TIMEDELTA, 0.1) * (0.15 + 0.5 * punch);
    vec3 old = IMG_NORM_PIXEL(stuck, clamp(isf_FragNormCoord - move, 0.0, 1.0)).rgb;
    old = mix(old, old.gbr, colour_loss * 0.06 * step(0.7, way));
    gl_FragColor = vec4(clamp(mix(now.rgb, mix(old, now.rgb, 0.02), FRAMEINDEX == 0 ? 0.0 : lost), 0.0, 1.0), 1.0);
}
