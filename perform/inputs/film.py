"""A film as a source (`video:FILE`): looped, slowed, scrubbed, or bound to the beat. It runs in a painter's thread, so
decoding never holds up the screen; what it shows depends on the moment alone, so it can be rendered offline."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import MediaError, ParamError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.inputs.film_decode import FilmDecoder, Shot

PARAMS: tuple[Param, ...] = (
    Param("play", "bool", True, doc="runs; off: stands still"),
    Param("speed", "float", 1.0, -4.0, 4.0, "x", doc="pace; below 0 backwards"),
    Param("scrub", "float", 0.0, 0.0, 1.0, doc="goes there when it is moved: 0 the first picture, 1 the last"),
    Param("restart", "trigger", 0, doc="back to the beginning of the loop"),
    Param("loop_in", "float", 0.0, 0.0, 1.0, doc="where the loop begins, as a part of the film"),
    Param("loop_out", "float", 1.0, 0.0, 1.0, doc="where the loop ends, as a part of the film"),
    Param("loop", "choice", "loop", choices=("loop", "bounce", "once"), doc="at the end: again, back, or stand still"),
    Param("loop_beats", "int", 0, 0, 256, "beats", doc="the loop takes so many beats, locked to them; 0: its own time"),
)
_ROWS = {row.name: row for row in PARAMS}
LONGEST_STEP_S = 0.25  # of time that passed while nobody looked
CACHE_BYTES = 192 << 20  # a loop that fits is decoded once
SHORTEST_LOOP_S = 0.02
BACK_S = 0.5
ROUNDING_S = 1e-6  # so that a sum of steps that should end a loop does


class Film:
    """The generator contract over a film file. `prepare` takes `path` and `largest` (width, height in px)."""

    PARAMS = PARAMS
    PICTURES_IN: tuple[str, ...] = ()
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self) -> None:
        self._decoder: FilmDecoder | None = None
        self._cache = _Cache()
        self._way_s = 0.0
        self._before_s: float | None = None
        self._scrub: float | None = None
        self._restarts: int | None = None
        self._sequence = 0

    def open(self, card: Any, device: str) -> None:
        """Needs neither card nor device."""

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Open the film. Raises MediaError."""
        if "path" not in request:
            raise MediaError("no film was named; use a source like `video:FILE`")
        self._decoder = FilmDecoder(Path(request["path"]), tuple(request.get("largest", (1920, 1080))))

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """The picture of this moment, [h, w, 3 or 4] uint8. Raises MediaError."""
        if self._decoder is None:
            raise MediaError("film: render came before prepare")
        p = {name: _checked(row, params) for name, row in _ROWS.items()}
        first_s, length_s = self._region(p)
        self._advance(p, moment, first_s, length_s)
        place_s = min(self._place_s(p, moment, first_s, length_s), first_s + length_s - 1e-4)
        self._sequence += 1
        return Frame(self._picture_at(max(place_s, 0.0), back=float(p["speed"]) < 0.0), self._sequence, moment)

    def _picture_at(self, seconds: float, *, back: bool) -> np.ndarray:
        """The picture on show at a time of the film; the same array as long as it is the same picture.

        back: the film runs backwards, so a stretch before that time is unpacked at once.
        """
        assert self._decoder is not None
        found = self._cache.find(seconds)
        if found is not None:
            return found
        shot = self._decoder.at(max(seconds - BACK_S, 0.0) if back else seconds)
        while back and shot.end_s <= seconds and not shot.last:
            self._cache.add(shot, self._decoder.pixels(shot))
            shot = self._decoder.at(shot.end_s)
        return self._cache.add(shot, self._decoder.pixels(shot))

    def _region(self, p: Mapping[str, Any]) -> tuple[float, float]:
        """(start, length) of the loop in seconds; turned round where it ends before it begins."""
        assert self._decoder is not None
        duration_s = self._decoder.duration_s
        ends = sorted((float(p["loop_in"]) * duration_s, float(p["loop_out"]) * duration_s))
        return ends[0], max(ends[1] - ends[0], SHORTEST_LOOP_S)

    def _advance(self, p: Mapping[str, Any], moment: Moment, first_s: float, length_s: float) -> None:
        """Move on by the time that has passed; hands on scrub and restart come first."""
        passed_s = 0.0 if self._before_s is None else moment.seconds - self._before_s
        self._before_s = moment.seconds
        if p["play"]:
            self._way_s += float(p["speed"]) * min(max(passed_s, 0.0), LONGEST_STEP_S)
        scrub, restarts = float(p["scrub"]), int(p["restart"])
        if self._scrub is not None and scrub != self._scrub and self._decoder is not None:
            self._way_s = min(max(scrub * self._decoder.duration_s - first_s, 0.0), length_s)
        if (self._restarts is not None and restarts > self._restarts) or (self._restarts is None and p["speed"] < 0.0):
            self._way_s = length_s - 2.0 * ROUNDING_S if p["speed"] < 0.0 else 0.0
        self._scrub, self._restarts = scrub, restarts

    def _place_s(self, p: Mapping[str, Any], moment: Moment, first_s: float, length_s: float) -> float:
        beats = int(p["loop_beats"])
        way_s = moment.beats / beats * length_s if beats > 0 else self._way_s
        if p["loop"] == "once" and beats == 0:
            self._way_s = way_s = min(max(way_s, 0.0), length_s)
            return first_s + way_s
        if p["loop"] == "bounce":
            way_s = (way_s + ROUNDING_S) % (2.0 * length_s)
            return first_s + (2.0 * length_s - way_s if way_s > length_s else way_s)
        return first_s + (way_s + ROUNDING_S) % length_s

    def close(self) -> None:
        """Let the film go."""
        self._cache.clear()
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None


class _Cache:
    """Pictures already unpacked, by the time that they are on show; the first that came go when it is full."""

    def __init__(self) -> None:
        self._held: dict[float, tuple[float, np.ndarray]] = {}  # start -> (end, picture), in order of coming
        self._starts: list[float] = []
        self._bytes = 0

    def find(self, seconds: float) -> np.ndarray | None:
        """The picture that is on show then, if it is here."""
        index = bisect_right(self._starts, seconds + 1e-6) - 1
        if index < 0:
            return None
        end_s, picture = self._held[self._starts[index]]
        return picture if seconds < end_s - 1e-6 else None

    def add(self, shot: Shot, picture: np.ndarray) -> np.ndarray:
        """Keep a picture; returns the one that is kept for this time."""
        held = self._held.get(shot.start_s)
        if held is not None:
            return held[1]
        picture.flags.writeable = False
        self._held[shot.start_s] = (math.inf if shot.last else shot.end_s, picture)
        insort(self._starts, shot.start_s)
        self._bytes += picture.nbytes
        while self._bytes > CACHE_BYTES and len(self._held) > 1:
            oldest = next(iter(self._held))
            self._bytes -= self._held.pop(oldest)[1].nbytes
            self._starts.remove(oldest)
        return picture

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._starts.clear()
        self._bytes = 0


def _checked(row: Param, params: ParamFrame) -> Any:
    value = params.values.get(row.name, row.default)
    if row.kind == "trigger":
        return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
    try:
        return row.checked(value)
    except ParamError:
        return row.default
