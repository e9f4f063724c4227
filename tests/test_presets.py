"""Every shipped preset, found by listing its folder: it loads whole, looks as it should, differs and moves."""

from __future__ import annotations

import os
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perform.app import Rig, open_offline
from perform.core.preset import parse_preset, read_preset
from perform.core.preset_text import write_preset
from perform.core.routes import is_counter
from perform.options import DEFAULT_PRESET, Options

ROOT = Path(__file__).resolve().parents[1]
PRESETS = sorted((ROOT / "presets").glob("*.toml"))
GOLDEN = ROOT / "tests" / "golden" / "presets"
NAMES = [path.stem for path in PRESETS]
SIZE, FPS, FRAMES = (96, 54), 15.0, 24


@cache
def frames_of(name: str, audio: str = "synth") -> tuple[np.ndarray, bool]:
    """([frames, h, w, 3] uint8 of the loud part of the band, whether software drew them)."""
    said: list[str] = []
    options = Options(audio=audio, preset=name, size=SIZE, start_s=60.0 if audio == "synth" else 0.0)
    rig = open_offline(options, said.append)
    try:
        pictures = []
        for number in range(FRAMES):
            rig.engine.tick((number + 1) / FPS)
            pictures.append(rig.show.stage.finish())
        assert not said, said
        assert not rig.engine.bank.missing and not rig.engine.health.counts.get("control errors")
        assert not rig.show.stage.counts()["unit_errors"]
        return np.stack(pictures), rig.software
    finally:
        rig.close()


def test_there_are_enough_and_the_default_is_one() -> None:
    assert len(PRESETS) >= 4 and DEFAULT_PRESET in NAMES


@pytest.mark.parametrize("path", PRESETS, ids=NAMES)
def test_it_reads_without_a_complaint_and_round_trips(path: Path) -> None:
    preset = read_preset(path)
    assert not preset.problems and preset.name == path.stem and preset.title and preset.doc and preset.tags
    assert len(preset.routes) >= 4
    assert parse_preset(write_preset(preset)) == preset


@pytest.mark.parametrize("path", PRESETS, ids=NAMES)
def test_its_routes_begin_and_end_somewhere(path: Path) -> None:
    rig: Rig = open_offline(Options(audio="synth", preset=path.stem, size=SIZE), lambda _line: None)
    try:
        rig.engine.tick(0.2)
        for route in rig.engine.bank.routes:
            assert route.target in rig.engine.table, route
            assert route.source in rig.engine.signals, route
            if rig.engine.table[route.target].kind != "trigger":
                assert not is_counter(route.source), route
    finally:
        rig.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_its_golden_picture(name: str) -> None:
    pictures, software = frames_of(name)
    picture = pictures[-1]
    assert picture.max() > 60 and picture.std() > 8.0, "blank"
    if not software:
        return  # another renderer rounds otherwise: not blank is what can be said
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("PERFORM_REGENERATE"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(golden)
    wanted = np.asarray(Image.open(golden).convert("RGB")).astype(int)
    off = np.abs(picture.astype(int) - wanted)
    if off.mean() > 2.0 or np.percentile(off, 99) > 24:
        folder = ROOT / "tests" / "golden" / "diff"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate([picture, wanted.astype(np.uint8), off.clip(0, 255).astype(np.uint8)])).save(
            folder / f"preset_{name}.png"
        )
        pytest.fail(f"{name} differs from its golden picture: mean {off.mean():.2f}, see tests/golden/diff")


def test_they_are_visibly_different() -> None:
    for a, b in combinations(NAMES, 2):
        mean = np.abs(frames_of(a)[0][-1].astype(int) - frames_of(b)[0][-1].astype(int)).mean()
        assert mean > 12.0, (a, b, mean)


@pytest.mark.parametrize("name", NAMES)
def test_the_music_visibly_moves_it(name: str) -> None:
    loud, _ = frames_of(name)
    still, _ = frames_of(name, "silence")
    apart = np.abs(loud.astype(int) - still.astype(int)).mean(axis=(1, 2, 3))
    assert apart[-8:].mean() > 5.0, apart
    steps = [np.abs(np.diff(x.astype(int), axis=0)).mean() for x in (loud, still)]
    assert steps[0] > 1.25 * steps[1], steps


def test_routes_that_begin_or_end_nowhere_are_said() -> None:
    text = """
        [deck.a]
        source = "testcard"
        [[route]]
        source = "audio/nothing"
        target = "deck/a/level"
        [[route]]
        source = "audio/level"
        target = "deck/a/nope"
    """
    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), said.append)
    try:
        rig.show.play(parse_preset(text, "loose"))
        rig.engine.tick(0.1)
    finally:
        rig.close()
    assert len(said) == 2 and "audio/nothing" in said[0] and "deck/a/nope" in said[1]
