"""Offline: films and pictures from a real track, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from running import film, film_sound

from perform.cli import main

MUSIC = Path(__file__).resolve().parents[2] / "shared" / "audio" / "music" / "rock_credits_ballad.ogg"
SMALL = ("--size", "96x54", "--fps", "15")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["render", *arguments, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def clip(path: Path, seconds: float) -> Path:
    rng = np.random.default_rng(3)
    t = np.arange(round(seconds * 44100)) / 44100
    sound = 0.4 * np.sin(2 * np.pi * 60 * t) * (t % 0.5 < 0.12) + 0.05 * rng.normal(size=t.size) * (t % 0.25 < 0.03)
    soundfile.write(path, np.stack([sound, sound], 1), 44100)
    return path


def test_twice_the_same_command_gives_the_same_frames(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track = MUSIC if MUSIC.is_file() else clip(here / "song.wav", 12.0)
    options = (str(track), "--frames", "pictures", *SMALL, "--start", "6", "--seconds", "1.6")
    first, again = run(capsys, *options), run(capsys, *options)
    assert first["frames"] == 24 and first["sha256"] == again["sha256"]
    other = run(capsys, *options, "--seed", "77")
    assert other["sha256"] != first["sha256"]


def test_a_film_has_the_picture_and_the_whole_sound(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = clip(here / "song.wav", 2.0)
    summary = run(capsys, str(song), "film.mp4", "--frames", "pictures", *SMALL, "--preset", "night_drive")
    assert summary["frames"] == 30
    times, light = film(here / "film.mp4")
    assert len(times) == 30 and times[0] == 0.0 and times[-1] == pytest.approx(29 / 15, abs=0.01)
    samples, rate, start = film_sound(here / "film.mp4")
    assert start <= 0.05 and len(samples) / rate == pytest.approx(2.0, abs=0.1)
    original, _ = soundfile.read(song)
    assert np.abs(samples).max() == pytest.approx(np.abs(original).max(), rel=0.3)
    pictures = sorted((here / "pictures").glob("*.png"))
    assert len(pictures) == 30
    shown = [np.asarray(Image.open(p).convert("RGB")).mean() / 255 for p in pictures]
    assert np.allclose(shown, light, atol=0.03)


def test_part_of_a_track_and_its_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = clip(here / "song.wav", 2.0)
    options = ("--frames", "pictures", *SMALL, "--source", "testcard")
    assert run(capsys, str(song), *options, "--start", "1.5", "--seconds", "9")["frames"] == 8
    assert main(["render", str(song), *options, "--start", "5"]) != 0
    assert "5" in capsys.readouterr().err


def test_the_frame_rate_does_not_change_the_film(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = clip(here / "song.wav", 2.0)
    for fps in ("12", "24"):
        run(capsys, str(song), "--frames", fps, "--size", "96x54", "--fps", fps, "--preset", "silk_road")
    slow = [np.asarray(Image.open(p)).astype(int) for p in sorted((here / "12").glob("*.png"))]
    fast = [np.asarray(Image.open(p)).astype(int) for p in sorted((here / "24").glob("*.png"))][1::2]
    assert len(slow) == len(fast) == 24
    apart = np.mean([np.abs(a - b).mean() for a, b in zip(slow, fast, strict=True)])
    moved = np.mean([np.abs(a - b).mean() for a, b in zip(slow[6:], slow[:-6], strict=True)])
    assert apart < 0.5 * moved, (apart, moved)
