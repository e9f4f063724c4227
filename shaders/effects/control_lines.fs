/*{
  "ISFVSN": "2",
  "DESCRIPTION": "Outlines alone, thin and white on black, as ControlNets for edges are shown them; or a drawing in chalk.",
  "CREDIT": "the perform authors",
  "LICENSE": "Apache-2.0",
  "CATEGORIES": ["Edges", "Control"],
  "INPUTS": [
    {"NAME": "inputImage", "LABEL": "Picture", "TYPE": "image"},
    {"NAME": "amount", "LABEL": "Amount", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0},
    {"NAME": "punch", "LABEL": "Punch on a hit", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "detail", "LABEL": "How faint an edge still counts", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "width", "LABEL": "Width of a line", "TYPE": "float", "MIN": 0.5, "MAX": 4.0, "DEFAULT": 1.2}
  ]
}*/

const vec3 LUMA = vec3(0.30, 0.58, 0.12);

float light_at(vec2 uv) { return dot(IMG_NORM_PIXEL(inputImage, uv).rgb, LUMA); }

// Slope of the light, a reach to each side along both diagonals.
vec2 slope_at(vec2 uv, vec2 reach) {
    float rising = light_at(uv + reach) - light_at(uv - reach);
    float falling = light_at(uv + vec2(reach.x, -reach.y)) - light_at(uv + vec2(-reach.x, reach.y));
    return 0.5 * vec2(rising + falling, rising - falling);
}

void main() {
    vec2 uv = isf_FragNormCoord;
    vec4 now = IMG_THIS_PIXEL(inputImage);
    // A line is as wide on a small wall as on a large one, but never under a pixel.
    vec2 reach = max(width * RENDERSIZE.y / 540.0 * (1.0 + punch), 0.7) / RENDERSIZE;
    vec2 slope = slope_at(uv, reach);
    float steep = length(slope);
    // Only the crest of a slope is a line: steeper than its neighbours up and down the hill (Canny, 1986).
    vec2 way = slope / max(steep, 1e-4) * reach * 1.5;
    float beside = max(length(slope_at(uv + way, reach)), length(slope_at(uv - way, reach)));
    float least = mix(0.16, 0.012, detail) / (1.0 + punch);
    float crest = smoothstep(-0.05, 0.05, (steep - beside) / max(steep, 1e-3));
    float line = smoothstep(least, 2.0 * least, steep) * crest;
    gl_FragColor = vec4(mix(now.rgb, vec3(line), amount), now.a);
}
