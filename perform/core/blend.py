"""The one home of interpolation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def lerp(a: float, b: float, t: float) -> float:
    """Straight line from a (t = 0) to b (t = 1)."""
    return a + (b - a) * t


def smoothstep(t: float) -> float:
    """0..1 to 0..1 with no speed at either end (3t^2 - 2t^3); clamped."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def slerp(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Great-circle path between the directions of a and b, [..., n], with the length interpolated straight.

    So two vectors of one length keep it all the way (Shoemake 1985, "Animating rotation with quaternion curves",
    section 3.3, for any dimension). Vectors that point the same or opposite ways fall back to a straight line.
    """
    length_a = np.linalg.norm(a, axis=-1, keepdims=True)
    length_b = np.linalg.norm(b, axis=-1, keepdims=True)
    tiny = np.finfo(np.float64).tiny
    unit_a, unit_b = a / np.maximum(length_a, tiny), b / np.maximum(length_b, tiny)
    angle = np.arccos(np.clip(np.sum(unit_a * unit_b, axis=-1, keepdims=True), -1.0, 1.0))
    sine = np.sin(angle)
    straight = sine < 1e-6
    safe = np.where(straight, 1.0, sine)
    wa = np.where(straight, 1.0 - t, np.sin((1.0 - t) * angle) / safe)
    wb = np.where(straight, t, np.sin(t * angle) / safe)
    blended: np.ndarray = (wa * unit_a + wb * unit_b) * (length_a + (length_b - length_a) * t)
    return blended


_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
_FROM_LAB, _FROM_LMS = np.linalg.inv(_TO_LAB), np.linalg.inv(_TO_LMS)


def to_oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1, [..., 3], to OKLab (Ottosson 2020, "A perceptual color space for image processing")."""
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lab: np.ndarray = np.cbrt(light @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """OKLab to sRGB, clipped to 0..1, [..., 3]."""
    light = (lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T
    light = np.clip(light, 0.0, 1.0)
    rgb: np.ndarray = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1.0 / 2.4) - 0.055)
    return rgb


def mix_colours(a: Sequence[float], b: Sequence[float], t: float) -> tuple[float, ...]:
    """Between two colours (r, g, b, a), straight in OKLab, so that it passes through no mud; alpha straight."""
    start, aim = (to_oklab(np.asarray(c[:3], float)) for c in (a, b))
    return (*from_oklab(start + (aim - start) * t).tolist(), lerp(a[3], b[3], t))
