"""Blend modes as GLSL. `a` lies below, `b` above; both come as light (`la`, `lb`) and as display values (`a`, `b`).

What is a sum of light is done in light; the modes that painters know by their look are done on display values, as
everywhere. Source of the formulas: W3C Compositing and Blending Level 1, sections 9 and 10.
"""

from __future__ import annotations

_IN_LIGHT = {
    "normal": "lb",
    "add": "la + lb",
    "subtract": "la - lb",
    "multiply": "la * lb",
}

_ON_DISPLAY = {
    "screen": "a + b - a * b",
    "lighten": "max(a, b)",
    "darken": "min(a, b)",
    "overlay": "hard(b, a)",
    "hard_light": "hard(a, b)",
    "soft_light": "soft(a, b)",
    "dodge": "mix(min(vec3(1.0), a / max(1.0 - b, 1e-4)), vec3(0.0), equal(a, vec3(0.0)))",
    "burn": "mix(1.0 - min(vec3(1.0), (1.0 - a) / max(b, 1e-4)), vec3(1.0), equal(a, vec3(1.0)))",
    "difference": "abs(a - b)",
    "exclusion": "a + b - 2.0 * a * b",
    "hue": "set_lum(set_sat(b, sat(a)), lum(a))",
    "saturation": "set_lum(set_sat(a, sat(b)), lum(a))",
    "colour": "set_lum(b, lum(a))",
    "luminosity": "set_lum(a, lum(b))",
}

_PARTS = """
vec3 hard(vec3 a, vec3 b) { return mix(2.0 * a * b, 1.0 - 2.0 * (1.0 - a) * (1.0 - b), step(0.5, b)); }
vec3 soft(vec3 a, vec3 b) {
    vec3 d = mix(((16.0 * a - 12.0) * a + 4.0) * a, sqrt(a), step(0.25, a));
    return mix(a - (1.0 - 2.0 * b) * a * (1.0 - a), a + (2.0 * b - 1.0) * (d - a), step(0.5, b));
}
float lum(vec3 c) { return dot(c, vec3(0.3, 0.59, 0.11)); }
float sat(vec3 c) { return max(max(c.r, c.g), c.b) - min(min(c.r, c.g), c.b); }
vec3 set_lum(vec3 c, float l) {
    c += l - lum(c);
    float lo = min(min(c.r, c.g), c.b);
    float hi = max(max(c.r, c.g), c.b);
    if (lo < 0.0) c = l + (c - l) * l / max(l - lo, 1e-5);
    if (hi > 1.0) c = l + (c - l) * (1.0 - l) / max(hi - l, 1e-5);
    return c;
}
vec3 set_sat(vec3 c, float s) {
    float lo = min(min(c.r, c.g), c.b);
    return (c - lo) * s / max(sat(c), 1e-5);
}
"""


def blend_function(mode: str) -> str:
    """GLSL: `vec3 blended(vec3 la, vec3 lb)` in light; it may call `to_light` and `from_light`."""
    if mode in _IN_LIGHT:
        return f"vec3 blended(vec3 la, vec3 lb) {{ return max({_IN_LIGHT[mode]}, 0.0); }}\n"
    body = "vec3 a = min(from_light(la), 1.0); vec3 b = min(from_light(lb), 1.0);"
    return f"{_PARTS}vec3 blended(vec3 la, vec3 lb) {{ {body} return to_light({_ON_DISPLAY[mode]}); }}\n"


MODES = (*_IN_LIGHT, *_ON_DISPLAY)
