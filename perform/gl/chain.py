"""A row of effects. The new row is compiled whole before the old one goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import moderngl

from perform.core.errors import ShaderError
from perform.core.params import Param
from perform.gl.shared import Shared
from perform.gl.targets import Pool
from perform.gl.unit import Unit
from perform.isf import Document

Report = Callable[[str, str], None]
"""(counter, message): how a failure inside a frame is told."""


class Chain:
    """Effects in order at one place (`deck/a` or `master`)."""

    def __init__(self, shared: Shared, where: str, report: Report) -> None:
        self._shared = shared
        self._report = report
        self.where = where
        self.units: list[Unit] = []

    def set(self, slots: Sequence[tuple[str, Document]]) -> None:
        """Replace the row. Raises ShaderError and leaves the old one; equal (slot, document) keeps its buffers."""
        names = [slot for slot, _ in slots]
        for slot, document in slots:
            if names.count(slot) > 1:
                raise ShaderError(f"the slot {slot} is there twice in {self.where}", document.path)
            if document.kind != "filter":
                raise ShaderError(
                    f"is a {document.kind}, not an effect: a chain needs an input named inputImage", document.path
                )
        old = {unit.slot: unit for unit in self.units}
        made: list[Unit] = []
        row: list[Unit] = []
        try:
            for slot, document in slots:
                kept = old.get(slot)
                if kept is None or kept.document != document:
                    kept = Unit(self._shared, slot, f"{self.where}/fx/{slot}", document)
                    made.append(kept)
                    kept.warm()
                row.append(kept)
        except BaseException:
            for unit in made:
                unit.release()
            raise
        self.units, gone = row, [unit for unit in self.units if unit not in row]
        for unit in gone:
            unit.release()

    def rows(self) -> list[tuple[str, tuple[Param, ...]]]:
        """(prefix, parameters) of each effect."""
        return [(unit.prefix, unit.effect_params()) for unit in self.units]

    def render(
        self, picture: moderngl.Texture, raw: moderngl.Texture, pool: Pool, gain: float, bypass: bool = False
    ) -> moderngl.Texture:
        """Run all effects on `picture`; the gain rides on the last one where it can.

        raw: what image inputs other than inputImage see that name no deck (the picture before any effect).
        """
        units = [] if bypass else [u for u in self.units if u.soloed()] or self.units
        active = [(u, wet) for u in units if (wet := self._wanted(u)) > 0.0]
        for index, (unit, wet) in enumerate(active):
            unit_gain = gain if wet >= 1.0 and index == len(active) - 1 else 1.0
            try:
                drawn = unit.render(pool.besides(picture), _pictures(unit, picture, raw), unit_gain)
            except Exception as error:  # noqa: BLE001 - whatever a driver or a shader does, the show goes on
                self._failed(unit, error)
                continue
            if wet < 1.0:
                out = pool.besides(picture, drawn)
                self._shared.blend(picture, drawn, wet, out)
                drawn = out.texture
            picture = drawn
            gain = 1.0 if unit_gain == gain else gain
        if gain != 1.0:
            out = pool.besides(picture)
            self._shared.copy(picture, out, gain=gain)
            picture = out.texture
        return picture

    def _wanted(self, unit: Unit) -> float:
        if unit.rest > 0:
            unit.rest -= 1
            return 0.0
        return unit.wet()

    def _failed(self, unit: Unit, error: Exception) -> None:
        unit.failed()
        self._report("unit_errors", f"{unit.prefix} is left out for {unit.rest} frames: {one_line(error)}")

    def release(self) -> None:
        """Free the GL objects."""
        for unit in self.units:
            unit.release()
        self.units = []


def one_line(error: Exception) -> str:
    """An error as one bounded line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _pictures(unit: Unit, picture: moderngl.Texture, raw: moderngl.Texture) -> Mapping[str, moderngl.Texture]:
    return {**unit.pictures(raw), "inputImage": picture}
