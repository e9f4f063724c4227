"""Captioned scenes: words mean what they say, and a picture is a local, smooth function of its noise."""

import random
from itertools import pairwise

import numpy as np
import pytest
import torch

from perform.train.dataset.look import colour_words
from perform.train.scenes import COLOURS, FAMILIES, VOCABULARY, Scene, caption, draw, fields, read, some

STILL = torch.zeros(1)


def noise(seed, height=16, width=16):
    return torch.randn(1, 8, height, width, generator=torch.Generator().manual_seed(seed))


def picture(scene, seed=1, height=16, width=16):
    return draw([scene], fields(noise(seed, height, width), STILL))


def test_captions_say_the_scene():
    chance = random.Random(1)
    for _ in range(500):
        scene = some(chance)
        text = caption(scene, chance)
        assert read(text) == scene, text
        assert set(text.split()) <= set(VOCABULARY)


def test_words_that_say_nothing_of_form_or_colour_have_a_picture_too():
    assert read("a picture of nobody") == Scene()
    assert read("red") == Scene("marble", "red")
    assert read("Jellyfish, blue and GOLD, blue, at night") == Scene("jelly", "blue", "gold", light=-1)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_alive_and_within_bounds(family):
    x = picture(Scene(family, "blue"))
    assert x.shape == (1, 3, 128, 128) and torch.isfinite(x).all()
    assert float(x.min()) >= -1 and float(x.max()) <= 1 and float(x.std()) > 0.12


@pytest.mark.parametrize("colour", COLOURS)
def test_the_colour_word_is_the_colour_seen(colour):
    alike = {"red": {"red", "rose"}, "rose": {"rose", "red"}, "magenta": {"magenta", "rose"}}
    hits = 0
    for index, family in enumerate(FAMILIES):
        pixels = picture(Scene(family, colour), index)[0].add(1).mul(127.5).byte().permute(1, 2, 0).numpy()
        hits += bool(alike.get(colour, {colour}) & set(colour_words(pixels)))
    assert hits >= 10, f"{colour}: {hits} of {len(FAMILIES)}"


@pytest.mark.parametrize("knob", ["light", "density", "motion", "edge"])
def test_each_mood_changes_the_picture(knob):
    rest, low, high = (picture(Scene("rings", "red", **{knob: v})) for v in (0, -1, 1))
    assert min(float((a - b).abs().mean()) for a, b in ((rest, low), (rest, high), (low, high))) > 0.02


@pytest.mark.parametrize("family", FAMILIES)
def test_a_small_turn_of_the_noise_is_a_small_change(family):
    a, b = noise(1), noise(2)
    ways = [float(t) for t in np.linspace(0, 0.1, 6)]
    seen = [draw([Scene(family, "red")], fields(a * (1 - t * t) ** 0.5 + b * t, STILL)) for t in ways]
    steps = [float((x - y).abs().mean()) for x, y in pairwise(seen)]
    assert 0 < min(steps) and max(steps) < 0.12


def test_a_batch_draws_what_one_alone_does():
    scenes = [Scene(f, "green", density=d) for f, d in zip(FAMILIES, [0, 1, -1] * 4, strict=True)]
    together = torch.cat([noise(i) for i in range(12)])
    whole = draw(scenes, fields(together, torch.zeros(12)))
    for i, scene in enumerate(scenes):
        assert torch.allclose(whole[i : i + 1], picture(scene, i), atol=1e-5)


def test_a_picture_is_local():
    """Noise far away changes nothing: what is learned small holds large."""
    large = noise(3, 32, 32)
    changed = large.clone()
    changed[..., 24:] = noise(4, 32, 8)
    for family in FAMILIES:
        one, two = (draw([Scene(family, "red")], fields(n, STILL)) for n in (large, changed))
        assert torch.equal(one[..., :32], two[..., :32]), family


def test_a_picture_in_the_noise_gives_the_layout():
    """At low noise the fields are the picture's own: bright where it is bright."""
    source = torch.zeros(1, 8, 16, 16)
    source[:, 0, :, 8:] = 1.5
    share = torch.tensor([0.95])
    mixed = 0.95 * source + 0.31 * noise(5)
    found = fields(mixed, share)["round"][0, 0]
    assert float(found[:, 80:].mean()) > float(found[:, :48].mean()) + 1.0
