"""The composition root: the one place that knows every part. Builds a live or an offline show from options."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from perform.beats import beats_of
from perform.clocks import open_clocks
from perform.core.contracts import AudioInput, Control
from perform.core.errors import PerformError, UsageError
from perform.core.params import ParamTable, is_wish
from perform.deck_source import SourcePlan, pick_device
from perform.engine.engine import Engine
from perform.engine.hearing import LiveHearing, OfflineHearing
from perform.engine.mailbox import ControlQueue
from perform.engine.painter import InlinePainter, Painter, ThreadPainter
from perform.looks.autosave import Autosave, kept_date, resume, state_folder
from perform.options import DEFAULT_PRESET, Options
from perform.oscquery import open_oscquery
from perform.show import MakePainter, Show
from perform.sound_times import is_device, on_show_time, sound_path
from perform.stage_choice import SIZE, chosen_display, open_stage_for
from perform.trial.gate import Gate, install

Say = Callable[[str], None]
RATE_HZ = 48000.0
LOADING_S = 8.0
FILMS = (".mp4", ".mov", ".mkv")


@dataclass
class Rig:
    """A show with the parts that the loop has to look after."""

    show: Show
    sound: AudioInput
    analyser: Any
    clock: Callable[[], float] = time.monotonic
    controls: list[Control] = field(default_factory=list)
    speaker: Any = None
    recorder: Any = None
    software: bool = True
    clipped: int = 0
    sound_path_s: Callable[[], float] = lambda: 0.0
    told: set[str] = field(default_factory=set)
    renderer: str = ""
    missed: Callable[[], int] = lambda: 0
    panel: Any = None
    say: Say | None = None
    autosave: Any = None
    after: Callable[[], None] = lambda: None
    """Called after each tick of the live loop, by whoever plays the show from code."""

    @property
    def engine(self) -> Engine:
        """The engine of the show."""
        return self.show.engine

    def close(self) -> None:
        """Stop everything, the listeners first."""
        for control in self.controls:
            control.close()
        if self.autosave is not None:
            self.autosave.close()
        self.engine.close()
        self.show.shaders.close()
        self.show.looks.close()
        if self.speaker is not None:
            self.speaker.close()


class ShowClock:
    """Seconds since the show began, by the monotonic clock."""

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def restart(self) -> None:
        """The show begins now."""
        self._zero = time.monotonic()

    def __call__(self) -> float:
        """Show time now."""
        return time.monotonic() - self._zero


def today() -> tuple[int, int, int, float]:
    """The calendar for ISF's DATE: (year, month, day, seconds in the day)."""
    now = datetime.now()
    return now.year, now.month, now.day, now.hour * 3600.0 + now.minute * 60.0 + now.second + now.microsecond / 1e6


def _open_sound(options: Options, live: bool) -> AudioInput:
    """The sound of a show, open. Raises PerformError."""
    from perform.inputs import open_input

    sound = options.given.sound or open_input(
        options.audio or "synth", live=live, rate_hz=RATE_HZ, channels=options.channels, trim_db=options.trim_db,
        start_s=options.start_s,
    )  # fmt: skip
    sound.open()
    return sound


def _analyser(sound: AudioInput) -> Any:
    from perform.features import FeatureAnalyser

    return FeatureAnalyser(rate_hz=sound.rate_hz)


def _is_trigger(table: ParamTable) -> Callable[[str], bool]:
    return lambda address: address in table and (table[address].kind == "trigger" or is_wish(table[address]))


def _mount_audio_rows(table: ParamTable) -> None:
    from perform.features import PARAMS

    table.add(PARAMS, "audio")


def check_film(path: Path) -> None:
    """Raises UsageError for a film that could never be written, before anything is opened."""
    if path.suffix.lower() not in FILMS:
        raise UsageError(f"--record {path}: a film ends in one of {', '.join(FILMS)}")
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(f"--record {path}: there is no folder {path.parent}, or the name is that of a folder")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"--record {path}: the folder {path.parent} cannot be written to")


def open_live(options: Options, say: Say) -> Rig:
    """A live show, ready to tick: stage first (it is what may fail), then sound, preset and hands."""
    if options.record is not None:
        check_film(options.record)
    from perform.control.web.feed import Feed, with_log

    clock, feed = ShowClock(), Feed()
    say = with_log(say, feed, clock)
    display = chosen_display(options)
    stage = open_stage_for(options, display, say)
    if display == "offscreen" and options.display == "auto":
        say(
            "no display here: playing offscreen (a window needs a desktop session; --record FILE.mp4 keeps the picture)"
        )
    try:
        sound = _open_sound(options, live=True)
    except PerformError:
        stage.close()
        raise
    rig = _assemble_live(options, say, clock, stage, sound, feed)
    rig.say = say
    return rig


def _assemble_live(options: Options, say: Say, clock: ShowClock, stage: Any, sound: AudioInput, feed: Any) -> Rig:
    from perform.gl import describe
    from perform.hands import open_hands
    from perform.lights import open_lights
    from perform.osc import open_osc
    from perform.panel import open_panel
    from perform.room_senses import open_camera_watch

    table = ParamTable()
    queue = ControlQueue(_is_trigger(table))
    analyser = _analyser(sound)
    speaker = _speaker(sound)
    listeners = [] if speaker is None else [speaker.play]
    beats = beats_of(sound)
    hearing = LiveHearing(sound, analyser, clock, beats, listeners, skip=is_device(sound))
    hearing.path_s = sound_path(sound, speaker, options)
    engine = Engine(table, stage, hearing, queue, clock, date=today)
    engine.musical.steer = beats.steer
    engine.lead.live, engine.lead.display_s = True, options.display_delay_s
    device = pick_device(options.device)

    def painter(name: str, plan: SourcePlan) -> Painter:
        assert plan.make is not None
        make = plan.make
        if engine.moment.frame >= 0:  # the show is on: whatever plays comes first
            from perform.generators.gently import gently

            make = gently(make)
        return ThreadPainter(f"{name} {plan.text}", make, clock)

    try:
        show = _make_show(engine, stage, analyser, painter, say, device, options, fast=True)
    except BaseException:
        if speaker is not None:
            speaker.close()
        raise
    rig = Rig(show, sound, analyser, clock, speaker=speaker, sound_path_s=hearing.path_s)
    if options.record is not None:
        _record(rig, options, listeners=hearing, clock=clock)
    facts = describe(stage)
    rig.software, rig.renderer = bool(facts.get("software", True)), str(facts.get("renderer", ""))
    hands = open_hands(options, show, clock, say)
    rig.controls = [*open_osc(options, show, clock, say), hands]
    hands.hear(rig.controls)
    rig.controls += open_camera_watch(options.camera_signals, engine, clock, say)
    rig.controls += open_lights(options.lights, hands.desk, engine, clock, say)
    rig.controls += open_clocks(options, show, clock, say, hands.learning)
    panel = open_panel(rig, options, feed, clock, say)
    query = open_oscquery(rig, options, clock, say)
    rig.controls += [control for control in (panel, query) if control is not None]
    if options.autosave:
        rig.autosave = Autosave(show, state_folder(), say)
    engine.warm()
    _wait_for_painters(engine)
    clock.restart()
    hearing.start()
    return rig


def _wait_for_painters(engine: Engine) -> None:
    """A model loads faster while nothing else runs; one that takes too long loads on beside the show."""
    ends_s = time.monotonic() + LOADING_S
    for painter in engine.coming.values():
        painter.wait_ready(max(0.0, ends_s - time.monotonic()))


def _make_show(
    engine: Engine,
    stage: Any,
    analyser: Any,
    painter: MakePainter,
    say: Say,
    device: str,
    options: Options,
    fast: bool = False,
) -> Show:
    from perform.gl import describe

    _mount_audio_rows(engine.table)
    install(Gate(stage.size, str(describe(stage)["renderer"])))
    show = Show(engine, stage, painter, say, device, options.source, fast)
    engine.set_command(show.command)
    engine.hearing.settle_with(_settings_of(engine, analyser))
    try:
        _bring_first_look(show, options)
    except BaseException:  # in a notebook the process lives on, and somebody tries again
        engine.close()
        show.shaders.close()
        raise
    return show


def _bring_first_look(show: Show, options: Options) -> None:
    show.furnish(options.room)
    show.decks.own.update(options.given.own)
    if options.resume and resume(show, state_folder(), show.say):
        show.programme.schedule.open(options.schedule, kept_date(state_folder()))
    elif options.given.look is not None:
        show.play(options.given.look)
        if options.set_name:
            show.programme.cues.load(options.set_name)
    else:
        show.programme.begin(options.set_name, options.preset, DEFAULT_PRESET, options.schedule)
    if options.seed is not None and "deck/a/source/seed" in show.engine.table:
        show.engine.table.set("deck/a/source/seed", options.seed)


def _settings_of(engine: Engine, analyser: Any) -> Callable[[], None]:
    """Hands the `audio/` rows of the table to the analysis."""
    from perform.features import PARAMS

    paths = [(row.name, f"audio/{row.name}") for row in PARAMS]

    def settle() -> None:
        base = engine.table.base()
        analyser.configure({name: base[path] for name, path in paths})

    return settle


def _speaker(sound: AudioInput) -> Any:
    """The built-in band and files are heard too, where there is a device; a microphone is not played back."""
    if sound.name.startswith(("synth", "file", "metronome", "array")):
        from perform.outputs.speaker import Speaker

        if Speaker.available():
            return Speaker(sound.rate_hz, sound.channels)
    return None


def _record(rig: Rig, options: Options, listeners: LiveHearing, clock: Callable[[], float]) -> None:
    from perform.manifest import Manifest, manifest_path
    from perform.outputs.video import VideoFile

    assert options.record is not None
    manifest = Manifest(rig.show, manifest_path(options.record), lambda line: rig.show.shaders.notice(line))
    recorder = VideoFile(
        options.record, rig.show.stage.size, options.fps or 30.0, rate_hz=rig.sound.rate_hz,
        channels=min(rig.sound.channels, 2), live=True, audio_offset_s=0.0, tags=manifest.tags(),
    )  # fmt: skip
    rig.recorder = recorder
    rig.engine.sinks += [recorder, manifest]
    listeners.add_listener(on_show_time(recorder.send_audio, clock))


def open_offline(options: Options, say: Say) -> Rig:
    """A show under an offline clock: every frame is painted, sound is read as far as the frame needs it."""
    from perform.gl import describe, open_stage

    sound = _open_sound(options, live=False)
    try:
        stage = open_stage(options.size or SIZE, "offscreen")
    except PerformError:
        sound.close()
        raise
    table = ParamTable()
    queue = ControlQueue(_is_trigger(table))
    analyser = _analyser(sound)
    beats = beats_of(sound)
    hearing = OfflineHearing(sound, analyser, beats)
    engine = Engine(table, stage, hearing, queue, time.perf_counter)
    engine.musical.steer = beats.steer
    engine.exact = True

    def painter(name: str, plan: SourcePlan) -> Painter:
        assert plan.make is not None
        return InlinePainter(name, plan.make, time.perf_counter)

    show = _make_show(engine, stage, analyser, painter, say, pick_device(options.device), options)
    return Rig(show, sound, analyser, software=bool(describe(stage).get("software", True)))
