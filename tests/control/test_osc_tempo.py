"""The beat over OSC, with liblo's tools on the other side, and from one `perform` to another."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from needs import need
from running import free_port, playing

from perform.control.osc_gate import Limits, read_packet
from perform.control.osc_send import OscSender
from perform.control.osc_tempo import TOLD, OscTempo
from perform.core.errors import PresetError, UsageError
from perform.core.told_beats import ToldBeats
from perform.core.types import BeatClock
from perform.options import Options, with_venue
from perform.osc_reference import HEALTH, TEMPO
from perform.osc_targets import parse_target


class Ear:
    """A socket that reads OSC."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.place = self.socket.getsockname()

    def got(self) -> list[tuple[str, object]]:
        out = []
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return out
            out += [(m.address, m.arguments[0]) for m in read_packet(data, Limits())]


def test_it_tells_the_beat_of_the_sound_now_and_every_beat_once() -> None:
    ear, now = Ear(), [0.0]
    tempo = OscTempo(OscSender([ear.place], rate_hz=1000.0), lambda: now[0])
    heard: list[tuple[float, str, object]] = []
    for n in range(250):
        now[0] = n * 0.02
        ahead = now[0] + 0.05  # the picture's lead
        tempo.tell(BeatClock(ahead, ahead * 2.0, 120.0, 3, 0.9, "link", ahead * 2 / 3 % 1.0), ahead * 2.0 / 3)
        heard += [(now[0], *message) for message in ear.got()]
    beats = [(when, value) for when, address, value in heard if address == "/perform/tempo/on_beat"]
    assert [value for _, value in beats] == [2, 3, 1, 2, 3, 1, 2, 3, 1]
    assert all(abs(when - round(when * 2) / 2) < 0.021 for when, _ in beats)
    last = {address: value for _, address, value in heard}
    assert last["/perform/tempo/bpm"] == 120.0 and last["/perform/tempo/source"] == "link"
    assert last["/perform/tempo/beat"] == pytest.approx(4.98 * 2, abs=1e-4)
    assert last["/perform/tempo/bar"] == 3 and last["/perform/tempo/bar_phase"] == pytest.approx(0.32, abs=1e-4)
    assert [value for _, address, value in heard if address.endswith("source")] == ["link"]


def test_one_perform_follows_another() -> None:
    ear, now = Ear(), [0.0]
    tempo, told = OscTempo(OscSender([ear.place]), lambda: now[0]), ToldBeats()
    for n in range(300):
        now[0] = n / 60
        tempo.tell(BeatClock(now[0] + 0.04, (now[0] + 0.04) * 2.1, 126.0, 4, 1.0, "x"), 0.0)
        for address, value in ear.got():
            if address == "/perform/tempo/beat":
                told.tell(float(value), now[0])  # type: ignore[arg-type]
    word = told.beat(now[0])
    assert word is not None and word.tempo_bpm == pytest.approx(126.0, abs=0.1)
    assert word.beats == pytest.approx(now[0] * 2.1, abs=0.01)


def test_targets_and_the_venues_clocks(tmp_path: Path) -> None:
    assert parse_target("localhost:9001") == ("localhost", 9001) and parse_target("[::1]:7") == ("::1", 7)
    for wrong in ("", "here", "here:", ":9", "a:99999", "a:0"):
        with pytest.raises(UsageError):
            parse_target(wrong)
    venue = tmp_path / "venue.toml"
    venue.write_text(
        '[osc]\nout = ["127.0.0.1:9001", "127.0.0.1:9002"]\nout_rate_hz = 50\n[midi]\ndevices = "nano"\n'
        'clock_out = "virtual"\nclock_offset_s = 0.004\n[link]\nenabled = true\nstart_stop = true\n'
        '[tempo]\nsource = "midi"\nbpm = 99.5\nbeats_per_bar = 3\n'
    )
    options, problems = with_venue(Options(), venue)
    assert not problems and options.osc_out == ("127.0.0.1:9001", "127.0.0.1:9002") and options.osc_out_rate_hz == 50
    assert (options.midi, options.midi_clock_out, options.midi_clock_offset_s) == ("nano", "virtual", 0.004)
    assert options.link and options.link_start_stop and options.tempo_bpm == 99.5 and options.beats_per_bar == 3
    for wrong in ('[tempo]\nsource = "sun"', "[tempo]\nbpm = 900", "[link]\nenabled = 1", "[osc]\nout = 3",
                  "[tempo]\nbeats_per_bar = true", "[midi]\nclock_offset_s = 3.0"):  # fmt: skip
        venue.write_text(wrong + "\n")
        with pytest.raises(PresetError, match=r"venue\.toml"):
            with_venue(Options(), venue)
    venue.write_text('[osc]\nout = "nowhere"\n')
    with pytest.raises(UsageError):
        with_venue(Options(), venue)


def test_the_venues_osc(tmp_path: Path) -> None:
    venue = tmp_path / "venue.toml"
    venue.write_text(
        '[osc]\nahead_s = 0\nallow = ["10.0.0.0/24", "::1"]\ntcp = 9000\n'
        'out = "127.0.0.1:7000=also"\nsend = ["127.0.0.1:9001"]\n'
        '[osc.also]\n"/composition/crossfader/phase" = "mix/fade"\n'
    )
    options, problems = with_venue(Options(), venue)
    assert not problems and options.osc_allow == ("10.0.0.0/24", "::1/128") and options.osc_tcp == 9000
    assert options.osc_out == ("127.0.0.1:7000=also",) and options.osc_send == ("127.0.0.1:9001",)
    assert options.osc_ahead_s == 0
    assert options.osc_also == {"/composition/crossfader/phase": "mix/fade"}
    for wrong in ('allow = "house"', "allow = 3", "ahead_s = 99", "tcp = 99999", 'tcp = "x"', "send = [1]",
                  'out = "127.0.0.1:7000=sun"', 'also = "x"', 'also = { phase = "mix/fade" }'):  # fmt: skip
        venue.write_text(f"[osc]\n{wrong}\n")
        with pytest.raises((PresetError, UsageError), match=r"osc|OSC"):
            with_venue(Options(), venue)


def test_a_show_takes_tempo_from_liblo_and_tells_what_goes_on_to_liblo(tmp_path: Path) -> None:
    need(all(map(shutil.which, ("oscsend", "oscdump", "stdbuf"))), "liblo's tools (apt: liblo-tools)")
    inward, outward = free_port(), free_port()
    dump = subprocess.Popen(
        ["stdbuf", "-oL", "oscdump", str(outward)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        with playing(tmp_path, "--display", "offscreen", "--audio", "silence", "--source", "testcard",
                     "--size", "64x36", "--osc-port", str(inward), "--osc-tcp", str(inward), "--osc-out",
                     f"127.0.0.1:{outward}=all", "--midi", "none", "--seconds", "6") as show:  # fmt: skip
            show.wait_for("playing")
            time.sleep(0.5)
            url = f"osc.tcp://127.0.0.1:{inward}/"
            subprocess.run(["oscsend", "localhost", str(inward), "/perform/tempo/bpm", "f", "92.5"], check=True)
            subprocess.run(["oscsend", url, "/perform/tempo/bpm", "sf", "+", "1.0"], check=True)
            subprocess.run(["oscsend", url, "/perform/macro/[12]", "f", "0.25"], check=True)
            report = show.finish()
    finally:
        dump.terminate()
        out, _ = dump.communicate(timeout=10)
    assert report["tempo"]["source"] == "manual" and report["tempo"]["bpm"] == 93.5
    lines = [line.split()[1:] for line in out.splitlines()]  # a time comes first
    said = {line[0]: line for line in lines if line and line[0].startswith("/perform/")}
    names = "bpm confidence beat beat_phase bar_phase bar source on_beat".split()
    assert {f"/perform/tempo/{name}" for name in names} <= set(said), json.dumps(sorted(said))
    assert float(said["/perform/tempo/bpm"][2]) == pytest.approx(93.5) and said["/perform/tempo/bpm"][1] == "f"
    assert said["/perform/tempo/on_beat"][1] == "i"
    beats = [float(line[2]) for line in lines if line and line[0] == "/perform/tempo/beat"]
    assert beats == sorted(beats) and len(beats) > 20
    assert [said[f"/perform/macro/{n}"][1:] for n in "12"] == [["f", "0.250000"]] * 2
    known = {*(f"/perform/health/{name}" for name in HEALTH), *(f"/perform/tempo/{name}" for name in TEMPO)}
    assert {address for address in said if address.startswith("/perform/health/")} <= known
    assert {f"/perform/{path}" for path in TOLD} <= known
    assert float(said["/perform/health/fps"][2]) > 1.0 and said["/perform/signal/audio/level"][1] == "f"
    sent = {name: count for counts in report["osc"] for name, count in counts.items() if name.startswith("osc out")}
    assert sent["osc out sent"] > 100 and sent["osc out refused"] == 0
