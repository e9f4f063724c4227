"""GLSL for working in light: sRGB values are what files and screens hold, sums and mixes are right only in light.

Source: IEC 61966-2-1 (sRGB transfer function), Rec. 709 luminance weights.
"""

from __future__ import annotations

LIGHT = """
vec3 to_light(vec3 c) {
    c = max(c, 0.0);
    return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
}
vec3 from_light(vec3 c) {
    c = max(c, 0.0);
    return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
float luminance(vec3 light) { return dot(light, vec3(0.2126, 0.7152, 0.0722)); }
"""
