"""What a recorded frame sees: every control that is no change of shape acts through tensors written in place."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_families
import torch
from tape import Tape, taped
from test_diffusion_controls import guide

from perform.core.card import read_card
from perform.core.types import Moment, ParamFrame, Picture
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.instrument import Instrument
from perform.generators.diffusion.rows import ANEW, ROWS
from perform.generators.diffusion.tiny import write_tiny

WORDS = {"prompt_1": "a red fish", "prompt_2": "blue smoke", "prompt_3": "moon"}
SHAPES = {
    "one step": {},
    "two steps of a loop": {"steps": 2, "feedback": 0.6, "feedback_zoom": 2.0, "eta": 0.5},
    "a stream": {"steps": 3, "batch": "stream", "show_steps": True, "orbit": 0.3},
    "guided": {"guidance": 2.0, "negative": "dark"},
    "all pictures": {"steps": 2, "guidance": 2.0, "pictures": "image mask noise_mask control"},
}
MOVES = {
    name: row.lo + (row.hi - row.lo) * (0.37 if row.default != row.lo else 0.61)
    for name, row in ROWS.items()
    if row.kind == "float" and row.live and not row.doc.endswith(ANEW)
}


@pytest.fixture(scope="module")
def parts(tiny_diffusion):
    return open_parts(tiny_diffusion)


def make(parts, folder, record=None) -> Instrument:
    instrument = Instrument(load=lambda *_: parts, record=record)
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({"warm": False})
    return instrument


@pytest.mark.parametrize("shape", SHAPES)
def test_a_recording_follows_every_control(parts, tiny_diffusion, shape, monkeypatch):
    values = {**WORDS, "prompt_2_weight": 0.3, **SHAPES[shape]}
    names = values.pop("pictures", "").split()
    monkeypatch.setattr(parts, "control", guide if "control" in names else None)
    tapes: list[Tape] = []
    plain, recorded = make(parts, tiny_diffusion), make(parts, tiny_diffusion, taped(tapes))
    noise = np.random.default_rng(3)
    more = {"guidance": 4.0} if "guidance" in values else {}
    moves = [*{"seed": 7, "control_every": 2, **more, **MOVES}.items()]
    for n, some in enumerate(dict(moves[at : at + 3]) for at in range(0, len(moves), 3)):
        image = noise.integers(0, 256, (36, 64, 3), dtype=np.uint8)
        there = {whose: Picture(image, None, n, 0.1 * n) for whose in names}
        frame, moment = ParamFrame({**values, **some}), Moment(0.1 * n, 0.1, n, 0.2 * n)
        wanted, got = (each.render(frame, there, moment) for each in (plain, recorded))
        assert np.array_equal(wanted.image, got.image), list(some)
        assert wanted.extra.keys() == got.extra.keys()
        assert wanted.signals == got.signals
    assert len(tapes) == (2 if "control" in names else 1)


def test_the_stand_in_would_notice_a_number_of_the_host(parts):
    tapes: list[Tape] = []
    knob, level = torch.ones(()), {"level": 1.0}
    play, out = taped(tapes)(lambda: torch.ones(3) * knob * level["level"])
    knob.fill_(2.0)
    level["level"] = 5.0
    play()
    assert out.tolist() == [2.0] * 3  # the tensor is seen, the number is not
    with pytest.raises(AssertionError, match="waits for the device"):
        taped(tapes)(lambda: torch.ones(3) * float(knob))
    with pytest.raises(AssertionError, match="comes from the host"):
        taped(tapes)(lambda: torch.tensor([1.0, 2.0]) * knob)


@pytest.mark.parametrize("family", ["sdxl", "sana", "flux2", "zimage"])
def test_every_family_is_recorded(tmp_path, family):
    folder = tiny_families.make(family, tmp_path / family)
    found, tapes = open_parts(folder), []
    plain, recorded = make(found, folder), make(found, folder, taped(tapes))
    changes = (
        {},
        {"prompt_1": "red smoke"},
        {"prompt_2_weight": 0.5},
        {"attention_up": 0.2},
        {"feedback": 0.6},
        {"seed": 4},
    )
    for n, change in enumerate((*changes, {"steps": 2}, {"steps": 2, "eta": 0.2})):
        frame, moment = ParamFrame({**WORDS, **change}), Moment(0.1 * n, 0.1, n)
        wanted, got = (each.render(frame, {}, moment).image for each in (plain, recorded))
        assert np.array_equal(wanted, got), change
    assert len(tapes) == 1 + (found.steps != 2) and not [line for line in recorded.notices if "recorded" in line]


def test_a_control_net_and_an_image_prompt_are_recorded(tmp_path):
    folder = write_tiny(tmp_path / "beside")
    tiny_families.controlnet(folder)
    tiny_families.image_prompt(folder)
    found, tapes = open_parts(folder), []
    assert found.control is not None and found.image_prompt is not None
    plain, recorded = make(found, folder), make(found, folder, taped(tapes))
    noise = np.random.default_rng(3)
    seen = set()
    for n, change in enumerate(
        ({}, {"control": 0.2}, {"style_scale": 1.5}, {"control_every": 2}, {"prompt_1": "moon"})
    ):
        image = noise.integers(0, 256, (36, 64, 3), dtype=np.uint8)
        there = {name: Picture(image, None, n, 0.1 * n) for name in ("control", "style")}
        frame, moment = ParamFrame({**WORDS, **change}), Moment(0.1 * n, 0.1, n)
        wanted, got = (each.render(frame, there, moment).image for each in (plain, recorded))
        assert np.array_equal(wanted, got), change
        seen.add(got.tobytes())
    assert len(tapes) == 2 and len(seen) == 5 and not recorded.notices
