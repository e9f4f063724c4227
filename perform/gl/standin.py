"""What is shown while nothing else is there: slow folds of dark colour, so that the wall is never black."""

from __future__ import annotations

from perform.isf import Document, parse_shader

_TEXT = """/*{ "ISFVSN": "2", "DESCRIPTION": "shown while no picture has come yet" }*/
void main() {
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0) * 2.4;
    float t = TIME * 0.11;
    p += 0.45 * sin(p.yx * 1.7 + vec2(t, -1.3 * t));
    p += 0.30 * sin(p.yx * 2.9 + vec2(-1.7 * t, t) + 2.0);
    float fold = sin(p.x * 1.9 + p.y * 1.3 + 2.0 * t);
    vec3 colour = 0.5 + 0.5 * cos(vec3(0.0, 0.9, 1.7) + 1.1 * fold + 0.6 * p.y + t);
    float edge = 1.0 - 0.75 * abs(fold);
    gl_FragColor = vec4(colour * colour * (0.16 + 0.34 * edge * edge) + colour * 0.05, 1.0);
}
"""


def stand_in() -> Document:
    """The built-in generator."""
    return parse_shader(_TEXT, "stand_in.fs")
