"""Opens the clocks of a live show: MIDI, Ableton Link. What is not there is said, and played without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perform.control.learning import Learning
from perform.core.contracts import Control
from perform.core.errors import DeviceError
from perform.core.types import BeatClock, ControlEvent
from perform.engine.engine import Engine
from perform.midi import open_midi
from perform.options import Options
from perform.show import Show

Say = Callable[[str], None]


def open_clocks(
    options: Options, show: Show, clock: Callable[[], float], say: Say, learning: Learning | None = None
) -> list[Control]:
    """Everything that was asked for and could be opened, joined to the engine; to be closed with the show.

    learning: what MIDI's controllers learn by.
    """
    engine = show.engine
    _set_tempo(options, engine)
    opened: list[Control] = []

    def midi(options: Options, engine: Engine, clock: Callable[[], float]) -> Control | None:
        return open_midi(options, show, clock, say, learning)

    for make in (midi, _link):
        try:
            control = make(options, engine, clock)
        except DeviceError as error:
            if make is not midi or options.midi not in (None, "auto"):
                say(f"{error}; playing without")
            continue
        if control is not None:
            opened.append(control)
    return opened


def _set_tempo(options: Options, engine: Engine) -> None:
    """The room's `[tempo]`."""
    table = engine.table
    for path, value in (
        ("tempo/source", options.tempo_source), ("tempo/bpm", options.tempo_bpm),
        ("tempo/beats_per_bar", options.beats_per_bar),
    ):  # fmt: skip
        if value is not None:
            table.set(path, value)
    if options.tempo_bpm is not None:
        engine.tempo.bpm = float(table.value("tempo/bpm"))  # type: ignore[arg-type]
    if options.beats_per_bar is not None:
        engine.tempo.set_metre(int(table.value("tempo/beats_per_bar")))  # type: ignore[arg-type]


def _link(options: Options, engine: Engine, clock: Callable[[], float]) -> Control | None:
    if not options.link:
        return None
    from perform.inputs.link import LinkSource

    table = engine.table
    link = LinkSource(
        clock, engine.tempo.bpm, lambda: int(table.value("tempo/beats_per_bar")),  # type: ignore[arg-type]
        start_stop=options.link_start_stop, alone=lambda: table.value("tempo/source") == "link",
    )  # fmt: skip
    link.open()
    engine.musical.sources.append(link)
    engine.senses.append(link)

    def follow(word: BeatClock, _bars: float) -> None:
        if table.value("tempo/link_follows") and engine.tempo.by_hand:
            link.set_tempo(word.tempo_bpm)

    engine.musical.outs.append(follow)
    return _Opened(link, "link")


class _Opened:
    """Something that runs already, as a Control: counted and closed with the others."""

    def __init__(self, part: Any, name: str) -> None:
        self._part, self.name = part, name

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """It is open."""

    def counts(self) -> Mapping[str, int]:
        """Its counters."""
        return {f"{self.name} {name}": value for name, value in self._part.counts().items()}

    def close(self) -> None:
        """Close it."""
        self._part.close()
