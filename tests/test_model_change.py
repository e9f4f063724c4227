"""Another model in mid-show, with real models: it comes in on a beat, fades, and the picture is never gone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from perform.app import open_offline
from perform.core.preset import parse_preset
from perform.deck_source import plan_source
from perform.generators.stylegan.network import Architecture, Generator
from perform.options import Options
from perform.train.adversarial.leave import write_model

FPS = 15.0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two small models that paint differently, as sources."""
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made = Generator(Architecture(8, 8, 0, 1, 16, 256, 16))
        with torch.no_grad():
            made.synthesis.get_submodule("b16").torgb.bias.copy_(torch.tensor([0.9, -0.5, -0.9]) * (3 - 2 * seed))
        folder = tmp_path_factory.mktemp("models") / f"paint_{seed}"
        write_model(made, folder, {"pictures_seen": 0}, "Apache-2.0", "me")
        found.append(f"model:{folder}")
    return found


def played(models: list[str], beats: float) -> tuple[list[np.ndarray], list[float], list[bool]]:
    """(frames, beats, whether the built-in picture stood in) of a show whose model is changed after ten frames."""
    rig: Any = open_offline(
        Options(audio="synth", preset="first_light", source=models[0], size=(48, 27)), lambda _: None
    )
    frames, when, stands = [], [], []
    try:
        rig.show.play(parse_preset(f'[deck.a]\nsource = "{models[0]}"\n[deck.a.params]\nwalk = "hold"\n', "plain"))
        rig.engine.table.set("deck/a/change_beats", beats)
        for number in range(60):
            if number == 10:
                rig.show.decks.load("a", plan_source(models[1], "cpu", trusted=True))
                rig.show.decks.mount()
            rig.engine.tick((number + 1) / FPS)
            rig.show.after_tick()
            frames.append(rig.show.stage.finish().astype(int))
            when.append(rig.engine.moment.beats)
            stands.append(rig.show.stage.standing_in)
    finally:
        rig.close()
    return frames, when, stands


def test_a_model_changes_on_the_beat_and_never_leaves_the_picture(models: list[str]) -> None:
    frames, when, stands = played(models, 2.0)
    assert not any(stands) and min(frame.mean() for frame in frames) > 8.0
    before, after = frames[9], frames[-1]
    whole = np.abs(after - before).mean()
    assert whole > 30.0
    gone = [np.abs(frame - before).mean() / whole for frame in frames]
    first = next(n for n in range(10, 60) if gone[n] > 0.01)
    last = next(n for n in range(first, 60) if gone[n] > 0.98)
    assert int(when[first]) > int(when[first - 2])  # a beat was just passed
    assert 1.0 < when[last] - when[first] < 2.3
    assert all(b > a - 0.01 for a, b in zip(gone[first:last], gone[first + 1 : last + 1], strict=True))


def test_offline_a_change_gives_the_same_frames_every_time(models: list[str]) -> None:
    first, second = (np.stack(played(models, 1.0)[0]) for _ in range(2))
    assert np.array_equal(first, second)
