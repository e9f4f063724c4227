"""One deck: a source (frames from a generator, or an ISF generator drawn here) and its effects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import moderngl

from perform.core.errors import MediaError, ShaderError
from perform.core.params import Param
from perform.core.types import Frame
from perform.gl.between import Between
from perform.gl.chain import Chain, Report, one_line
from perform.gl.leaving import Leaving
from perform.gl.rows import DECK_ROWS, LAYER_ROWS
from perform.gl.shared import Shared
from perform.gl.standin import stand_in
from perform.gl.targets import Pool, Target
from perform.gl.unit import Unit
from perform.gl.upload import Upload
from perform.isf import Document


class Deck:
    """name: a, b, … Its parameters lie under `deck/NAME`. standing_in: True while the built-in picture is shown."""

    def __init__(self, shared: Shared, name: str, report: Report) -> None:
        self._shared = shared
        self._report = report
        self.where = f"deck/{name}"
        self.chain = Chain(shared, self.where, report)
        self.source: Unit | None = None
        self.taken = ""
        self.standing_in = True
        self._upload = Upload(shared, self.where)
        self._leaving = Leaving(shared, self.where, self._upload)
        self._further: dict[str, Upload] = {}
        self._between: Between | None = None
        self._drawn = Target(shared.ctx, shared.size, shared.dtype)
        self._stand_in = Unit(shared, "stand_in", f"{self.where}/stand_in", stand_in())
        self._stand_in.warm()

    def set_source(self, document: Document | None, taken: str = "") -> None:
        """Draw this generator from now on; None: show frames, or what deck `taken` showed in the frame before.

        Raises ShaderError and keeps the old source.
        """
        if document is not None and document.kind != "generator":
            raise ShaderError(f"is a {document.kind}, not a generator: it needs a picture to work on", document.path)
        if document is not None and self.source is not None and self.source.document == document:
            return
        new = None
        if document is not None:
            new = Unit(self._shared, document.name, f"{self.where}/source", document)
            new.warm()
        if self.source is not None:
            self.source.release()
        self.source, self.taken = new, taken

    def rows(self) -> list[tuple[str, tuple[Param, ...]]]:
        """(prefix, parameters) of the deck, its source and its effects."""
        source = [] if self.source is None else [(self.source.prefix, self.source.params())]
        return [(self.where, DECK_ROWS), (f"{self.where}/layer", LAYER_ROWS), *source, *self.chain.rows()]

    def units(self) -> list[Unit]:
        """Every unit that comes from a file."""
        return [*([] if self.source is None else [self.source]), *self.chain.units]

    def inputs(self) -> frozenset[str]:
        """Whose pictures it takes in, besides those of its effects."""
        return frozenset({self.taken} if self.taken else ())

    def take(self, frame: Frame | None, before: Frame | None = None, further: Collection[str] = ()) -> None:
        """The newest frame for this deck. before: that of a model which gives way to it, while it does. further: names
        of its other pictures that somebody wants."""
        if frame is None:
            return
        mode = self._shared.word(f"{self.where}/interpolate", "off")
        try:
            came = self._upload.take(frame, keep=mode != "off")
            self._leaving.take(before)
            self._take_further(frame, further)
        except (MediaError, moderngl.Error, ValueError, TypeError) as error:
            self._report("upload_errors", f"{self.where}: {one_line(error)}")
            return
        if mode == "off":
            self._drop_between()
        elif self._between is None:
            self._between = Between(self._shared)
        if self._between is not None and came and self._upload.texture is not None:
            self._between.came(self._upload.texture, flow=mode == "flow", due_s=frame.moment.seconds)

    def _take_further(self, frame: Frame, names: Collection[str]) -> None:
        """Upload other pictures of a frame; those that nobody wants, or that do not come any more, are let go."""
        for name in [name for name in self._further if name not in names or name not in frame.extra]:
            self._further.pop(name).release()
        for name in names:
            if name in frame.extra:
                if name not in self._further:
                    self._further[name] = Upload(self._shared, self.where, like=self._upload)
                self._further[name].take(replace(frame, image=frame.extra[name]))

    def further(self) -> dict[str, moderngl.Texture]:
        """The other pictures of its generator that were wanted and are there, by name."""
        return {n: up.texture for n, up in self._further.items() if up.texture is not None and self.source is None}

    @property
    def delay_s(self) -> float:
        """What drawing pictures between pictures adds, in seconds."""
        return 0.0 if self._between is None or self.source is not None else self._between.delay_s

    def _drop_between(self) -> None:
        if self._between is not None:
            self._between.release()
            self._between = None

    def render(self, pool: Pool) -> moderngl.Texture:
        """Source, then effects; the deck's level rides along."""
        raw = self._source_picture()
        values = self._shared.values
        level = float(values.get(f"{self.where}/level", 1.0))  # type: ignore[arg-type]
        return self.chain.render(raw, raw, pool, level, self._shared.flag(f"{self.where}/bypass"))

    def _source_picture(self) -> moderngl.Texture:
        unit, uploaded = self.source, self._upload.texture
        self.standing_in = False
        if unit is not None and unit.rest == 0:
            try:
                return self._draw(unit, unit.pictures(uploaded or self._shared.black))
            except Exception as error:  # noqa: BLE001 - whatever a driver or a shader does, the show goes on
                self._failed(unit, error)
        elif unit is not None:
            unit.rest -= 1
        if self.taken:
            if self.taken in self._shared.pictures:
                return self._shared.kept(self.taken)
        elif unit is None and uploaded is not None:
            if self._between is not None:
                mode = self._shared.word(f"{self.where}/interpolate", "off")
                uploaded = self._between.picture(self._upload.older, uploaded, flow=mode == "flow")
            return self._leaving.over(uploaded, self._shared.number(f"{self.where}/change", 1.0))
        self.standing_in = True
        return self._draw(self._stand_in, {})

    def _draw(self, unit: Unit, pictures: Mapping[str, moderngl.Texture]) -> moderngl.Texture:
        return unit.render(self._drawn, pictures, 1.0)

    def _failed(self, unit: Unit, error: Exception) -> None:
        unit.failed()
        self._report("unit_errors", f"{unit.prefix} rests for {unit.rest} frames: {one_line(error)}")

    def release(self) -> None:
        """Free the GL objects."""
        self.chain.release()
        for unit in (self.source, self._stand_in):
            if unit is not None:
                unit.release()
        self._drop_between()
        self._leaving.release()
        for upload in self._further.values():
            upload.release()
        self._upload.release()
        self._drawn.release()
