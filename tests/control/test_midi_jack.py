"""MIDI ports for real: RtMidi on a JACK server with the dummy driver, and mido's ports as the other side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from perform.control.midi import MidiControl
from perform.control.midi_ports import MidiPorts, stable
from perform.core.errors import DeviceError
from perform.core.types import BeatClock

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def peer(server: None) -> Iterator[Any]:
    """(mido's module with RtMidi on JACK, list to append ports to that are closed afterwards)."""
    import mido

    mido.set_backend("mido.backends.rtmidi/UNIX_JACK")
    opened: list[Any] = []
    yield mido, opened
    for port in opened:
        port.close()


def until(true: Callable[[], object], seconds: float = 15.0) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if true():
            return True
        time.sleep(0.01)
    return bool(true())


def test_clock_comes_in_through_a_real_port_and_goes_out_through_another(peer: Any) -> None:
    mido, opened = peer
    began = time.monotonic()
    midi = MidiControl(lambda: time.monotonic() - began, clock_out="virtual")
    midi.open(lambda event: None)
    try:
        there = mido.open_output("clock", virtual=True, client_name="daw")
        opened.append(there)
        ours = [name for name in mido.get_input_names() if name.startswith("perform") and name.endswith("out")]
        back = mido.open_input(ours[0])
        opened.append(back)
        heard: list[str] = []

        def kinds() -> list[str]:
            heard.extend(message.type for message in back.iter_pending())
            return heard

        midi.ports.rescan()
        assert any("daw" in name for name in midi.ports.names())
        there.send(mido.Message("songpos", pos=64))
        there.send(mido.Message("continue"))
        said: list[tuple[float, float]] = []
        sent_at, period = time.monotonic(), 2.5 / 140.0
        for n in range(24 * 4):
            while time.monotonic() < sent_at + n * period:
                time.sleep(0.0005)
            there.send(mido.Message("clock"))
            now = midi._clock()
            midi.tell(BeatClock(now, now * 2.0, 120.0, 4, 1.0, "x", now * 2.0 / 4 % 1.0))
            word = midi.clocks.beat(now)
            if word is not None:
                said.append((word.tempo_bpm, word.beats - 16.0 - (began + now - sent_at) * 140.0 / 60.0))
        assert until(lambda: midi.clocks.counts()["starts"]) and midi.clocks.playing()
        # A busy machine sends late and in bunches; in the middle of it all the reading is right.
        assert len(said) > 40
        assert median(bpm for bpm, _ in said[30:]) == pytest.approx(140.0, rel=0.05)
        assert median(off for _, off in said[30:]) == pytest.approx(0.0, abs=0.12)
        assert until(lambda: kinds().count("clock") > 30 and kinds().count("start") == 1)
    finally:
        midi.close()
    assert until(lambda: "stop" in kinds())


def test_timecode_comes_in(peer: Any) -> None:
    mido, opened = peer
    midi = MidiControl(time.monotonic)
    midi.open(lambda event: None)
    try:
        there = mido.open_output("tape", virtual=True, client_name="deck")
        opened.append(there)
        midi.ports.rescan()
        there.send(mido.Message("sysex", data=[0x7F, 0x7F, 1, 1, 3 << 5 | 2, 3, 4, 15]))
        assert until(lambda: midi.timecode.received)
        found = midi.timecode.at(time.monotonic())
        assert found == (pytest.approx(2 * 3600 + 3 * 60 + 4.5), 0.0)
        assert midi.signals(time.monotonic())["mtc/time"] == pytest.approx(7384.5)
    finally:
        midi.close()


def test_a_device_that_is_plugged_in_is_heard_and_one_pulled_out_is_let_go(peer: Any) -> None:
    mido, opened = peer
    got: list[tuple[str, list[int]]] = []
    ports = MidiPorts(lambda name, message, _time: got.append((name, message)), time.monotonic, virtual=False)
    seen: list[tuple[str, bool]] = []
    ports.changed = lambda name, here: seen.append((name, here))
    ports.open()
    try:
        device = mido.open_output("knobs", virtual=True, client_name="box")
        assert until(lambda: ports.names())
        name = ports.names()[0]
        device.send(mido.Message("control_change", control=7, value=99))
        assert until(lambda: got) and got[0] == (name, [0xB0, 7, 99])
        device.close()
        assert until(lambda: not ports.names())
        opened.append(mido.open_output("knobs", virtual=True, client_name="box"))
        assert until(lambda: ports.names() == [name])
        assert seen == [(name, True), (name, False), (name, True)]
        assert ports.counted["plugged"] == 2 and ports.counted["errors"] == 0
    finally:
        ports.close()


def test_only_devices_of_the_name_asked_for_are_opened_and_outputs_are_found_by_a_part(peer: Any) -> None:
    mido, opened = peer
    opened += [mido.open_output("a", virtual=True, client_name="nano"), mido.open_output("b", virtual=True,
               client_name="other"), mido.open_input("a", virtual=True, client_name="nano lamps")]  # fmt: skip
    ports = MidiPorts(lambda *_: None, time.monotonic, "NANO", virtual=False)
    ports.open()
    try:
        assert [name for name in ports.names() if "nano" not in name.lower()] == [] and ports.names()
        lamps = ports.output_like("lamps")
        assert lamps and ports.send(lamps, [0x90, 1, 127])
        assert until(lambda: [m.note for m in opened[2].iter_pending()] == [1])
        assert ports.output_like("nothing") == "" and not ports.send("nothing", [0xF8])
    finally:
        ports.close()


def test_a_show_follows_a_midi_clock(peer: Any, tmp_path: Path) -> None:
    mido, opened = peer
    there = mido.open_output("clock", virtual=True, client_name="daw")
    opened.append(there)
    command = [sys.executable, "-m", "perform.cli", "play", "--json", "--display", "offscreen", "--audio", "silence",
               "--source", "testcard", "--size", "64x36", "--osc-port", "-1", "--midi", "daw",
               "--seconds", "5"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    show = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    began, n, period = time.monotonic(), 0, 2.5 / 133.0
    while show.poll() is None and time.monotonic() - began < 90:
        while began + n * period <= time.monotonic():
            if n % (24 * 4) == 0:
                there.send(mido.Message("start"))
            there.send(mido.Message("clock"))
            n += 1
        time.sleep(0.001)
    out, err = show.communicate(timeout=30)
    assert show.returncode == 0, err
    tempo = json.loads(out)["tempo"]
    assert tempo["source"] == "midi" and tempo["bpm"] == pytest.approx(133.0, rel=0.03)


def test_names_are_the_same_next_time() -> None:
    names = ["nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 24:0", "APC40 20:0", "APC40 28:0"]
    assert stable(names) == ["nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL", "APC40", "APC40 #2"]


def test_no_midi_on_this_machine_is_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody_here")
    if os.path.exists("/dev/snd/seq"):
        monkeypatch.setattr("perform.control.midi_ports.apis", lambda: [])
    with pytest.raises(DeviceError, match=r"^no MIDI on this machine"):
        MidiPorts(lambda *_: None, time.monotonic).open()


def test_a_system_that_goes_while_its_ports_are_made_is_no_midi_and_nothing_worse(
    server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rtmidi

    made: list[Any] = []

    class Falling:
        """Inputs for real; the server has gone when the outputs' turn comes."""

        get_compiled_api = staticmethod(lambda: [rtmidi.API_UNIX_JACK])
        API_RTMIDI_DUMMY, API_LINUX_ALSA = rtmidi.API_RTMIDI_DUMMY, rtmidi.API_LINUX_ALSA

        @staticmethod
        def MidiIn(*given: Any) -> Any:
            made.append(rtmidi.MidiIn(*given))
            return made[-1]

        @staticmethod
        def MidiOut(*_: Any) -> Any:
            raise rtmidi.SystemError("JACK server not running?")

    monkeypatch.setattr("perform.control.midi_ports.backend", lambda: Falling)
    ports = MidiPorts(lambda *_: None, time.monotonic)
    with pytest.raises(DeviceError, match=r"^no MIDI on this machine"):
        ports.open()
    assert len(made) == 1 and made[0].is_deleted
    assert "JACK server not running" in ports.last_error
