"""Opens MIDI for a live show: the devices, their profiles, the user's map and the look's, clock and timecode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from perform.control.learning import Learning
from perform.core.contracts import Control
from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.types import Value
from perform.engine.engine import Engine
from perform.options import Options
from perform.show import Show

Say = Callable[[str], None]


def open_midi(
    options: Options, show: Show, clock: Callable[[], float], say: Say, learning: Learning | None = None
) -> Control | None:
    """MIDI joined to the show; None where it is not wanted. Raises DeviceError where this machine has none."""
    if options.midi == "none":
        return None
    from perform.control.midi import MidiControl
    from perform.control.midi_desk import MidiDesk

    engine = show.engine
    table = engine.table
    profiles, own, keep_in = _files(options, say)

    def desk(send: Callable[[str, list[int]], bool]) -> MidiDesk:
        return MidiDesk(
            row_of(engine), value_of(engine), send, clock, profiles=profiles, own=own, keep_in=keep_in,
            look=_LookMap(lambda: show.preset.name, say), calm=lambda: engine.bank.suspended, panic=options.midi_panic,
            learning=learning,
        )  # fmt: skip

    midi = MidiControl(
        clock, options.midi or "auto", clock_out=options.midi_clock_out or "", desk=desk,
        clock_offset_s=options.midi_clock_offset_s,
        bpm=lambda: float(table.value("tempo/bpm")),  # type: ignore[arg-type]
    )  # fmt: skip
    midi.read_values(table.base)
    midi.open(engine.queue.post)
    engine.musical.sources += midi.sources
    engine.senses.append(midi)
    if midi.clock_out is not None:
        engine.musical.outs.append(lambda word, _bars: midi.tell(word))
    return midi


def row_of(engine: Engine) -> Callable[[str], Param | None]:
    """The row at an address, None where there is none."""
    table = engine.table
    return lambda address: table[address] if address in table else None


def value_of(engine: Engine) -> Callable[[str], Value | None]:
    """The base value at an address, None where there is none."""
    return lambda address: engine.table.base().get(address)


def _files(options: Options, say: Say) -> tuple[list, list, Path]:  # type: ignore[type-arg]
    """(profiles, the user's bindings, the file that learning writes). What cannot be read is said and left out."""
    from perform.content import list_controllers, midi_map_file
    from perform.control.midi_map import read_map, read_profile

    profiles, own = [], []
    for path in list_controllers():
        try:
            profile, problems = read_profile(path)
        except PerformError as error:
            say(str(error))
            continue
        profiles.append(profile)
        for line in problems:
            say(line)
    keep_in = Path(options.midi_map) if options.midi_map else midi_map_file()
    if keep_in.is_file():
        try:
            own, problems = read_map(keep_in)
        except PerformError as error:
            say(f"{error}; what is learnt goes to another file beside it")
            keep_in, problems = keep_in.with_name(keep_in.stem + "_learnt.toml"), []
        for line in problems:
            say(line)
    return profiles, own, keep_in


class _LookMap:
    """The map of the look that plays: `presets/midi/NAME.toml`, looked for when the look changes."""

    def __init__(self, name: Callable[[], str], say: Say) -> None:
        self._name, self._say = name, say
        self._before = ""

    def __call__(self) -> Sequence[object] | None:
        """Its bindings when it has changed, else None."""
        name = self._name()
        if name == self._before:
            return None
        self._before = name
        from perform.content import find_preset_midi
        from perform.control.midi_map import read_map

        path = find_preset_midi(name)
        if path is None:
            return ()
        try:
            bindings, problems = read_map(path)
        except PerformError as error:
            self._say(str(error))
            return ()
        for line in problems:
            self._say(line)
        return bindings
