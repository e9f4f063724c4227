"""Golden pictures of mixes, on the software renderer only: shipped shaders on decks, time standing at one moment."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perform.content import find_shader
from perform.core.types import Moment, ParamFrame
from perform.gl import describe
from perform.isf import read_shader

ROOT = Path(__file__).resolve().parents[2]
GOLDEN, DIFF = ROOT / "tests" / "golden" / "mixer", ROOT / "tests" / "golden" / "diff"
SIZE = (96, 54)
OVER = {"mix/fade": 1.0}
CASES = {
    "fade": ("", {"mix/fade": 0.5}),
    "ink_bleed": ("ink_bleed", {"mix/fade": 0.5, "mix/with/edge": 0.8}),
    "placed_screen": ("over", {**OVER, "deck/b/layer/blend": "screen", "deck/b/layer/scale": 0.6,
                               "deck/b/layer/turn": 20.0, "deck/b/layer/x": 0.15}),
    "masked_each": ("over", {**OVER, "deck/b/layer/mask": "c", "deck/b/layer/mask_channel": "each",
                             "deck/c/layer/alpha": 0.0, "deck/b/layer/mask_hi": 0.6}),
    "difference": ("over", {**OVER, "deck/b/layer/blend": "difference"}),
    "luminosity": ("over", {**OVER, "deck/b/layer/blend": "luminosity"}),
    "three_decks": ("", {"mix/fade": 0.3, "deck/c/layer/scale": 0.4, "deck/c/layer/alpha": 0.8}),
    "fed_back": ("", {"deck/a/fx/displace_by/other": "out", "deck/a/fx/displace_by/amount": 0.8}),
}  # fmt: skip


def played(player, transition: str, values: dict[str, object]) -> np.ndarray:
    stage = player.stage
    for deck, name in (("a", "marbling"), ("b", "truchet"), ("c", "glass_cells")):
        stage.set_source(deck, read_shader(find_shader(name, "generators")))
    stage.set_chain("deck/a", [("displace_by", read_shader(find_shader("displace_by", "effects")))])
    document = None if transition in ("", "over") else read_shader(find_shader(transition, "transitions"))
    stage.set_transition(document, over=transition == "over")
    rest = {"deck/a/fx/displace_by/amount": 0.0, "deck/c/layer/alpha": 0.0}
    for n in range(6):
        moment = Moment(12.0 + n / 30, 1 / 30 if n else 0.0, n)
        stage.show({}, ParamFrame({**rest, **values}), None, moment)
    assert not stage.counts()["unit_errors"] and not stage.counts()["stage_errors"], list(stage.messages)
    return stage.finish()


@pytest.mark.parametrize("name", CASES)
def test_a_mix_looks_as_its_golden_picture(gl_make_player, name: str) -> None:
    player = gl_make_player(SIZE)
    shown = played(player, *CASES[name])
    assert shown.std() > 8.0, "blank"
    if not describe(player.stage)["software"]:
        return
    kept = GOLDEN / f"{name}.png"
    if os.environ.get("PERFORM_REGENERATE", "") not in ("", "0"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        Image.fromarray(shown).save(kept, optimize=True)
    wanted = np.asarray(Image.open(kept).convert("RGB")).astype(int)
    off = np.abs(shown.astype(int) - wanted)
    if off.mean() > 2.0 or np.percentile(off, 99) > 24:
        DIFF.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate([shown, wanted.astype(np.uint8)], axis=1)).save(DIFF / f"mix_{name}.png")
        pytest.fail(f"{name} differs by {off.mean():.2f} on average; see tests/golden/diff/mix_{name}.png")


def test_the_mixes_differ(gl_make_player) -> None:
    pictures = {name: np.asarray(Image.open(GOLDEN / f"{name}.png").convert("RGB")).astype(int) for name in CASES}
    names = sorted(pictures)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert np.abs(pictures[a] - pictures[b]).mean() > 4.0, (a, b)
    assert {p.stem for p in GOLDEN.glob("*.png")} == set(CASES)
