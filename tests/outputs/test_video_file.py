"""Recordings: right pictures in the right order, sound as long as the pictures, and no way to stop the show."""

from __future__ import annotations

import ast
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from perform.core.contracts import Sink
from perform.core.errors import MediaError
from perform.core.types import AudioBlock, Moment
from perform.outputs.video import QUEUE_PICTURES, VideoFile, _Clocks, supported_codecs
from perform.outputs.video_mux import Mux

ROOT = Path(__file__).parents[2]
COLOURS = [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 30, 60), (20, 190, 40), (30, 50, 220), (250, 200, 20)]


def picture(i: int, size: tuple[int, int] = (160, 96)) -> np.ndarray:
    """Bars of colour, and in the upper left corner the frame's number as a row of black and white squares."""
    w, h = size
    out = np.zeros((h, w, 3), np.uint8)
    for n, colour in enumerate(COLOURS):
        out[:, n * w // len(COLOURS) : (n + 1) * w // len(COLOURS)] = colour
    for bit in range(8):
        out[:16, bit * 16 : bit * 16 + 16] = 255 if i >> bit & 1 else 0
    return out


def number(image: np.ndarray) -> int:
    return sum(1 << bit for bit in range(8) if image[8, bit * 16 + 8].mean() > 128)


def moment(i: int, fps: float = 30.0) -> Moment:
    return Moment(i / fps, 1 / fps, i)


def tone(start: int, n: int, rate: int = 48000, hz: float = 440.0) -> AudioBlock:
    t = (start + np.arange(n)) / rate
    wave = (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    return AudioBlock(np.stack([wave, wave], axis=1), float(rate), start / rate)


def decode(path: Path) -> tuple[list[np.ndarray], list[float], np.ndarray, int]:
    """(pictures as RGB, their times, sound [n, ch], its rate)."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    images = [f.to_ndarray(format="rgb24") for f in frames]
    times = [float(f.time) for f in frames]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return images, times, np.zeros((0, 2)), 0
        rate = container.streams.audio[0].rate
        sound = [f.to_ndarray() for f in container.decode(audio=0)]
    return images, times, np.concatenate(sound, axis=1).T if sound else np.zeros((0, 2)), rate


def record(path: Path, frames: int = 45, size: tuple[int, int] = (160, 96), **settings: Any) -> VideoFile:
    video = VideoFile(path, size, 30.0, live=False, **settings)
    for i in range(frames):
        video.send(picture(i, size), moment(i))
        video.send_audio(tone(i * 1600, 1600))
    video.close()
    return video


def test_every_picture_in_order_with_its_colours(tmp_path: Path) -> None:
    video = record(tmp_path / "a.mp4")
    assert isinstance(video, Sink)
    assert video.counts() == {"written": 45, "dropped": 0, "errors": 0} and video.error is None
    images, times, _, _ = decode(tmp_path / "a.mp4")
    assert [number(image) for image in images] == list(range(45))
    assert times == pytest.approx([i / 30 for i in range(45)], abs=1e-6)
    for i in (0, 20, 44):
        wanted = picture(i).astype(int)
        assert images[i].shape == wanted.shape
        assert np.abs(images[i] - wanted).mean() < 3.0
        for n, colour in enumerate(COLOURS):  # inside a bar, away from edges that 4:2:0 blurs
            x = (2 * n + 1) * 160 // (2 * len(COLOURS))
            assert np.abs(images[i][40:80, x - 4 : x + 4].mean(axis=(0, 1)) - colour).max() < 4.0


def test_the_file_says_which_colours_it_holds(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", frames=3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1, "studio range"
        assert container.streams.audio[0].codec_context.name == "aac"


def test_sound_is_as_long_as_the_pictures_and_in_step(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", frames=60)
    with av.open(str(tmp_path / "a.mp4")) as container:
        lengths = [float(s.duration * s.time_base) for s in container.streams]
        starts = [float((s.start_time or 0) * s.time_base) for s in container.streams]
    assert lengths == pytest.approx([2.0, 2.0], abs=0.001)
    assert starts == pytest.approx([0.0, 0.0], abs=0.001)
    _, _, sound, rate = decode(tmp_path / "a.mp4")
    wanted = tone(0, 48000 * 2).samples[4800:90000, 0]
    heard = sound[4800:90000, 0]
    assert rate == 48000 and np.abs(heard - wanted).mean() < 0.02, "not a sample early or late"


@pytest.mark.parametrize("how", ["too short", "too long", "hole", "none"])
def test_sound_that_does_not_fit_is_cut_or_filled(tmp_path: Path, how: str) -> None:
    video = VideoFile(tmp_path / "a.mp4", (64, 48), 30.0, live=False)
    blocks = {"too short": [(0, 24000)], "too long": [(0, 200000)], "hole": [(0, 12000), (36000, 12000)], "none": []}
    for start, n in blocks[how]:
        video.send_audio(tone(start, n))
    for i in range(30):
        video.send(picture(i, (64, 48)), moment(i))
    video.close()
    images, _, sound, _ = decode(tmp_path / "a.mp4")
    assert len(images) == 30
    assert len(sound) == pytest.approx(48000, abs=1100)
    level = [np.abs(sound[round(s * 48000) - 2000 : round(s * 48000) + 2000]).max() for s in (0.12, 0.4, 0.6, 0.9)]
    heard = {"too short": [1, 1, 0, 0], "too long": [1, 1, 1, 1], "hole": [1, 0, 0, 1], "none": [0, 0, 0, 0]}[how]
    assert [bool(value > 0.3) for value in level] == [bool(value) for value in heard]


@pytest.mark.parametrize("size", [(161, 91), (2, 2), (33, 64)])
def test_odd_sizes_lose_nothing(tmp_path: Path, size: tuple[int, int]) -> None:
    video = VideoFile(tmp_path / "a.mp4", size, 25, live=False)
    image = np.full((size[1], size[0], 3), (40, 160, 220), np.uint8)
    for i in range(4):
        video.send(image, moment(i, 25))
    video.close()
    images, _, _, _ = decode(tmp_path / "a.mp4")
    assert images[0].shape[0] - size[1] in (0, 1) and images[0].shape[1] - size[0] in (0, 1)
    assert np.abs(images[0].astype(int) - (40, 160, 220)).max() < 5


def test_other_rates_channels_sizes_and_containers(tmp_path: Path) -> None:
    for name, rate, channels in (("a.mp4", 22050, 1), ("b.mov", 44100, 6), ("c.mkv", 12345, 2), ("d.MP4", 48000, 0)):
        video = VideoFile(tmp_path / name, (64, 48), 24, rate_hz=rate, channels=channels, live=False)
        for i in range(24):
            n = rate // 24
            block = np.full((n, max(1, channels)), 0.1, np.float32)
            video.send_audio(AudioBlock(block, float(rate), i * n / rate))
            video.send(picture(i, (128, 96)) if i > 12 else picture(i, (64, 48)), moment(i, 24))
        video.close()
        images, _, sound, out_rate = decode(tmp_path / name)
        assert len(images) == 24 and images[20].shape == (48, 64, 3), "a window that changed its size is scaled"
        if channels:
            assert len(sound) / out_rate == pytest.approx(1.0, abs=0.06), name
            assert sound.shape[1] == min(2, channels)
        else:
            assert len(sound) == 0


def test_live_pictures_keep_their_own_times(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", (64, 48), 30.0, live=True)
    times = [7.0, 7.01, 7.2, 7.2, 7.5, 9.0]
    for i, seconds in enumerate(times):
        video.send(picture(i, (64, 48)), Moment(seconds, 0.0, i))
    video.close()
    images, got, _, _ = decode(tmp_path / "a.mp4")
    assert len(images) == 6 and video.counts()["written"] == 6
    assert got == pytest.approx([seconds - 7.0 for seconds in times], abs=1e-4)


def test_live_sound_is_laid_under_the_pictures(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", (64, 48), 30.0, live=True)
    before = AudioBlock(np.full((4800, 2), 0.5, np.float32), 48000.0, 4999.9)
    video.send_audio(before)  # before the first picture: not part of the recording
    for i in range(60):
        video.send(picture(i, (64, 48)), Moment(100 + i / 30, 1 / 30, i))
        # Stream time began long ago; loud from the thirtieth picture on.
        block = np.full((1600, 2), 0.5 if i >= 30 else 0.0, np.float32)
        video.send_audio(AudioBlock(block, 48000.0, 5000 + i / 30))
        time.sleep(0.01)
    video.close()
    _, _, sound, _ = decode(tmp_path / "a.mp4")
    onset = int(np.argmax(np.abs(sound[:, 0]) > 0.25)) / 48000
    assert onset == pytest.approx(1.0, abs=0.05)
    assert len(sound) == pytest.approx(96000, abs=1100)


def test_two_clocks_that_drift_are_kept_together() -> None:
    clocks = _Clocks(live=True, offset_s=None)
    worst_s = 0.0
    for i in range(30 * 60 * 60):  # an hour at thirty blocks a second, sound clock 200 parts in a million fast
        clocks.picture(i / 30)
        at_s = clocks.sound(i / 30 * 1.0002, 1 / 30)
        assert at_s is not None or i == 0
        worst_s = max(worst_s, abs((at_s or 0.0) - i / 30))
    assert worst_s < 0.2
    sparse = _Clocks(live=True, offset_s=None)
    sparse.sound(7.99, 0.01)
    for i in range(1000):  # one picture a second, sound all the while: no picture is late by a second
        sparse.picture(100.0 + i)
        for k in range(100):
            at_s = sparse.sound(8.0 + i + k / 100, 0.01)
            assert at_s == pytest.approx(i + k / 100, abs=0.02)
    given = _Clocks(live=True, offset_s=-3.0)
    given.picture(10.0)
    assert given.sound(14.0, 0.1) == pytest.approx(1.0), "a given offset is obeyed"


class SlowMux:
    """An encoder that waits for permission."""

    def __init__(self, *settings: Any) -> None:
        self.go = threading.Event()
        self.pictures: list[int] = []
        self.sounds = 0
        self.closed = False

    def picture(self, image: np.ndarray, time_s: float) -> None:
        assert self.go.wait(20)
        self.pictures.append(number(image))

    def sound(self, samples: np.ndarray, rate_hz: float, time_s: float) -> None:
        self.sounds += 1

    def close(self) -> None:
        self.closed = True

    abandon = close


def slow_video(live: bool) -> tuple[VideoFile, SlowMux]:
    made: list[SlowMux] = []

    def make(*settings: Any) -> SlowMux:
        made.append(SlowMux(*settings))
        return made[0]

    return VideoFile("a.mp4", (160, 96), 30, live=live, mux=make), made[0]


def test_live_drops_are_counted_and_nothing_blocks() -> None:
    video, mux = slow_video(live=True)
    for i in range(100):
        video.send(picture(i), moment(i))
        video.send_audio(tone(i * 48000, 48000))
    dropped = video.counts()["dropped"]
    assert dropped >= 100 - QUEUE_PICTURES - 1 + 100 - 10
    mux.go.set()
    video.close()
    kept = mux.pictures
    assert mux.closed and len(kept) == video.counts()["written"] <= QUEUE_PICTURES + 1
    assert kept == list(range(len(kept))), "what was taken in time is kept, in order"


def test_offline_waits_and_loses_nothing() -> None:
    video, mux = slow_video(live=False)
    sender = threading.Thread(target=lambda: [video.send(picture(i), moment(i)) for i in range(60)])
    sender.start()
    sender.join(0.3)
    assert sender.is_alive(), "the queue is full, so the renderer waits"
    mux.go.set()
    sender.join(20)
    video.close()
    assert mux.pictures == list(range(60)) and video.counts()["dropped"] == 0


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / "no" / "such" / "a.mp4", tmp_path / "a.wav", tmp_path / "a"):
        with pytest.raises(MediaError) as caught:
            VideoFile(path, (64, 48), 30, live=False)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
        video = VideoFile(path, (64, 48), 30, live=True)
        assert video.error is not None and str(path) in video.error
        video.send(picture(0, (64, 48)), moment(0))
        video.send_audio(tone(0, 100))
        video.close()
        video.close()
        assert video.counts() == {"written": 0, "dropped": 1, "errors": 1}
    with pytest.raises(MediaError, match="makes no sense"):
        VideoFile(tmp_path / "a.mp4", (0, 48), 30, live=False)


def test_pictures_of_the_wrong_kind_end_the_recording_only(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", (64, 48), 30, live=True)
    video.send(picture(0, (64, 48)), moment(0))
    video.send(np.zeros((48, 64), np.float32), moment(1))
    end = time.monotonic() + 10
    while video.error is None and time.monotonic() < end:
        time.sleep(0.01)
    video.send(picture(2, (64, 48)), moment(2))
    video.close()
    assert "uint8" in (video.error or "") and video.counts()["errors"] == 1 and video.counts()["written"] == 1


NOISE = """
import sys, time
import numpy as np
from perform.core.types import AudioBlock, Moment
from perform.outputs.video import VideoFile
video = VideoFile(sys.argv[1], (160, 120), 30.0, live=True)
rng, i, seconds = np.random.default_rng(1), 0, float(sys.argv[2])
while i < seconds * 30:
    video.send(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8), Moment(i / 30, 1 / 30, i))
    video.send_audio(AudioBlock(rng.normal(0, 0.1, (1600, 2)).astype(np.float32), 48000.0, i / 30))
    i += 1
    if i == 120:
        while video.counts()["written"] + video.counts()["dropped"] < 119:
            time.sleep(0.01)
        print("going", flush=True)
    time.sleep(0.02)
video.close()
print(repr((video.error, dict(video.counts()))), flush=True)
"""


def child(*arguments: str, limit_bytes: int | None = None) -> subprocess.Popen[str]:
    def limit() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", NOISE, *arguments]
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit
    )


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_recording_survives_a_kill(tmp_path: Path, name: str) -> None:
    process = child(str(tmp_path / name), "3600")
    assert process.stdout is not None and process.stdout.readline() == "going\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    images, times, sound, rate = decode(tmp_path / name)
    assert times == sorted(times) and times[0] == pytest.approx(0.0, abs=0.05)
    assert times[-1] > 2.0 and len(images) > 20, "of four seconds, at most the last two are lost"
    assert len(sound) / rate > 1.5


def test_a_full_disk_ends_the_recording_and_not_the_show(tmp_path: Path) -> None:
    process = child(str(tmp_path / "a.mp4"), "6", limit_bytes=400_000)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    error, counts = ast.literal_eval(out.splitlines()[-1])
    assert "a.mp4" in error and "cannot be written" in error and "\n" not in error
    assert counts["errors"] == 1 and counts["dropped"] > 0
    assert counts["written"] + counts["dropped"] == 180
    images, _, _, _ = decode(tmp_path / "a.mp4")
    assert len(images) > 5, "what fitted can be played"


def test_an_encoder_is_there() -> None:
    assert supported_codecs() and set(supported_codecs()) <= set(av.codecs_available)


def test_without_libx264_another_encoder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perform.outputs.video_mux.ENCODERS", ("no_such_encoder", "mpeg4"))
    record(tmp_path / "a.mp4", frames=5)
    images, _, _, _ = decode(tmp_path / "a.mp4")
    assert [number(image) for image in images] == list(range(5))
    monkeypatch.setattr("perform.outputs.video_mux.ENCODERS", ("no_such_encoder",))
    with pytest.raises(MediaError, match="needs a video encoder"):
        Mux(tmp_path / "b.mp4", (64, 48), 30, 48000, 2, False, 17)
