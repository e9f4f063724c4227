"""The one home of interpolation."""

from __future__ import annotations

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
