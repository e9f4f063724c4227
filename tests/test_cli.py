"""The commands, in this process: what they print, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from running import perform

from perform.cli import build_parser, main
from perform.listing import WHAT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


PLAY = ("--display", "offscreen", "--seconds", "1", "--osc-port", "-1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("play", "--preset", "nope", *PLAY),
        ("play", "--model", "nope", *PLAY),
        ("play", "--model", "a", "--source", "model:b", *PLAY),
        ("play", "--audio", "device:no such device", *PLAY),
        ("play", "--audio", "nowhere.wav", *PLAY),
        ("play", "--venue", "broken.toml", *PLAY),
        ("play", "--venue", "absent.toml", *PLAY),
        ("play", "--size", "big", *PLAY),
        ("play", "--source", "film:x", *PLAY),
        ("play", "--source", "image:none.png", *PLAY),
        ("play", "--channels", "x", *PLAY),
        ("play", "--seconds", "-3"),
        ("play", "--osc-port", "99999"),
        ("play", "--record", "nowhere/film.mp4", *PLAY),
        ("play", "--record", "film.xyz", *PLAY),
        ("render", "odd.wav", "out.mp4", "--seconds", "1"),
        ("render", "song.wav", "out.mp4"),
        ("render", "synth", "out.mp4"),
        ("render", "synth", "--seconds", "1"),
        ("bench", "nope"),
        ("list", "cats"),
        ("sing",),
    ],
    ids=" ".join,
)
def test_errors_are_one_line_with_an_exit_code(
    here: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    (here / "broken.toml").write_text("= =")
    (here / "song.wav").write_bytes(b"not a song")
    soundfile.write(here / "odd.wav", np.zeros(100), 7)
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("perform")]
    assert code not in (0, 1, None)
    assert len(lines) == 1 and len(lines[0]) < 400, lines


def test_an_error_as_a_person_meets_it(tmp_path: Path) -> None:
    done = perform("play", "--preset", "first_lihgt", *PLAY, cwd=tmp_path)
    assert done.returncode == 65 and "did you mean first_light" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not done.stdout
    told = perform("play", "--preset", "nope", "--debug", *PLAY, cwd=tmp_path)
    assert "Traceback" in told.stderr


@pytest.mark.parametrize("what", WHAT)
def test_lists(here: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    assert main(["list", what, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(row["name"] and "doc" in row for row in rows)
    if what != "devices":
        assert rows and not [row for row in rows if row["doc"].startswith("broken")]
        assert all(row["doc"] for row in rows), [row["name"] for row in rows if not row["doc"]]
    assert main(["list", what]) == 0
    text = capsys.readouterr().out
    assert all(str(row["name"]) in text for row in rows)


def test_list_of_everything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    assert {row["list"] for row in json.loads(capsys.readouterr().out)} >= set(WHAT) - {"devices"}


def test_the_addresses_of_the_design_are_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "params", "--json"])
    addresses = {row["address"] for row in json.loads(capsys.readouterr().out)}
    for path in (
        "deck/a/source/psi", "deck/a/source/seed", "deck/a/level", "deck/a/bypass", "audio/gain_db", "audio/gate_db",
        "tempo/bpm", "tempo/tap", "tempo/nudge", "tempo/double", "tempo/halve", "tempo/one", "tempo/hold",
        "out/blackout", "out/freeze", "out/panic", "out/fade_s", "out/testcard", "preset/recall", "preset/next",
        "preset/previous", "macro/1", "macro/8", "route/1/depth", "master/fx/bloom/amount", "master/fx/bloom/wet",
    ):  # fmt: skip
        assert f"/perform/{path}" in addresses, path


def test_the_contract_of_the_command_line() -> None:
    parse = build_parser().parse_args
    play = "play --audio mic --channels 1,2 --preset x --source testcard --venue v.toml --size 640x360 --display auto"
    args = parse(f"{play} --monitor 1 --fullscreen --seconds 3 --record f.mp4 --osc-port 9001 --device cpu".split())
    assert (args.size, args.monitor, args.osc_port) == ((640, 360), 1, 9001)
    render = "render a.ogg o.mp4 --frames d --preset x --model m --size 64x36 --fps 25 --start 3 --seconds 2 --seed 7"
    args = parse(render.split())
    assert (args.fps, args.start, args.seed) == (25.0, 3.0, 7)
    for words in ("list models --json", "doctor --json", "bench audio --json"):
        assert parse(words.split()).json


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) != 0
    assert "COMMAND" in capsys.readouterr().out


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (code == 0) == report["ready"]
    assert all(check["name"] and (check["ok"] or (check["why"] and check["fix"])) for check in report["checks"])
