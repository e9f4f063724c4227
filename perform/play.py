"""The live loop: tick, pace, tell. Ends cleanly by key, window, signal or time."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from perform.app import Rig, Say, open_live
from perform.engine.pacing import LateStart, Pacer
from perform.gl.rows import LETTERS
from perform.options import Options
from perform.watch import ShaderWatch

HUD_PERIOD_S = 0.25


def play(options: Options, say: Say, began_s: float | None = None) -> dict[str, Any]:
    """Play until told to stop; returns the health report. `began_s`: monotonic time at which the command began."""
    began_s = time.monotonic() if began_s is None else began_s
    rig = open_live(options, say)
    say = rig.say or say
    try:
        say(_opening_line(rig, options))
        return run(rig, options, say, began_s)
    finally:
        rig.close()


def run(rig: Rig, options: Options, say: Say, began_s: float) -> dict[str, Any]:
    """The loop over a rig that is open, until it is told to stop; the health report."""
    with _clean_stop(rig), _quiet_memory():
        return _loop(rig, options, say, began_s)


def _loop(rig: Rig, options: Options, say: Say, began_s: float) -> dict[str, Any]:
    engine, show = rig.engine, rig.show
    fps = options.fps or (30.0 if rig.software else 60.0)
    pacer, late = Pacer(fps, time.monotonic, time.sleep), LateStart()
    watch = ShaderWatch(show.stage, show.shaders.go_live())
    rig.missed = lambda: pacer.missed
    first_picture_s: float | None = None
    before_s, told_s = time.monotonic(), -1.0
    while show.running and not engine.hearing.finished:
        if late.delay_s > 0.0:
            time.sleep(late.delay_s)
        now_s = rig.clock()
        if options.seconds is not None and now_s >= options.seconds:
            break
        engine.tick(now_s)
        show.after_tick()
        if rig.panel is not None:
            rig.panel.after_tick()
        rig.after()
        if rig.autosave is not None:
            rig.autosave.step()
        for item in watch.changed():
            show.shaders.saved(item)
        if first_picture_s is None and engine.health.counts.get("deck a frames", 0):
            first_picture_s = time.monotonic() - began_s
            say(f"first picture after {first_picture_s:.1f} s")
        if now_s - told_s >= HUD_PERIOD_S:
            told_s = now_s
            tell_troubles(rig, say)
            show.stage.set_hud(*hud(rig))
            if engine.table.value("out/help"):
                show.stage.set_help(show.sheet())
            gc.collect(0)
        pacer.wait()
        moment_s = time.monotonic()
        engine.health.note("frame", (moment_s - before_s) * 1000.0)
        late.note(getattr(show.stage, "waited_s", 0.0), moment_s - before_s, 1.0 / fps)
        before_s = moment_s
    watch.close()
    tell_troubles(rig, say)
    if first_picture_s is None and engine.coming:
        say(f"{show.source} was still loading: what played was the picture that stands in")
    return _report(rig, pacer, rig.clock(), first_picture_s)


def tell_troubles(rig: Rig, say: Say) -> None:
    """What failed beside the show, each line once: a model that does not load, a recording that stopped."""
    engine = rig.engine
    lines = [f"deck {d}: {p.last_error}" for d, p in (*engine.coming.items(), *engine.painters.items()) if p.last_error]
    error = getattr(rig.recorder, "error", None)
    if error:
        lines.append(f"the recording has stopped: {error}")
    for line in lines:
        if line not in rig.told:
            rig.told.add(line)
            say(line)


def _report(rig: Rig, pacer: Pacer, seconds: float, first_picture_s: float | None) -> dict[str, Any]:
    engine = rig.engine
    report = engine.report()
    frames = engine.moment.frame + 1
    report.update(
        seconds=round(seconds, 2),
        frames=frames,
        fps=round(frames / max(seconds, 1e-9), 2),
        missed=pacer.missed,
        first_picture_s=None if first_picture_s is None else round(first_picture_s, 2),
        lead_ms={name: round(1000.0 * seconds, 2) for name, seconds in lead_parts(rig).items()},
        osc=[dict(c.counts()) for c in rig.controls],
    )
    if rig.recorder is not None:
        report["recording"] = {**rig.recorder.counts(), "error": rig.recorder.error}
    return report


def latency_ms(rig: Rig) -> float:
    """Estimate of sound to screen for what shaders show of hits and levels: from the ear to the analysis, as old as it
    is when a tick reads it, and on to the middle of the picture."""
    engine = rig.engine
    heard = engine.heard
    age_s = 0.0 if heard is None else heard.since_s(heard.features.time_s, engine.moment.seconds)
    return (age_s + engine.lead.screen_s) * 1000.0


def lead_parts(rig: Rig) -> dict[str, float]:
    """What the beat's lead is made of, in seconds."""
    engine = rig.engine
    return {
        "sound": rig.sound_path_s(), "work": engine.lead.work_s, "half a frame": 0.5 * engine.lead.period_s,
        "display": engine.lead.display_s, "hand": engine.ahead_s - engine.lead.screen_s,
    }  # fmt: skip


def lead_line(rig: Rig) -> str:
    """What the beat's lead is made of, in ms: so that a person sees what there is to win, and what to calibrate."""
    parts = lead_parts(rig)
    made = " + ".join(f"{name} {1000.0 * s:.0f}" for name, s in parts.items() if abs(s) >= 0.0005)
    return f"beat leads by {1000.0 * sum(parts.values()):.0f} ms = {made or '0'}"


def hud(rig: Rig) -> tuple[list[str], dict[str, float]]:
    """What the HUD says: (lines, meters 0..1)."""
    engine = rig.engine
    frame = engine.health.stages.get("frame")
    shown = 0.0 if frame is None or not frame.count else 1000.0 / max(frame.percentile(50), 1e-3)
    painter = engine.painters.get("a")
    deck = "shader" if painter is None else f"{painter.fps:.0f} fps, {painter.frame_ms:.0f} ms"
    delays = getattr(getattr(rig.show, "stage", None), "delays", dict)()
    deck += "".join(f"   {letter} interpolated, +{s * 1000.0:.0f} ms" for letter, s in delays.items())
    coming = " (next loading)" if engine.coming else ""
    lines = [
        f"{rig.show.preset.title or rig.show.preset.name}  ·  {rig.show.source}{coming}",
        *_mix_line(rig),
        *_programme_lines(rig),
        f"screen {shown:.0f} fps   deck a {deck}   hits take {latency_ms(rig):.0f} ms",
        f"{engine.tempo.told()}   sound: {rig.sound.name}{_clip_light(rig)}",
        lead_line(rig),
    ]
    if engine.health.last_error:
        lines.append(engine.health.last_error[:90])
    lines += [line[:90] for line in rig.show.shaders.recent() if line not in engine.health.last_error]
    if painter is not None and painter.last_error:
        lines.append(painter.last_error[:90])
    names = ("level", "bass/level", "lowmid/level", "highmid/level", "treble/level")
    meters = {name.removesuffix("/level"): engine.signals.get(f"audio/{name}", 0.0) for name in names}
    return lines, meters


def _mix_line(rig: Rig) -> list[str]:
    """What lies on the other decks, and where the fader stands; nothing while there is one deck."""
    decks = getattr(rig.show, "decks", None)
    others = [f"{letter} {text}" for letter in LETTERS[1:] if (text := decks.source(letter))] if decks else []
    if not others:
        return []
    engine = rig.engine
    return [f"fader {float(engine.value('mix/fade')):.2f} {engine.value('mix/transition')}   {'   '.join(others)}"]  # type: ignore[arg-type]


def _programme_lines(rig: Rig) -> list[str]:
    programme = getattr(rig.show, "programme", None)
    return [] if programme is None else programme.told()


def _clip_light(rig: Rig) -> str:
    """Lit while the input is too hot: it clipped since the HUD was last drawn."""
    before, rig.clipped = rig.clipped, rig.sound.counts().get("clipped", 0)
    return "   CLIP: turn the input down" if rig.clipped > before else ""


def _opening_line(rig: Rig, options: Options) -> str:
    width, height = rig.show.stage.size
    port = [f"OSC on {c.host}:{c.port}" for c in rig.controls if hasattr(c, "host")]
    where = "window" if getattr(rig.show.stage, "has_window", False) else "offscreen"
    port += [] if rig.panel is None else [f"panel {rig.panel.url}"]
    name = rig.show.programme.cues.set.name
    parts = [
        *([f"set {name}"] if name else []),
        f"preset {rig.show.preset.name}",
        rig.show.source,
        f"sound {rig.sound.name}",
        f"{width}x{height} {where}",
    ]
    return "playing " + " · ".join([*parts, *port])


@contextmanager
def _clean_stop(rig: Rig) -> Iterator[None]:
    """SIGINT and SIGTERM end the show as a key would: files are finished, the exit code is 0."""

    def stop(_number: int, _frame: object) -> None:
        rig.show.running = False

    kept: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            kept[number] = signal.signal(number, stop)
        except ValueError:  # not in the main thread: whoever runs us there handles signals
            break
    try:
        yield
    finally:
        for number, before in kept.items():
            signal.signal(number, before)


@contextmanager
def _quiet_memory() -> Iterator[None]:
    """No collection of the whole heap in mid-show: what is loaded is frozen, idle slots collect the young."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
