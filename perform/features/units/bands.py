"""Four bands, each with level, hit, time, presence and onsets; and the onset and flux of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping

from perform.core.params import Param
from perform.core.types import Value
from perform.features.frame import BANDS, COUNT_MAX, Hop, Output
from perform.features.kick import LowRise
from perform.features.onsets import BARS, OVER_MEAN, Flux, Picker
from perform.features.tables import Plan
from perform.features.units.loudness import ease

PRESENCE_S = 1.5
FLUX_RELEASE_S = 0.06

PARAMS = (
    Param("attack_s", "float", 0.008, 0.0, 1.0, "s", "cube", "how fast levels rise (time constant)"),
    Param("release_s", "float", 0.18, 0.0, 5.0, "s", "cube", "how fast levels fall (time constant)"),
    Param("hit_decay_s", "float", 0.18, 0.02, 2.0, "s", "log", "a hit falls to a tenth in this time"),
    Param("sensitivity", "float", 0.5, 0.0, 1.0, "", "linear", "how small a rise still counts as an onset"),
    Param("edge_low_hz", "float", 150.0, 50.0, 500.0, "Hz", "log", "between bass and lowmid"),
    Param("edge_mid_hz", "float", 800.0, 300.0, 3000.0, "Hz", "log", "between lowmid and highmid"),
    Param("edge_high_hz", "float", 4500.0, 1500.0, 14000.0, "Hz", "log", "between highmid and treble"),
)

OUTPUTS: dict[str, Output] = {}
for _band in BANDS:
    OUTPUTS[f"audio/{_band}/level"] = Output(0, 1, "", f"{_band} relative to its own last while, smoothed")
    OUTPUTS[f"audio/{_band}/hit"] = Output(0, 1, "", f"jumps up at an onset in the {_band}, falls in hit_decay_s")
    OUTPUTS[f"audio/{_band}/time"] = Output(0, COUNT_MAX, "s", f"the {_band} level summed over time; never falls")
    OUTPUTS[f"audio/{_band}/presence"] = Output(
        0, 1, "", f"how much {_band} there was in the last three or four seconds"
    )
    OUTPUTS[f"audio/{_band}/onsets"] = Output(0, COUNT_MAX, "", f"onsets in the {_band} so far")
OUTPUTS |= {
    "audio/onset": Output(0, 1, "", "jumps up at an onset anywhere, falls in hit_decay_s"),
    "audio/onsets": Output(0, COUNT_MAX, "", "onsets so far"),
    "audio/flux": Output(0, 1, "", "how much the spectrum is rising just now, against the last few seconds"),
}


class Voice:
    """Level, integrated level and presence of one band."""

    __slots__ = ("level", "names", "presence", "time")

    def __init__(self, band: str) -> None:
        self.names = tuple(f"audio/{band}/{kind}" for kind in ("level", "hit", "time", "presence", "onsets"))
        self.level = self.time = self.presence = 0.0

    def step(self, target: float, up: float, down: float, slow: float, dt_s: float) -> None:
        """Ease towards `target`; up, down and slow are shares of the way."""
        level = self.level
        level += (target - level) * (up if target > level else down)
        if level < 1e-4 and target == 0.0:
            level = 0.0
        presence = self.presence
        presence += (level - presence) * slow
        if presence < 1e-3 and target == 0.0:
            presence = 0.0
        self.level, self.presence = level, presence
        self.time += level * dt_s


class Unit:
    """Bands are read from the hop; onsets come from the mel bands, weighted by the same edges, but those of the
    bass from its waveform."""

    def __init__(self) -> None:
        self._voices = [Voice(band) for band in BANDS]
        self._pickers = [Picker(bar, over) for bar, over in zip(BARS, OVER_MEAN, strict=True)]
        self._flux = Flux()
        self._shown_flux = 0.0
        self._low = LowRise()
        self._settings = (0.008, 0.18, 0.18, 0.5, 150.0, 800.0, 4500.0)

    def retune(self, plan: Plan) -> None:
        self._plan, self._dt_s = plan, plan.dt_s
        self._flux.retune(plan)
        self._tune()

    def configure(self, values: Mapping[str, Value]) -> None:
        self._settings = tuple(float(values[p.name]) for p in PARAMS)  # type: ignore[arg-type]
        self._tune()

    def _tune(self) -> None:
        attack_s, release_s, decay_s, sensitivity, low, mid, high = self._settings
        self._up, self._down = ease(attack_s, self._dt_s), ease(release_s, self._dt_s)
        self._slow = ease(PRESENCE_S, self._dt_s)
        self._flux_keep = math.exp(-self._dt_s / FLUX_RELEASE_S)
        self._flux.set_edges((low, mid, high))
        self._low.retune(self._plan, low)
        for picker in self._pickers:
            picker.tune(self._dt_s, decay_s, sensitivity)

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        rises = self._flux.step(hop)
        self._low.step(hop)
        rises[0] = self._low.rise_db
        up, down, slow, dt_s, gate, levels = self._up, self._down, self._slow, self._dt_s, hop.gate, hop.band_level
        for i, voice in enumerate(self._voices):
            target = levels[i]
            voice.step(target, up, down, slow, dt_s)
            picker = self._pickers[i]
            picker.step(rises[i], target if i else self._low.loud, gate)
            level, hit, time, presence, onsets = voice.names
            values[level], values[hit], values[time] = voice.level, picker.hit, voice.time
            values[presence], values[onsets] = voice.presence, float(picker.count)
        whole = self._pickers[4]
        whole.step(rises[4], hop.level, hop.gate)
        flux = min(1.0, rises[4] / whole.top) if hop.gate > 0.0 else 0.0
        self._shown_flux = max(flux, self._shown_flux * self._flux_keep)
        if self._shown_flux < 1e-3:
            self._shown_flux = 0.0
        values["audio/onset"], values["audio/onsets"] = whole.hit, float(whole.count)
        values["audio/flux"] = self._shown_flux
