"""Shader files for trials: one that is well, and one that nobody should draw."""

from __future__ import annotations

HEAD = '/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/\n'
GOOD = HEAD + "void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }\n"
# No constant says how often. llvmpipe cuts every pixel short after 65535 rounds, so there are very many pixels.
ENDLESS = (
    HEAD.replace("]}*/", '], "PASSES": [{"TARGET": "huge", "WIDTH": "4096", "HEIGHT": "4096"}, {}]}*/')
    + """void main() {
    float x = isf_FragNormCoord.x;
    for (int i = 0; i < int(RENDERSIZE.x) * 100000; i++) x = fract(x * 1.7 + sin(x * float(i)));
    gl_FragColor = IMG_THIS_PIXEL(inputImage) + vec4(x);
}
"""
)
