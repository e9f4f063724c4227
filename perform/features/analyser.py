"""The analyser: from blocks of sound to one `Features` per hop."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from perform.core.params import Param
from perform.core.types import AudioBlock, Features, Value
from perform.features import units
from perform.features.display import Display
from perform.features.frame import FeatureUnit, Hop, Output
from perform.features.intake import CLIP_AT, Intake
from perform.features.scale import Scale
from perform.features.slow import Slow
from perform.features.spectra import Spectra
from perform.features.tables import plan_for

OFFSET = 0.03
"""Mean of a third of a second from which on sound counts as lying on a constant; of full scale."""
_OFFSET_EVERY = 64

_OWN_PARAMS = (
    Param("gain_db", "float", 0.0, -30.0, 30.0, "dB", "linear", "trim before everything"),
    Param("gate_db", "float", -60.0, -90.0, -20.0, "dB", "linear", "RMS below this is silence"),
    Param("adapt_s", "float", 14.0, 2.0, 60.0, "s", "log", "how long the loudness of the music is remembered"),
)


def _modules() -> tuple[ModuleType, ...]:
    """Every file in `units/`, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(units.__path__))
    return tuple(importlib.import_module(f"{units.__name__}.{name}") for name in names)


_UNITS = _modules()
PARAMS: tuple[Param, ...] = (*_OWN_PARAMS, *(row for module in _UNITS for row in getattr(module, "PARAMS", ())))
OUTPUTS: dict[str, Output] = {name: output for module in _UNITS for name, output in module.OUTPUTS.items()}


def _edges(values: Mapping[str, Value]) -> tuple[float, float, float]:
    """The three band edges in rising order, at least a third of an octave apart."""
    low, mid, high = (float(values[f"edge_{name}_hz"]) for name in ("low", "mid", "high"))  # type: ignore[arg-type]
    mid = max(mid, 1.26 * low)
    return low, mid, max(high, 1.26 * mid)


class FeatureAnalyser:
    """Sound in, named values out, the same to the bit whatever the block size.

    rate_hz: expected at first; a block of another rate rebuilds the tables and keeps the scale. hop: samples at
    48 kHz; at other rates the hop lasts about as long. Thread: one owner; `configure` and `process` from the same.
    """

    def __init__(self, rate_hz: float = 48000.0, hop: int = 256) -> None:
        self._hop_at_48k = hop
        self._plan = plan_for(rate_hz, hop)
        self._values: dict[str, Value] = {row.name: row.default for row in PARAMS}
        self._intake = Intake(self._plan)
        self._scale = Scale()
        self._display = Display(self._plan)
        self._slow = Slow(self._plan)
        self._units: list[FeatureUnit] = [module.Unit() for module in _UNITS]
        self._hop = Hop()
        self._index = 0
        self._quiet_hops = self._loud_hops = 0
        self._clipped = 0
        self._build()
        self._apply()

    @property
    def hop_s(self) -> float:
        """Seconds from one `Features` to the next."""
        return self._plan.dt_s

    @property
    def frames_to_hop(self) -> int:
        """Samples that are missing until the next hop is complete: how many a live reader should ask for."""
        return self._plan.hop - self._intake.filled

    def configure(self, values: Mapping[str, Value]) -> None:
        """Take current values of PARAMS by name; others are ignored, missing ones stay. Cheap when nothing changed."""
        current, changed = self._values, False
        for row in PARAMS:
            value = values.get(row.name)
            if value is not None and value != current[row.name]:
                current[row.name] = row.checked(value)
                changed = True
        if changed:
            self._apply()

    def add(self, unit: FeatureUnit) -> None:
        """One more unit, for features in code; it comes after those of `units/`."""
        unit.retune(self._plan)
        unit.configure(self._values)
        self._units.append(unit)

    def counts(self) -> dict[str, int]:
        """Counters that only grow: blocks, hops, clipped_hops and what was stopped at the door."""
        return {**self._intake.counts, "clipped_hops": self._clipped}

    def process(self, block: AudioBlock) -> list[Features]:
        """Feed a block; one `Features` for each hop that it completed (maybe none)."""
        samples = self._intake.accept(block)
        if samples is None:
            return []
        if block.rate_hz != self._plan.rate_hz:
            self._change_rate(block.rate_hz)
        self._intake.follow(block)
        done: list[Features] = []
        offset, total = 0, samples.shape[0]
        while offset < total:
            taken, complete = self._intake.push(samples, offset)
            offset += taken
            if complete:
                done.append(self._step())
        return done

    def _build(self) -> None:
        """Everything that depends on the rate."""
        self._spectra = Spectra(self._plan, _edges(self._values))
        self._scale.retune(self._plan.dt_s)
        self._display.retune(self._plan)
        self._slow.retune(self._plan)
        for unit in self._units:
            unit.retune(self._plan)
        self._quiet_after = self._plan.window // self._plan.hop + 1
        self._hop.dt_s = self._plan.dt_s

    def _change_rate(self, rate_hz: float) -> None:
        if self._intake.counts["hops"]:
            self._intake.counts["rate_changes"] += 1
        self._plan = plan_for(rate_hz, self._hop_at_48k)
        self._intake.retune(self._plan)
        self._intake.restamp()
        self._build()

    def _apply(self) -> None:
        """Hand the current values to every part."""
        low, mid, high = _edges(self._values)
        values = self._values | {"edge_low_hz": low, "edge_mid_hz": mid, "edge_high_hz": high}
        self._intake.gain = 10.0 ** (0.05 * float(values["gain_db"]))  # type: ignore[arg-type]
        self._scale.configure(float(values["gate_db"]), float(values["adapt_s"]))  # type: ignore[arg-type]
        self._spectra.set_edges((low, mid, high))
        for unit in self._units:
            unit.configure(values)

    def _look_for_offset(self, hop: Hop) -> None:
        """A constant under the sound is heard as nothing, but counted: it eats headroom, and tells of a fault."""
        if float(np.abs(hop.slow.mean(axis=1)).max()) > OFFSET * self._intake.gain:
            self._intake.counts["offset_hops"] += _OFFSET_EVERY

    def _step(self) -> Features:
        """Analyse the hop that has just become complete."""
        intake, hop, plan = self._intake, self._hop, self._plan
        history = intake.newest(plan.window)
        hop.history, hop.samples = history, history[:, -plan.hop :]
        hop.index, hop.peak, hop.channels = self._index, intake.peak, intake.channels
        hop.clipped = intake.peak >= CLIP_AT
        hop.silent = intake.peak == 0.0
        self._clipped += hop.clipped
        self._quiet_hops = self._quiet_hops + 1 if hop.silent else 0
        loud = intake.peak * intake.gain > 1.0
        self._loud_hops = intake.kept // plan.hop + 1 if loud else max(0, self._loud_hops - 1)
        if self._quiet_hops <= self._quiet_after:
            self._spectra.measure(history, hop)
        else:
            self._spectra.rest(hop)
        self._slow.step(hop)
        if self._index % _OFFSET_EVERY == 0:
            self._look_for_offset(hop)
        self._scale.step(hop)
        self._display.step(hop)
        values: dict[str, float] = {}
        for unit in self._units:
            unit.step(hop, values)
        self._index += 1
        wave = self._display.waveform(intake.newest(intake.kept), self._loud_hops > 0)
        return Features(intake.time_s, values, self._display.spectrum, wave, self._display.mel)
