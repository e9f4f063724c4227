"""What one hop looks like to the units that name things in it, and the contract of a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from perform.core.types import Value
from perform.features.tables import Plan

BANDS = ("bass", "lowmid", "highmid", "treble")
COUNT_MAX = 1e9
"""Upper end given for values that only grow (counters, integrated time): years of music."""


@dataclass(frozen=True, slots=True)
class Output:
    """One named value. lo, hi: the range it never leaves. unit: `""` for plain 0..1 and ratios."""

    lo: float
    hi: float
    unit: str
    doc: str


@dataclass(slots=True)
class Hop:
    """One hop of sound, measured once for all units. Powers are mean squares per channel, full scale sine = 0.5.

    samples: [2, hop] float32 after gain and door. peak: highest absolute sample before gain. channels: of the source.
    power: [bins] float32, power per bin of the analysis window. mel_power: [64] float32. band_power: the four bands.
    weighted_power: K-weighted. hop_power: of the hop alone. window_power: of the analysis window, unweighted.
    gate: 0 shut .. 1 open. level: 0..1 of the whole, before smoothing. band_level: the same for each band.
    scale: mean square that stands for "loud" just now. history: [2, n] float32 with the newest sample last.
    slow: the same at about 6 kHz.
    """

    dt_s: float = 0.0
    index: int = 0
    channels: int = 2
    clipped: bool = False
    silent: bool = True
    peak: float = 0.0
    gate: float = 0.0
    hop_power: float = 0.0
    window_power: float = 0.0
    weighted_power: float = 0.0
    level: float = 0.0
    scale: float = 1.0
    band_power: list[float] = field(default_factory=lambda: [0.0] * 4)
    band_level: list[float] = field(default_factory=lambda: [0.0] * 4)
    samples: np.ndarray = field(default_factory=lambda: np.zeros((2, 1), np.float32))
    history: np.ndarray = field(default_factory=lambda: np.zeros((2, 1), np.float32))
    slow: np.ndarray = field(default_factory=lambda: np.zeros((2, 1), np.float32))
    power: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))
    mel_power: np.ndarray = field(default_factory=lambda: np.zeros(64, np.float32))


class FeatureUnit(Protocol):
    """One file in `units/`: it has `OUTPUTS` (and may have `PARAMS`) beside a class `Unit` of this shape."""

    def retune(self, plan: Plan) -> None:
        """Build what depends on the rate. Called once at the start and again when the rate changes; keep the state."""

    def configure(self, values: Mapping[str, Value]) -> None:
        """Take the current values of PARAMS by name. Only called when one has changed."""

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        """Read the hop, write every name of OUTPUTS into `values`."""
