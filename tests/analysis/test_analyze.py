"""`perform analyze` from the outside: its files, its words, its errors."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from arrangement import RATE_HZ, arrange
from needs import need
from PIL import Image

from perform.cli import main
from perform.core.types import AudioBlock
from perform.features import OUTPUTS, FeatureAnalyser
from perform.features.beat import TRUSTED

SET = Path(__file__).resolve().parents[3] / "shared" / "audio"
BPM = 126.0
FORM = [("groove", 6), ("break", 4), ("groove", 5)]


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A piece made to order, analysed once with everything that can be asked for."""
    folder = tmp_path_factory.mktemp("analyze")
    samples, starts = arrange(BPM, FORM)
    soundfile.write(folder / "song.wav", samples, int(RATE_HZ), subtype="FLOAT")
    outputs = {"--beats": folder / "song.beats", "--features": folder / "song.npz", "--plot": folder / "song.png"}
    words = [str(word) for pair in outputs.items() for word in pair]
    assert main(["analyze", str(folder / "song.wav"), *words]) == 0
    return SimpleNamespace(folder=folder, path=folder / "song.wav", samples=samples, starts=starts, **{
        name.strip("-"): path for name, path in outputs.items()
    })  # fmt: skip


def rows(path: Path) -> np.ndarray:
    """[beats, 3] of a .beats file."""
    return np.array([[float(word) for word in line.split("\t")] for line in path.read_text().splitlines()])


def test_beats_are_written_as_they_are_announced(song: SimpleNamespace) -> None:
    beats = rows(song.beats)
    time_s, place, emit_s = beats.T
    assert len(beats) > 45 and (np.diff(time_s) > 0).all() and (np.diff(emit_s) >= 0).all()
    assert set(place) == {1.0, 2.0, 3.0, 4.0}
    assert np.abs(emit_s - time_s).max() < 0.035, "told when they fall"
    grid_s = np.arange(0.0, song.starts[-1], 60.0 / BPM)
    after = time_s[(time_s > 4.0) & (time_s < song.starts[1])]
    assert np.median(np.abs(after[:, None] - grid_s).min(axis=1)) < 0.02


@pytest.mark.parametrize("ahead", ["0.1", "0.35"])
def test_beats_can_be_told_ahead(song: SimpleNamespace, tmp_path: Path, ahead: str) -> None:
    assert main(["analyze", str(song.path), "--seconds", "12", "--ahead", ahead, "--beats", str(tmp_path / "b")]) == 0
    beats = rows(tmp_path / "b")
    assert len(beats) > 15 and (beats[:, 0] - beats[:, 2] >= float(ahead)).all()
    at_once = rows(song.beats)[:, 0]
    late = beats[beats[:, 0] > 5.0, 0]
    assert np.median(np.abs(late[:, None] - at_once).min(axis=1)) < 0.02


def test_only_beats_of_a_trusted_tracker_are_written(song: SimpleNamespace) -> None:
    with np.load(song.features) as data:
        time_s, trust = data["tracker/time_s"], data["tracker/confidence"]
    told_s = rows(song.beats)[:, 2]
    newest = np.searchsorted(time_s, told_s + 1e-4) - 1
    assert (trust[newest] >= TRUSTED - 0.02).all()
    assert (told_s > time_s[np.argmax(trust >= TRUSTED)] - 0.02).all()


def test_the_features_are_those_of_the_live_show(song: SimpleNamespace) -> None:
    analyser = FeatureAnalyser(RATE_HZ)
    hops = [f for at in range(0, len(song.samples), 4096)
            for f in analyser.process(AudioBlock(song.samples[at : at + 4096], RATE_HZ, at / RATE_HZ))]  # fmt: skip
    with np.load(song.features, allow_pickle=False) as data:
        assert list(data["names"]) == list(OUTPUTS)
        assert np.array_equal(data["time_s"], [f.time_s for f in hops])
        for name in OUTPUTS:
            assert np.array_equal(data[name], np.array([f.values[name] for f in hops], np.float32)), name
        assert np.array_equal(data["mel"], np.stack([f.mel for f in hops])) and data["mel_hz"].shape == (64,)
        assert np.allclose(np.diff(data["tracker/time_s"]), 0.01, atol=1e-3)
        assert (
            data["rate_hz"] == RATE_HZ and data["version"] == 1 and np.allclose(np.diff(data["time_s"]), data["hop_s"])
        )
        assert np.allclose(data["beat_time_s"], rows(song.beats)[:, 0], atol=1e-4)
        assert len(data["beat_in_bar"]) == len(data["beat_emit_s"]) == len(rows(song.beats))
    assert not list(song.folder.glob("*.part")), "nothing half done is left"


def test_the_picture_shows_every_row(song: SimpleNamespace) -> None:
    with Image.open(song.plot) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    assert width == 1920 and 600 < height < 1500
    lit = (pixels.max(axis=2) > 60).mean(axis=1)
    assert (lit > 0.5).sum() > 80, "the spectrum and the areas reach across the page"
    for colour in ((255, 74, 150), (86, 150, 255), (255, 214, 110)):  # drop, break, tempo
        assert (np.abs(pixels - colour).sum(axis=2) < 12).sum() > 100, colour


def test_the_table_and_the_json_say_the_same(song: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["analyze", str(song.path), "--seconds", "26"]
    assert main(words) == 0
    table = capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tempo"]["bpm"] == pytest.approx(BPM, abs=1.0) and f"{report['tempo']['bpm']:.1f} bpm" in table
    assert [row["kind"] for row in report["sections"]] == ["play", "break", "drop"]
    assert report["drops_s"] == pytest.approx([song.starts[2]], abs=0.6)
    assert all(row["kind"] in table for row in report["sections"])
    assert report["beats"] > 30 and report["beats_per_bar"] == 4 and report["bars"] > 7
    assert report["seconds"] == pytest.approx(26.0, abs=0.02) and report["counts"]["analysis hops"] > 4000
    assert report["written"] == [] and not report["silent"]


def test_a_long_sound_tells_how_far_it_is(song: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    from perform.analysis.run import Request, analyze

    told: list[tuple[int, int]] = []
    analyze(Request(str(song.path), seconds=6.0), lambda line: None, lambda *done: told.append(done))
    assert told[-1] == (6, 6) and len(told) >= 5 and told == sorted(told)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.wav",), "does not exist"),
        (("empty.wav",), "is empty"),
        (("text.wav",), "cannot be read"),
        (("none.wav",), "holds no samples"),
        (("short.wav",), "too short"),
        ((".",), "is a folder"),
        (("synth",), "never ends"),
        (("mic",), "live device"),
        (("good.wav", "--beats", "nowhere/a.beats"), "no folder"),
        (("good.wav", "--features", "."), "folder"),
        (("good.wav", "--plot", "picture.jpg"), "ends in .png"),
        (("good.wav", "--beats", "same", "--features", "same"), "same name"),
        (("good.wav", "--ahead", "99"), "from 0 to 30"),
        (("good.wav", "--ahead", "-1"), "not a number"),
        (("good.wav", "--start", "9"), "ends before"),
        (("good.wav", "--channels", "7"), "channel 7"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_errors_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...],
    says: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound at all\n" * 50)
    for name, count in (("none", 0), ("short", 20), ("good", 12000)):
        soundfile.write(f"{name}.wav", 0.1 * np.ones((count, 2)), 24000)
    try:
        code = main(["analyze", *arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capfd.readouterr()
    assert code not in (0, None) and not out
    assert len(err.strip().splitlines()) == 1 and says in err, err
    assert {p.name for p in tmp_path.iterdir()} == {"empty.wav", "text.wav", "none.wav", "short.wav", "good.wav"}


def test_silence_is_said_and_has_no_beat(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros((24000 * 6, 2)), 24000)
    words = ["--beats", str(tmp_path / "quiet.beats"), "--plot", str(tmp_path / "quiet.png")]
    assert main(["analyze", str(tmp_path / "quiet.wav"), *words]) == 0
    out, err = capfd.readouterr()
    assert "is silent" in err and "none that could be trusted" in out and "silence" in out
    assert (tmp_path / "quiet.beats").read_text() == "" and (tmp_path / "quiet.png").stat().st_size > 1000


def test_a_file_that_breaks_off_is_analysed_so_far(
    song: SimpleNamespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "whole.flac"
    soundfile.write(whole, song.samples[: int(8 * RATE_HZ)], int(RATE_HZ))
    broken = tmp_path / "broken.flac"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2] + b"\0" * 4000)
    assert main(["analyze", str(broken), "--json"]) == 0
    out, _ = capfd.readouterr()
    assert 2.0 < json.loads(out)["seconds"] < 8.1


def test_the_built_in_band_can_be_analysed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "synth", "--start", "16", "--seconds", "7", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tempo"]["bpm"] == pytest.approx(122.0, abs=1.0) and report["start_s"] == 16.0


def test_the_scorer_reads_what_it_writes(tmp_path: Path) -> None:
    script = SET / "score_beats.py"
    need(script.is_file(), "the development set of annotated excerpts is not beside the checkout")
    spec = importlib.util.spec_from_file_location("score_beats_of_analyze", script)
    assert spec is not None and spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    live, lead = [], []
    for name in ("s01_techno135_acid", "l04_zen_140_offbeat"):
        assert main(["analyze", str(SET / "beats" / f"{name}.ogg"), "--beats", str(tmp_path / f"{name}.beats")]) == 0
        score = scorer.score(scorer.load(SET / "beats" / f"{name}.beats"), scorer.load(tmp_path / f"{name}.beats"), 5.0)
        live.append(score["liveF"])
        lead.append(score["lead"])
    assert np.mean(live) > 0.9 and all(-30.0 < ms < 30.0 for ms in lead)
