"""Map files of keys, pads, lighting desks and sensors: the bindings of `midi_map`, and how the axes of pads feel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from perform.control.midi_map import Binding, read_bindings, read_toml
from perform.core import curves
from perform.core.hands import PAD_AXES

NOTHING = "none"
"""Target of a control that a nearer map takes away from a farther one."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How an axis of a pad feels. dead_zone: this much of its way counts as rest (worn sticks never stand quite still).
    curve: of what is left, so that small moves are fine ones. invert: turned round."""

    dead_zone: float = 0.12
    curve: str = "square"
    invert: bool = False

    def felt(self, value: float) -> float:
        """-1..1 (or 0..1) as it comes, to the same as it is meant: it begins at 0 where the dead zone ends."""
        size = min(abs(value), 1.0)
        if size <= self.dead_zone or size != size:
            return 0.0
        bent = curves.shape((size - self.dead_zone) / (1.0 - self.dead_zone), self.curve)
        return -bent if (value < 0.0) != self.invert else bent


@dataclass(frozen=True, slots=True)
class HandMap:
    """A map file. clean: what farther maps say of the same kinds of controls does not hold."""

    bindings: tuple[Binding, ...] = ()
    axes: Mapping[str, Axis] = field(default_factory=dict)
    clean: bool = False


def read_hand_map(path: Path) -> tuple[HandMap, list[str]]:
    """(map, a line for each entry that was left out). Raises PresetError for a file that is no map."""
    data = read_toml(path)
    bindings, problems = read_bindings(data.get("control", []), str(path))
    unknown = set(data) - {"control", "axis", "clean", "title", "version"}
    problems += [f"{path}: unknown key {name} is skipped" for name in sorted(unknown)]
    axes: dict[str, Axis] = {}
    entries = data.get("axis", [])
    if not isinstance(entries, list):
        problems.append(f"{path}: no axis is read (they are tables: [[axis]], one after the other)")
        entries = []
    for number, entry in enumerate(entries, 1):
        try:
            name, axis = _axis(entry)
        except ValueError as error:
            problems.append(f"{path}: axis {number} is left out ({error})")
        else:
            axes[name] = axis
    return HandMap(tuple(bindings), axes, data.get("clean") is True), problems


def _axis(entry: Any) -> tuple[str, Axis]:
    if not isinstance(entry, Mapping) or entry.get("axis") not in PAD_AXES:
        raise ValueError(f"axis is one of {', '.join(PAD_AXES)}")
    unknown = set(entry) - {"axis", "dead_zone", "curve", "invert"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    plain = Axis()
    dead, curve, invert = (entry.get(name, getattr(plain, name)) for name in ("dead_zone", "curve", "invert"))
    if isinstance(dead, bool) or not isinstance(dead, int | float) or not 0.0 <= dead <= 0.9:
        raise ValueError("dead_zone is a number from 0 to 0.9")
    if curve not in curves.NAMES or not isinstance(invert, bool):
        raise ValueError(f"curve is one of {', '.join(curves.NAMES)}, invert true or false")
    return str(entry["axis"]), Axis(float(dead), str(curve), invert)


def shifted(found: HandMap, universe: int, address: int) -> HandMap:
    """A map of a fixture that is written for universe 1 from channel 1 on, at its place in a rig. What lies beyond the
    universe's end is left out."""
    placed = []
    for binding in found.bindings:
        kind, *place = binding.control.split("/")
        if kind in ("dmx", "dmx16"):
            channel = int(place[1]) + address - 1
            if channel > (512 if kind == "dmx" else 511):
                continue
            binding = replace(binding, control=f"{kind}/{int(place[0]) + universe - 1}/{channel}")
        placed.append(binding)
    return replace(found, bindings=tuple(placed))
