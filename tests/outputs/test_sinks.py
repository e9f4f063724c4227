"""PNG folders, the memory sink and the speaker."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from perform.core.contracts import Sink
from perform.core.errors import MediaError
from perform.core.types import AudioBlock, Moment
from perform.outputs.image import PngFolder, save_png
from perform.outputs.memory import MemorySink
from perform.outputs.speaker import LEAD_S, Speaker


def picture(i: int) -> np.ndarray:
    return np.random.default_rng(i).integers(0, 255, (9, 7, 3), dtype=np.uint8)


def block(n: int, value: float = 0.5, channels: int = 2, rate_hz: float = 48000.0) -> AudioBlock:
    return AudioBlock(np.full((n, channels), value, np.float32), rate_hz, 0.0)


def test_numbered_pictures_come_back_exactly(tmp_path: Path) -> None:
    sink = PngFolder(tmp_path / "deep" / "frames")
    assert isinstance(sink, Sink)
    for i in range(3):
        sink.send(picture(i), Moment(i / 30, 1 / 30, i))
    sink.send_audio(block(10))
    sink.close()
    assert sorted(os.listdir(sink.folder)) == ["000001.png", "000002.png", "000003.png"]
    for i in range(3):
        assert np.array_equal(np.asarray(Image.open(sink.folder / f"{i + 1:06d}.png")), picture(i))
    assert sink.counts() == {"written": 3, "dropped": 0, "errors": 0}


def test_a_picture_with_alpha_and_a_view_of_another(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 255, (8, 8, 4), dtype=np.uint8)[::-1, ::2]
    save_png(tmp_path / "a.png", image)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), image)
    save_png(tmp_path / "a.png", image[:, :, :3])
    assert Image.open(tmp_path / "a.png").mode == "RGB", "written over"


def test_pictures_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be written"):
        save_png(tmp_path / "no" / "a.png", picture(0))
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8)):
        with pytest.raises(MediaError, match="uint8"):
            save_png(tmp_path / "a.png", wrong)
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="cannot be made"):
        PngFolder(tmp_path / "file" / "frames")
    sink = PngFolder(tmp_path / "frames")
    (tmp_path / "frames").rmdir()
    with pytest.raises(MediaError):
        sink.send(picture(0), Moment(0, 0, 0))
    assert sink.counts()["errors"] == 1 and sink.counts()["written"] == 0


def test_the_memory_sink_keeps_copies_and_only_the_newest() -> None:
    sink = MemorySink(keep=2)
    assert isinstance(sink, Sink)
    image = picture(0)
    for i in range(5):
        image[:] = i
        sink.send(image, Moment(i, 1, i))
        sink.send_audio(block(i + 1))
    assert [int(kept.flat[0]) for kept in sink.images] == [3, 4]
    assert [kept.frame for kept in sink.moments] == [3, 4]
    assert [len(kept.samples) for kept in sink.audio] == [4, 5]
    assert sink.counts() == {"written": 5, "dropped": 3, "errors": 0}
    everything = MemorySink()
    for i in range(5):
        everything.send(picture(i), Moment(i, 1, i))
    everything.close()
    assert len(everything.images) == 5 and everything.counts()["dropped"] == 0


class Output:
    """A stand-in for sounddevice with one output, or none."""

    class PortAudioError(Exception):
        pass

    def __init__(self, channels: int = 2, refuse: bool = False) -> None:
        self.channels = channels
        self.refuse = refuse
        self.settings: dict[str, Any] = {}
        self.closed = 0

    def query_devices(self, kind: str) -> dict[str, int]:
        if self.channels == 0:
            raise self.PortAudioError("Error querying device -1")
        return {"max_output_channels": self.channels}

    def OutputStream(self, **settings: Any) -> Any:
        if self.refuse:
            raise self.PortAudioError("Invalid sample rate")
        self.settings = settings

        def close(ignore_errors: bool) -> None:
            self.closed += 1

        return SimpleNamespace(start=lambda: None, latency=0.02, abort=lambda ignore_errors: None, close=close)

    def want(self, frames: int) -> np.ndarray:
        """What PortAudio's thread does."""
        out = np.full((frames, self.settings["channels"]), np.nan, np.float32)
        self.settings["callback"](out, frames, None, None)
        assert np.isfinite(out).all()
        return out


def test_the_speaker_plays_what_it_is_sent_after_a_short_lead() -> None:
    device = Output()
    speaker = Speaker(48000.0, 2, backend=device)
    assert isinstance(speaker, Sink) and speaker.error is None and Speaker.available(device)
    assert speaker.latency_s == pytest.approx(LEAD_S + 0.02)
    ramp = (np.arange(9600) / 9600).astype(np.float32)
    sent = 0
    while sent < 3840:
        speaker.send_audio(AudioBlock(np.stack([ramp, -ramp], 1)[sent : sent + 480], 48000.0, sent / 48000))
        assert not (sent < 3000 and device.want(256).any()), "gathers first"
        sent += 480
    heard = device.want(1000)
    assert np.array_equal(heard, np.stack([ramp, -ramp], 1)[:1000])
    device.want(2000)
    assert not device.want(2000).any(), "too little is silence"
    assert speaker.counts()["gaps"] == 1 and speaker.counts()["dropped"] == 0
    speaker.close()
    speaker.close()
    assert device.closed == 1


def test_the_speaker_never_blocks_and_never_lags() -> None:
    device = Output()
    speaker = Speaker(48000.0, 2, backend=device)
    for _ in range(300):
        speaker.send_audio(block(480, 0.1))
    assert speaker.counts()["dropped"] > 100
    assert device.want(480).all(), "and then it plays the newest"
    assert speaker._in - speaker._out <= LEAD_S * 48000
    speaker.close()


def test_two_clocks_that_differ_are_followed_by_single_samples() -> None:
    device = Output()
    speaker = Speaker(48000.0, 1, backend=device)
    for i in range(4000):
        speaker.send_audio(block(512, 0.1, channels=1))
        if i > 20:
            device.want(512 + i % 3 - 1 if i < 2000 else 512)
    assert speaker.counts()["gaps"] == 0 and speaker.counts()["dropped"] == 0
    speaker.close()


def test_channels_are_matched_and_foreign_rates_refused() -> None:
    device = Output()
    speaker = Speaker(48000.0, 2, backend=device)
    speaker.play(block(4800, 0.3, channels=1))
    assert device.want(64)[0] == pytest.approx([0.3, 0.3])
    speaker.send_audio(block(10, rate_hz=44100.0))
    assert speaker.counts()["dropped"] == 1
    speaker.send(picture(0), Moment(0, 0, 0))
    speaker.close()


def test_no_device_is_said_and_harmless() -> None:
    for device, reason in ((Output(channels=0), "no sound output"), (Output(refuse=True), "Invalid sample rate")):
        speaker = Speaker(48000.0, 2, backend=device)
        assert reason in (speaker.error or "") and "\n" not in (speaker.error or "")
        speaker.send_audio(block(100))
        assert speaker.counts()["written"] == 0
        speaker.close()
    assert not Speaker.available(Output(channels=0))


def test_a_device_that_goes_away_is_said() -> None:
    device = Output()
    speaker = Speaker(48000.0, 2, backend=device)
    device.settings["finished_callback"]()
    speaker.send_audio(block(100))
    assert "went away" in (speaker.error or "") and speaker.counts()["dropped"] == 1
    speaker.close()
    assert device.closed == 0, "PortAudio may have freed it already"
