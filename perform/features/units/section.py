"""Where in its form the music is: energy, trend, build-up, drop, break, silence. See `perform.features.sections`."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perform.core.types import Value
from perform.features.frame import COUNT_MAX, Hop, Output
from perform.features.sections import Sections, part_weights
from perform.features.tables import Plan, mel_edges_hz

FLAT_LO_HZ, FLAT_HI_HZ = 100.0, 10000.0
FLAT_RANGE_DB = 36.0
_EVERY, _TURN = 4, 1
_FLAT_EVERY = 16

OUTPUTS = {
    "section/energy": Output(0, 1, "", "how full it is, against the fullest of the last minute or two; 0 in silence"),
    "section/trend": Output(-1, 1, "", "loudness of the last 4 s against the 4 s before: 1 is 8 dB up, -1 8 dB down"),
    "section/build": Output(0, 1, "", "a build-up: top, noise, loudness or drums rise steadily; over 0.5 it is one"),
    "section/drop": Output(0, 1, "", "1 when the bass comes back after a build-up or a break; a tenth 8 s later"),
    "section/drops": Output(0, COUNT_MAX, "", "drops so far (counter)"),
    "section/break": Output(0, 1, "", "drums and bass have gone and music goes on; 1 from 3 s on, 0 when they return"),
    "section/breaks": Output(0, COUNT_MAX, "", "breaks so far (counter)"),
    "section/silence": Output(
        0, 1, "", "a pause: from 0 to 1 between 1 and 3 s after the gate shut; 0 with the first sound"
    ),
}


class Unit:
    """Looks in every fourth hop, holds in between. Follows the mel bands, so it does not hear the band edges move."""

    def __init__(self) -> None:
        self._sections = Sections()
        self._parts = part_weights()
        edges = mel_edges_hz()
        flat = (edges[1:-1] >= FLAT_LO_HZ) & (edges[1:-1] <= FLAT_HI_HZ)
        first, last = np.flatnonzero(flat)[[0, -1]]
        self._flat = slice(int(first), int(last) + 1)
        self._per_hz = (2.0 / (edges[2:] - edges[:-2])).astype(np.float32)[self._flat]
        self._density = np.zeros(self._per_hz.size, np.float32)
        self._even = 0.0
        self._shown = dict.fromkeys(OUTPUTS, 0.0)

    def retune(self, plan: Plan) -> None:
        self._sections.retune(_EVERY * plan.dt_s)

    def configure(self, values: Mapping[str, Value]) -> None:
        pass

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        if hop.index % _EVERY == _TURN:
            self._look(hop)
        values.update(self._shown)

    def _look(self, hop: Hop) -> None:
        found = self._sections
        powers = np.dot(self._parts, hop.mel_power).tolist()
        powers.append(hop.weighted_power)
        if hop.index % _FLAT_EVERY == _TURN and hop.gate > 0.0:
            self._even = self._flatness(hop.mel_power)
        found.step(powers, self._even, hop.scale, hop.gate)
        self._shown = {
            "section/energy": found.energy,
            "section/trend": found.trend,
            "section/build": found.build,
            "section/drop": found.drop,
            "section/drops": float(found.drops),
            "section/break": found.breaking,
            "section/breaks": float(found.breaks),
            "section/silence": found.silence,
        }

    def _flatness(self, mel_power: np.ndarray) -> float:
        """How evenly the power lies over the frequencies, 0..1: a rising noise or an opening filter evens it out."""
        density = self._density
        np.multiply(mel_power[self._flat], self._per_hz, out=density)
        np.add(density, np.float32(1e-14), out=density)
        mean_db = 10.0 * math.log10(float(density.sum()) / density.size)
        np.log10(density, out=density)
        flat_db = 10.0 * float(density.sum()) / density.size - mean_db
        return min(max(1.0 + flat_db / FLAT_RANGE_DB, 0.0), 1.0)
