"""How the time of a sound's stream lies on the clock of the show: for the beat's lead, and for recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from perform.core.contracts import AudioInput
from perform.core.stream_clock import StreamClock
from perform.core.types import AudioBlock
from perform.options import Options

SETTLE_S = 1.0


def is_device(sound: AudioInput) -> bool:
    """Whether sound comes in whether or not somebody reads it."""
    return not sound.name.startswith(("synth", "file", "silence", "array", "metronome"))


def sound_path(sound: AudioInput, speaker: Any, options: Options) -> Callable[[], float]:
    """How long before a block is read its sound was heard: what the room's calibration says, else the driver's word.
    Sound that we play ourselves is read first and heard later, which counts below 0."""
    if speaker is not None:
        return lambda: -(speaker.latency_s if options.playback_delay_s is None else options.playback_delay_s)
    if options.capture_delay_s is not None and is_device(sound):
        return lambda: float(options.capture_delay_s or 0.0)
    return lambda: float(getattr(sound, "path_s", 0.0))


def on_show_time(send: Callable[[AudioBlock], None], clock: Callable[[], float]) -> Callable[[AudioBlock], None]:
    """Sound on the clock of the pictures. Of the blocks of the first second the one that came soonest tells how far
    stream time and show time are apart; until then they are kept. The first of a busy start may be old by half a
    second, and misleads nobody."""
    stream = StreamClock()
    held: list[AudioBlock] = []
    began_s: list[float] = []
    shift_s: list[float] = []

    def listen(block: AudioBlock) -> None:
        held.append(replace(block, samples=block.samples[:, :2]))
        if not shift_s:
            now_s = clock()
            stream.note(block.start_s + len(block.samples) / block.rate_hz, now_s)
            began_s.append(now_s)
            if now_s - began_s[0] < SETTLE_S:
                return
            shift_s.append(stream.shift_s or 0.0)
        for one in held:
            send(replace(one, start_s=one.start_s + shift_s[0]))
        held.clear()

    return listen
