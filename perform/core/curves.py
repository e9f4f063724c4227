"""Named curves between 0..1 and a native range, and the shapes that routes use. No text is ever evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

Curve = Literal["linear", "log", "square", "cube", "sqrt", "smooth", "exp"]


def _smooth(x: float) -> float:
    return x * x * (3.0 - 2.0 * x)


def _unsmooth(y: float) -> float:
    return 0.5 - math.sin(math.asin(1.0 - 2.0 * y) / 3.0)


_EXP_K = 4.0
_SHAPES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "linear": (lambda x: x, lambda y: y),
    "square": (lambda x: x * x, math.sqrt),
    "cube": (lambda x: x * x * x, lambda y: y ** (1.0 / 3.0)),
    "sqrt": (math.sqrt, lambda y: y * y),
    "smooth": (_smooth, _unsmooth),
    "exp": (
        lambda x: math.expm1(_EXP_K * x) / math.expm1(_EXP_K),
        lambda y: math.log1p(y * math.expm1(_EXP_K)) / _EXP_K,
    ),
}
NAMES: tuple[str, ...] = (*_SHAPES, "log")


def shape(x: float, curve: str) -> float:
    """Bend x in 0..1 (clamped) to 0..1, monotone, ends fixed. `log` has no shape of its own and acts as linear."""
    x = min(max(x, 0.0), 1.0)
    return _SHAPES[curve][0](x) if curve in _SHAPES else x


def from_unit(x: float, lo: float, hi: float, curve: str = "linear") -> float:
    """0..1 to lo..hi. `log` gives equal ratios for equal steps and needs 0 < lo < hi."""
    if curve == "log" and lo > 0.0:
        return min(max(float(lo * (hi / lo) ** x), lo), hi)
    return lo + (hi - lo) * shape(x, curve)


def to_unit(value: float, lo: float, hi: float, curve: str = "linear") -> float:
    """lo..hi to 0..1, the inverse of from_unit; values outside are clamped."""
    value = min(max(value, lo), hi)
    if curve == "log" and lo > 0.0:
        return math.log(value / lo) / math.log(hi / lo)
    y = (value - lo) / (hi - lo)
    return min(max(_SHAPES[curve][1](y) if curve in _SHAPES else y, 0.0), 1.0)


_MANY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "square": np.square,
    "cube": lambda x: x * x * x,
    "sqrt": np.sqrt,
    "smooth": lambda x: x * x * (3.0 - 2.0 * x),
    "exp": lambda x: np.expm1(_EXP_K * x) / math.expm1(_EXP_K),
}


def shape_many(x: np.ndarray, curve: str) -> np.ndarray:
    """`shape` of an array [n] that lies in 0..1 already."""
    return _MANY[curve](x) if curve in _MANY else x


def from_unit_many(x: np.ndarray, lo: np.ndarray, hi: np.ndarray, curve: str) -> np.ndarray:
    """`from_unit` of arrays [n]; x lies in 0..1 already. `log` needs every lo over 0."""
    if curve == "log":
        return np.clip(lo * (hi / lo) ** x, lo, hi)
    return lo + (hi - lo) * shape_many(x, curve)
