"""Every control of a diffusion model: its rest value leaves the picture bit for bit, another value changes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from perform.core.card import read_card
from perform.core.types import Moment, ParamFrame, Picture
from perform.generators.diffusion.instrument import PARAMS, ROUTES, Instrument
from perform.generators.diffusion.parts import Residuals
from perform.generators.diffusion.rows import ANEW, FRAME, ROWS, TICK

SIZE = {"prompt_1": "a red fish", "prompt_2": "blue smoke", "prompt_3": "a wall"}
TWO = {"steps": 2}
BACK = {"feedback": 0.8}
BANDS = {"noise_spectrum": 0.9, "noise_band_1": 0.2, "noise_band_4": 0.9}
GUIDED = {"guidance": 3.0}

# row -> (another value, what else must be set for it to have work to do, which pictures must be there)
CONTROLS: Mapping[str, tuple[Any, Mapping[str, Any], str]] = {
    "prompt_1": ("a green lamp", {}, ""),
    **{f"prompt_{n}": ("a green lamp", {f"prompt_{n}_weight": 1.0}, "") for n in (2, 3, 4)},
    "prompt_1_weight": (0.3, {"prompt_2_weight": 1.0}, ""),
    **{f"prompt_{n}_weight": (0.7, {}, "") for n in (2, 3, 4)},
    "negative": ("dark", GUIDED, ""),
    "guidance": (3.0, {}, ""),
    "travel_beats": (2, {}, ""),
    "travel_rest": (0.9, {"travel_beats": 2}, ""),
    "glide_s": (5.0, {}, "later words"),
    "seed": (5, {}, ""),
    "seed_2": (9, {"seed_mix": 0.5}, ""),
    "seed_mix": (0.5, {}, ""),
    "orbit": (0.5, {}, ""),
    "orbit_hz": (2.0, {"orbit": 0.5}, ""),
    "orbit_beats": (3, {"orbit": 0.5}, ""),
    "push": (1.0, {}, ""),
    "strength": (0.3, {}, "image"),
    "eta": (0.0, TWO, ""),
    "noise_mask": (0.3, {}, "noise_mask"),
    "noise_spectrum": (0.9, {"noise_band_1": 0.5}, ""),
    "noise_shape": ("rings", BANDS, ""),
    **{f"noise_band_{n}": (0.6, BANDS, "") for n in range(1, 5)},
    "feedback": (0.8, {}, ""),
    "feedback_limit": (0.2, BACK, ""),
    "coherence": (1.0, BACK, ""),
    "feedback_zoom": (3.0, BACK, ""),
    "feedback_x": (1.0, BACK, ""),
    "feedback_y": (1.0, BACK, ""),
    "feedback_turn": (120.0, BACK, ""),
    "inpaint": (0.2, {}, "image mask"),
    "inpaint_invert": (True, {}, "image mask"),
    **{f"attention_{place}": (0.2, {}, "") for place in ("down", "mid", "up")},
    **{f"{name}_{part}": (0.5, {}, "") for name in ("backbone", "skip") for part in ("coarse", "fine")},
    "control": (0.3, {}, "control"),
    "control_every": (4, {}, "control moving"),
    "steps": (2, {}, ""),
    "batch": ("stream", TWO | {"orbit": 1.0, "orbit_hz": 3.0}, ""),
    "width": (96, {}, ""),
    "height": (32, {}, ""),
}
SAME_PICTURE = {"show_steps", "compile"}
ELSEWHERE = {"style_scale", "coherence_take", *(f"lora_{n}{more}" for n in (1, 2, 3) for more in ("", "_scale"))}
"""Rows that need further files; see the tests of those."""


def guide(x, t, embedding, picture) -> Residuals:
    """A stand-in for a ControlNet: adds what the picture's brightness says."""
    sides = [(32, 8), (32, 8), (32, 4), (64, 4), (64, 4)]
    bright = picture.mean(dim=(1, 2, 3)).view(-1, 1, 1, 1)
    down = tuple(bright * torch.ones(x.shape[0], channels, side, side) for channels, side in sides)
    return Residuals(down, bright * torch.ones(x.shape[0], 64, 4, 4))


@pytest.fixture(scope="module")
def made(tiny_diffusion):
    instrument = Instrument()
    instrument.open(read_card(tiny_diffusion), "cpu")
    instrument.prepare({})
    return instrument.player.parts


def picture(number: int) -> Picture:
    noise = np.random.default_rng(number).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    noise[:, 32:] //= 3
    return Picture(noise, None, number, 0.0)


def played(made, tiny_diffusion, values: Mapping[str, Any], needs: str = "", count: int = 4) -> list[np.ndarray]:
    """The frames of a short performance. `later`: the words come with the third."""
    made.control = guide if "control" in needs else None
    instrument = Instrument(load=lambda *_: made)
    instrument.open(read_card(tiny_diffusion), "cpu")
    instrument.prepare({"warm": False})
    frames = []
    for n in range(count):
        there = {name: picture(5 + n * ("moving" in needs)) for name in needs.split() if name in Instrument.PICTURES_IN}
        given = {**SIZE, **values}
        if "later" in needs and n >= 2:
            given["prompt_1"] = "a green lamp"
        moment = Moment(0.1 * n, 0.1 if n else 0.0, n, 0.2 * n, 0.05 * n)
        frames.append(instrument.render(ParamFrame(given), there, moment).image)
    return frames


def test_every_row_is_tried():
    assert {*CONTROLS, *SAME_PICTURE, *ELSEWHERE} == set(ROWS)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_at_rest_changes_nothing_and_elsewhere_it_does(name, made, tiny_diffusion):
    value, more, needs = CONTROLS[name]
    plain = played(made, tiny_diffusion, more, needs)
    assert value != more.get(name, ROWS[name].default)
    if name not in more and not name.startswith("prompt_"):
        at_rest = played(made, tiny_diffusion, {**more, name: ROWS[name].default}, needs)
        assert all(np.array_equal(a, b) for a, b in zip(plain, at_rest, strict=True))
    other = played(made, tiny_diffusion, {**more, name: value}, needs)
    assert any(a.shape != b.shape or not np.array_equal(a, b) for a, b in zip(plain, other, strict=True))


def test_every_row_says_when_it_is_seen():
    for row in PARAMS:
        assert any(row.doc.endswith(when) for when in (TICK, FRAME, ANEW)), row.name


def test_the_suggested_cables_end_at_rows_that_can_be_moved():
    for route in ROUTES:
        assert ROWS[route["target"]].live, route
    assert {"audio/bass/level", "audio/bass/hit", "audio/treble/level", "beat/pulse"} <= {r["source"] for r in ROUTES}


def test_bass_mids_highs_hits_and_beats_do_different_things(made, tiny_diffusion):
    painted = {"nothing": played(made, tiny_diffusion, {}, count=1)[0]}
    for source in dict.fromkeys(route["source"] for route in ROUTES):
        moved = {r["target"]: ROWS[r["target"]].default + r["depth"] for r in ROUTES if r["source"] == source}
        painted[source] = played(made, tiny_diffusion, moved, count=1)[0]
    assert len(painted) == 7 and len({image.tobytes() for image in painted.values()}) == 7


@pytest.mark.parametrize("steps", [2, 3])
def test_a_stream_gives_the_same_pictures_later(steps, made, tiny_diffusion):
    values = {"steps": steps, "orbit": 1.0, "orbit_hz": 1.0, "eta": 0.0}
    one_by_one = played(made, tiny_diffusion, values, count=6)
    streamed = played(made, tiny_diffusion, values | {"batch": "stream"}, count=6)
    late = steps - 1
    assert np.abs(streamed[late].astype(int) - one_by_one[0]).max() <= 1
    for before, after in zip(one_by_one[:-late], streamed[late:], strict=True):
        assert np.abs(before.astype(int) - after).max() <= 1
    assert np.abs(streamed[0].astype(int) - one_by_one[0]).max() <= 1  # no rubbish before: the first, held


def test_the_steps_are_shown_as_pictures_of_their_own(made, tiny_diffusion):
    instrument = Instrument(load=lambda *_: made)
    instrument.open(read_card(tiny_diffusion), "cpu")
    instrument.prepare({"warm": False})
    values = ParamFrame({**SIZE, "steps": 3, "show_steps": True})
    frame = instrument.render(values, {}, Moment(0.0, 0.0, 0))
    assert set(frame.extra) == {"step_1", "step_2"} < set(Instrument.PICTURES_OUT)
    assert all(p.shape == frame.image.shape and p.dtype == np.uint8 for p in frame.extra.values())
    assert not np.array_equal(frame.extra["step_1"], frame.extra["step_2"])
    plain = played(made, tiny_diffusion, {"steps": 3}, count=1)[0]
    assert np.abs(plain.astype(int) - frame.image).max() <= 1


def test_inpainting_keeps_what_the_mask_keeps(made, tiny_diffusion):
    kept = played(made, tiny_diffusion, {"strength": 0.9, "inpaint_invert": True}, "image mask", 1)[0]
    whole = played(made, tiny_diffusion, {"strength": 0.9, "inpaint": 0.0}, "image mask", 1)[0]
    assert not np.array_equal(kept, whole)
    made.control = None
    image = {"image": picture(5), "mask": Picture(np.zeros((36, 64, 3), np.uint8), None, 1, 0.0)}
    frames = []
    for seed in (1, 2):
        instrument = Instrument(load=lambda *_: made)
        instrument.open(read_card(tiny_diffusion), "cpu")
        instrument.prepare({"warm": False})
        frames.append(instrument.render(ParamFrame({**SIZE, "seed": seed}), image, Moment(0.0, 0.0, 0)).image)
    assert np.array_equal(*frames)  # all of it is kept: whatever the noise, nothing is painted


def test_the_guide_names_every_row_and_says_what_it_does():
    guide = (Path(__file__).parents[2] / "docs" / "diffusion.md").read_text("utf-8")
    for row in PARAMS:
        assert f"| `{row.name}` |" in guide and f"| {row.doc} |" in guide, row.name
