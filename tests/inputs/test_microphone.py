"""Devices by name and the life of a microphone, against a stand-in for sounddevice."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core import portaudio
from perform.core.contracts import AudioInput
from perform.core.errors import DeviceError, UsageError
from perform.inputs import device, list_devices, open_input
from perform.inputs.device import find_input
from perform.inputs.microphone import Microphone
from perform.inputs.ring import SampleRing


class PortAudioError(Exception):
    """As sounddevice has it."""


class Stream:
    def __init__(self, owner: FakeSound, **settings: Any) -> None:
        owner.asked.append(settings)
        reason = owner.refuse(settings)
        if reason:
            raise PortAudioError(reason)
        self.settings = settings
        self.samplerate, self.latency = settings["samplerate"], 0.0107
        self.closed = False
        owner.streams.append(self)

    def start(self) -> None:
        pass

    def abort(self, ignore_errors: bool = True) -> None:
        pass

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True

    def deliver(self, n: int, value: float = 0.1, overflow: bool = False) -> None:
        """What PortAudio's thread does."""
        samples = np.full((n, self.settings["channels"]), value, np.float32)
        self.settings["callback"](samples, n, None, SimpleNamespace(input_overflow=overflow) if overflow else None)


class FakeSound:
    """Enough of the sounddevice module. devices: (name, host, inputs, outputs, rate)."""

    PortAudioError = PortAudioError

    def __init__(self, devices: list[tuple[str, str, int, int, float]], default: int = 0) -> None:
        self.devices = devices
        self.default = SimpleNamespace(device=[default, -1])
        self.asked: list[dict[str, Any]] = []
        self.streams: list[Stream] = []
        self.refuse = lambda settings: ""
        self.rescans = 0

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": name} for name in dict.fromkeys(d[1] for d in self.devices)]

    def query_devices(self) -> list[dict[str, Any]]:
        hosts = [h["name"] for h in self.query_hostapis()]
        keys = ("name", "hostapi", "max_input_channels", "max_output_channels", "default_samplerate")
        return [dict(zip(keys, (n, hosts.index(h), i, o, r), strict=True)) for n, h, i, o, r in self.devices]

    def InputStream(self, **settings: Any) -> Stream:
        return Stream(self, **settings)

    def _terminate(self) -> None:
        self.rescans += 1

    def _initialize(self) -> None:
        pass


STUDIO = [
    ("Built-in Microphone", "ALSA", 2, 0, 44100.0),
    ("Scarlett 18i20 USB", "ALSA", 20, 20, 48000.0),
    ("HDMI out", "ALSA", 0, 8, 48000.0),
    ("Monitor of Built-in Audio", "ALSA", 2, 0, 48000.0),
    ("USB Microphone", "ALSA", 1, 0, 16000.0),
]


def fake(default: int = 0) -> FakeSound:
    return FakeSound(list(STUDIO), default)


@pytest.mark.parametrize(
    ("part", "name"),
    [(None, "Built-in Microphone"), ("scarlett", "Scarlett 18i20 USB"), ("MONITOR OF", "Monitor of Built-in Audio"),
     ("usb microphone", "USB Microphone"), ("18i20", "Scarlett 18i20 USB")],
)  # fmt: skip
def test_a_part_of_the_name_is_enough(part: str | None, name: str) -> None:
    assert find_input(part, fake()).name == name


def test_ambiguous_names_list_the_candidates() -> None:
    with pytest.raises(DeviceError) as caught:
        find_input("microphone", fake())
    assert "Built-in Microphone" in str(caught.value) and "USB Microphone" in str(caught.value)
    assert "Scarlett" not in str(caught.value)


def test_unknown_names_list_what_is_present() -> None:
    with pytest.raises(DeviceError) as caught:
        find_input("tascam", fake())
    text = str(caught.value)
    assert "tascam" in text and "\n" not in text
    assert all(name in text for name in ("Built-in Microphone", "Scarlett 18i20 USB", "Monitor of Built-in Audio"))
    assert "HDMI" not in text, "outputs are no choice"


def test_no_input_at_all_and_no_default() -> None:
    with pytest.raises(DeviceError, match="no sound input is present"):
        find_input(None, FakeSound([("HDMI out", "ALSA", 0, 8, 48000.0)]))
    with pytest.raises(DeviceError, match="default"):
        find_input(None, fake(default=-1))


def test_exact_name_wins_and_host_systems_count_once() -> None:
    windows = [
        ("Line (USB)", "MME", 2, 0, 44100.0),
        ("Line (USB)", "Windows WASAPI", 2, 0, 48000.0),
        ("Line (USB) 2", "Windows WASAPI", 2, 0, 48000.0),
    ]
    found = find_input("line (usb)", FakeSound(windows))
    assert (found.host_api, found.number) == ("Windows WASAPI", 1)
    with pytest.raises(DeviceError, match="several"):
        find_input("Line", FakeSound(windows))


def test_the_list_of_devices() -> None:
    rows = device.list_devices(fake(default=1))
    assert [row["name"] for row in rows] == [d[0] for d in STUDIO]
    assert rows[1] == {
        "name": "Scarlett 18i20 USB", "host_api": "ALSA", "inputs": 20, "outputs": 20, "default": True,
        "loopback": False, "rate_hz": 48000.0,
    }  # fmt: skip
    assert [row["loopback"] for row in rows] == [False, False, False, True, False]


def test_missing_portaudio_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(DeviceError, match="libportaudio2"):
        list_devices()
    with pytest.raises(DeviceError, match="libportaudio2"):
        open_input("mic", live=True).open()


def mic(sound: FakeSound, part: str | None = None, **settings: Any) -> Microphone:
    microphone = Microphone(part, backend=sound, retry_s=0.02, **settings)
    microphone.open()
    return microphone


def test_asks_for_low_latency_and_falls_back_to_what_is_granted() -> None:
    sound = fake()
    source = mic(sound)
    assert isinstance(source, AudioInput) and source.live and not source.finished
    asked = sound.asked[0]
    assert (asked["latency"], asked["blocksize"], asked["samplerate"], asked["dtype"]) == (
        0.01,
        256,
        48000.0,
        "float32",
    )
    source.close()
    sound.refuse = lambda settings: "" if settings["samplerate"] == 44100.0 and settings["latency"] == "low" else "no"
    source = mic(sound)
    assert source.rate_hz == 44100.0, "the device's own rate, when the wanted one is refused"
    sound.streams[-1].deliver(441)
    assert source.read(441).rate_hz == 44100.0
    source.close()
    sound.refuse = lambda settings: "Device unavailable [PaErrorCode -9985]"
    with pytest.raises(DeviceError, match=r"Built-in Microphone refuses .*-9985"):
        mic(sound)


def test_delivers_stamped_by_counting_with_channels_trim_and_clip_light() -> None:
    sound = fake()
    source = Microphone("scarlett", backend=sound, picked=(2, 17), trim_db=20.0)
    source.open()
    assert source.name == "Scarlett 18i20 USB" and source.channels == 2
    assert sound.asked[0]["channels"] == 18, "no more than the highest channel asked for"
    sound.streams[0].deliver(300, 0.05)
    sound.streams[0].deliver(200, 0.2, overflow=True)
    first, second = source.read(256), source.read(256)
    assert (len(first.samples), len(second.samples)) == (256, 244)
    assert (first.start_s, second.start_s) == (0.0, 256 / 48000)
    assert first.samples[0] == pytest.approx([0.5, 0.5])
    counts = source.counts()
    assert counts == {"overflows": 1, "dropped": 0, "reopened": 0, "errors": 0, "clipped": 400}
    assert source.read(64) is None and source.beat() is None
    assert source.latency_s == pytest.approx(0.0107)
    assert source.path_s == pytest.approx(0.0107 - 200 / 48000)  # the stand-in stamps nothing
    source.close()
    source.close()
    assert sound.streams[0].closed and source.read(64) is None
    with pytest.raises(UsageError, match="channel 3"):
        mic(sound, "usb micro", picked=(2,))


def test_a_mono_device_is_mono() -> None:
    sound = fake()
    source = mic(sound, "usb micro")
    assert source.channels == 1 and sound.asked[0]["channels"] == 1
    sound.streams[0].deliver(10)
    assert source.read(10).samples.shape == (10, 1)
    source.close()


def test_a_fault_inside_the_callback_is_counted_and_does_not_escape() -> None:
    sound = fake()
    source = mic(sound)
    sound.streams[0].settings["callback"](None, 0, None, None)
    sound.streams[0].deliver(10)
    assert len(source.read(10).samples) == 10
    assert source.counts()["errors"] == 1
    source.close()


def test_a_slow_reader_loses_and_stamps_stay_true() -> None:
    sound = fake()
    source = mic(sound)
    for _ in range(300):
        sound.streams[0].deliver(256)
    block = source.read(256)
    dropped = source.counts()["dropped"]
    assert dropped > 0 and block.start_s == dropped / 48000
    rest = 256
    while (more := source.read(4096)) is not None:
        rest += len(more.samples)
    assert dropped + rest == 300 * 256
    source.close()


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def wait_for(source: Microphone, sound: FakeSound, streams: int) -> Any:
    """Read until the device is back."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if len(sound.streams) == streams and not source.counts()["reopened"]:
            sound.streams[-1].deliver(480)
        block = source.read(480)
        if block is not None:
            return block
    raise AssertionError("the microphone did not come back")


@pytest.mark.parametrize("how", ["callbacks stop", "stream ends"])
def test_a_lost_device_is_counted_and_sought_by_name_until_it_returns(how: str) -> None:
    sound, clock = fake(), Clock()
    source = mic(sound, "scarlett", clock=clock)
    sound.streams[0].deliver(4800)
    assert len(source.read(4800).samples) == 4800
    sound.devices.pop(1)  # and so the index of everything after it moves
    if how == "stream ends":
        sound.streams[0].settings["finished_callback"]()
    else:
        clock.now_s += 0.4
        assert source.read(256) is None and source.counts()["errors"] == 0, "half a second is patience"
        clock.now_s += 0.2
    assert source.read(256) is None
    assert not source.finished and source.counts()["errors"] >= 1 and "Scarlett" in (source.error or "")
    end = time.monotonic() + 10
    while sound.rescans < 2 and time.monotonic() < end:
        assert source.read(256) is None
    assert sound.streams[0].closed and source.counts()["reopened"] == 0
    sound.devices.append(("Scarlett 18i20 USB", "ALSA", 20, 20, 48000.0))
    clock.now_s = 50.0 + 100.0
    block = wait_for(source, sound, streams=2)
    assert source.counts()["reopened"] == 1 and source.error is None
    assert sound.streams[1].settings["device"] == 4
    assert block.start_s == pytest.approx(0.1 + 100.0, abs=0.7), "stream time went on while it was away"
    source.close()
    assert not [t for t in threading.enumerate() if t.name == "microphone-seek"]


def test_a_stream_that_cannot_be_ended_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PortAudio does it now and then, when a sound server is killed. The device comes back without a new search,
    which would wait for that stream; when it has ended after all, there are searches again."""
    monkeypatch.setattr(portaudio, "_hung", [])
    left = threading.Event()
    sound, clock, handlers = fake(), Clock(), []
    monkeypatch.setattr(portaudio.atexit, "unregister", handlers.append)
    sound._exit_handler = "ends PortAudio"  # type: ignore[attr-defined]
    monkeypatch.setattr(portaudio.end_stream, "__defaults__", (0.05,))
    source = mic(sound, "scarlett", clock=clock)
    sound.streams[0].abort = lambda ignore_errors=True: left.wait(20)  # type: ignore[assignment]
    clock.now_s += 3.0
    assert source.read(256) is None
    wait_for(source, sound, streams=2)
    assert source.counts()["reopened"] == 1 and source.error is None
    assert sound.rescans == 0 and handlers == ["ends PortAudio"]
    left.set()
    portaudio._hung[0].join(5)
    device.rescan(sound)
    assert sound.streams[0].closed and sound.rescans == 1
    source.close()


def test_closing_while_seeking_ends_the_search() -> None:
    sound, clock = fake(), Clock()
    source = mic(sound, clock=clock)
    sound.devices.clear()
    sound.streams[0].settings["finished_callback"]()
    assert source.read(10) is None
    source.close()
    assert not [t for t in threading.enumerate() if t.name == "microphone-seek"]
    assert source.read(10) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_the_ring_loses_nothing_it_does_not_report(turns: list[tuple[int, int]]) -> None:
    ring, sent, got = SampleRing(32, 1), 0, 0
    for written, read in turns:
        ring.write(np.arange(sent, sent + written, dtype=np.float32)[:, None])
        sent += written
        samples, lost = ring.read(read)
        got += lost
        assert np.array_equal(samples[:, 0], np.arange(got, got + len(samples)))
        got += len(samples)
        assert got + ring.available == sent


def test_how_old_sound_is_by_the_drivers_own_stamps() -> None:
    sound = fake()
    source = Microphone("scarlett", backend=sound)
    source.open()
    callback = sound.streams[0].settings["callback"]
    for late_s in (0.009, 0.004, 0.030, 0.0045):
        stamp = SimpleNamespace(currentTime=100.0, inputBufferAdcTime=100.0 - 256 / 48000 - late_s)
        callback(np.zeros((256, 2), np.float32), 256, stamp, None)
    assert source.path_s == pytest.approx(0.004, abs=1e-4), "the least counts: only delays add to it"
    for stamp in (None, SimpleNamespace(currentTime=100.0, inputBufferAdcTime=0.0)):
        callback(np.zeros((256, 2), np.float32), 256, stamp, None)
    assert source.path_s == pytest.approx(0.004, abs=1e-4)
    callback(np.zeros((256, 2), np.float32), 256, SimpleNamespace(currentTime=1.0, inputBufferAdcTime=1.5), None)
    assert source.path_s == 0.0
    source.close()
    assert source.path_s == 0.0


def test_a_block_wakes_the_reader_at_once() -> None:
    sound = fake()
    source = Microphone("scarlett", backend=sound)
    source.open()
    for _ in range(3):  # unread news must not make the next wait end early for nothing
        sound.streams[0].deliver(64)
    assert len(source.read(192).samples) == 192
    timer = threading.Timer(0.01, lambda: sound.streams[0].deliver(256))
    timer.start()
    blocks, ends = [], time.monotonic() + 5.0
    while not blocks and time.monotonic() < ends:
        block = source.read(256)
        blocks += [block] if block is not None and len(block.samples) == 256 else []
    assert blocks and blocks[0].start_s == 192 / 48000
    timer.join()
    source.close()
