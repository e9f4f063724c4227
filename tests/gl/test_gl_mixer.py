"""Two decks and the crossfader: known answers of a mix in light, transitions, and what an unused deck costs."""

from __future__ import annotations

import numpy as np
import pytest

from perform.content import list_shaders
from perform.core.errors import ShaderError, UsageError
from perform.isf import parse_shader, read_shader

BLACK = np.zeros((24, 32, 3), np.uint8)
WHITE = np.full((24, 32, 3), 255, np.uint8)
GREY = np.full((24, 32, 3), 128, np.uint8)

HALVES = """/*{ "ISFVSN": "2", "INPUTS": [
    {"NAME": "startImage", "TYPE": "image"}, {"NAME": "endImage", "TYPE": "image"},
    {"NAME": "progress", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "lift", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}] }*/
void main() {
    bool through = isf_FragNormCoord.x < progress;
    gl_FragColor = through ? IMG_THIS_PIXEL(endImage) : IMG_THIS_PIXEL(startImage) + lift;
}
"""


def light(value: float) -> float:
    """sRGB 0..255 to light 0..1 (IEC 61966-2-1)."""
    c = value / 255.0
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def srgb(value: float) -> float:
    return 255.0 * (value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055)


def test_half_of_black_and_white_is_half_the_light(gl_player) -> None:
    gl_player.stage.set_source("b", None)
    assert int(gl_player.show(BLACK, others={"b": WHITE}, mix__fade=0.5)[0, 0, 0]) == pytest.approx(188, abs=1)


@pytest.mark.parametrize("fade", [0.1, 0.25, 0.5, 0.9])
def test_a_fade_is_a_mix_of_light(gl_player, fade) -> None:
    gl_player.stage.set_source("b", None)
    got = gl_player.show(GREY, others={"b": WHITE}, mix__fade=fade)[5, 5, 1]
    assert int(got) == pytest.approx(srgb((1 - fade) * light(128) + fade), abs=1)


def test_the_ends_are_the_decks_byte_for_byte(gl_player, gl_noise) -> None:
    gl_player.stage.set_source("b", None)
    other = 255 - gl_noise
    assert np.array_equal(gl_player.show(gl_noise, others={"b": other}, mix__fade=0.0), gl_noise)
    assert np.array_equal(gl_player.show(gl_noise, others={"b": other}, mix__fade=1.0), other)
    assert gl_player.stage.seen == {"b"}


def test_without_a_second_deck_the_fader_does_nothing(gl_player) -> None:
    assert gl_player.show(GREY, mix__fade=1.0)[0, 0, 0] == 128
    assert gl_player.stage.seen == {"a"}
    gl_player.stage.set_source("b", None)
    gl_player.show(GREY, others={"b": WHITE}, mix__fade=1.0)
    gl_player.stage.close_deck("b")
    gl_player.stage.close_deck("b")
    assert gl_player.show(GREY, mix__fade=1.0)[0, 0, 0] == 128


def test_a_deck_nobody_sees_is_not_drawn(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("b", gl_shader("paint"))
    for fade, seen in ((0.0, {"a"}), (0.5, {"a", "b"}), (1.0, {"b"})):
        gl_player.show(GREY, mix__fade=fade)
        assert gl_player.stage.seen == seen
    drawn = []
    deck = gl_player.stage._scene.decks["b"]
    deck.render = lambda *_: drawn.append(1)
    gl_player.show(GREY, mix__fade=0.0)
    assert not drawn


def test_both_decks_have_chains_and_levels_of_their_own(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert"))])
    gl_player.stage.set_chain("deck/b", [("halve", gl_shader("halve"))])
    frames = {"b": WHITE}
    assert gl_player.show(WHITE, others=frames)[0, 0, 0] == 0
    assert int(gl_player.show(WHITE, others=frames, mix__fade=1.0)[0, 0, 0]) == pytest.approx(128, abs=1)
    assert int(gl_player.show(WHITE, others=frames, mix__fade=1.0, deck__b__level=0.5)[0, 0, 0]) == pytest.approx(
        64, abs=1
    )
    gl_player.stage.set_chain("master", [("invert", gl_shader("invert"))])
    assert int(gl_player.show(WHITE, others=frames, mix__fade=1.0)[0, 0, 0]) == pytest.approx(127, abs=1)


def test_a_transition_mixes(gl_player) -> None:
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_transition(parse_shader(HALVES, "halves.fs"))
    rows = dict(gl_player.stage.rows())
    assert [row.name for row in rows["mix/with"]] == ["lift"]
    got = gl_player.show(BLACK, others={"b": WHITE}, mix__fade=0.25, mix__with__lift=0.4)
    assert got[:, :8].min() == 255 and got[:, 8:].max() == 102
    gl_player.stage.set_transition(None)
    assert int(gl_player.show(BLACK, others={"b": WHITE}, mix__fade=0.5)[0, 31, 0]) == pytest.approx(188, abs=1)


def test_a_transition_that_breaks_gives_way_to_a_plain_fade(gl_player, gl_shader, monkeypatch) -> None:
    gl_player.stage.set_source("b", None)
    with pytest.raises(ShaderError, match="not a transition"):
        gl_player.stage.set_transition(gl_shader("invert"))
    gl_player.stage.set_transition(parse_shader(HALVES, "halves.fs"))
    with pytest.raises(ShaderError):
        gl_player.stage.set_transition(parse_shader(HALVES.replace("lift;", "nothing;"), "broken.fs"))
    unit = gl_player.stage._scene.mixer.transition
    assert unit.document.path == "halves.fs"
    monkeypatch.setattr(unit, "render", lambda *_: (_ for _ in ()).throw(RuntimeError("gone")))
    assert int(gl_player.show(BLACK, others={"b": WHITE}, mix__fade=0.5)[0, 0, 0]) == pytest.approx(188, abs=1)
    assert gl_player.stage.counts()["unit_errors"] == 1


@pytest.mark.parametrize("path", list_shaders("transitions"), ids=lambda p: p.stem)
def test_every_transition_begins_with_one_deck_and_ends_with_the_other(gl_make_player, path) -> None:
    player = gl_make_player((64, 36))
    player.stage.set_source("b", None)
    player.stage.set_transition(read_shader(path))
    rng = np.random.default_rng(5)
    a, b = (np.kron(rng.integers(0, 256, (9, 16, 3)), np.ones((4, 4, 1))).astype(np.uint8) for _ in range(2))
    near = {fade: player.show(a, others={"b": b}, mix__fade=fade).astype(int) for fade in (0.001, 0.5, 0.999)}
    off = {name: [np.abs(near[f] - whole).mean() for f in (0.001, 0.5, 0.999)] for name, whole in (("a", a), ("b", b))}
    assert off["a"][0] < off["b"][0] / 4 and off["b"][2] < off["a"][2] / 4, off
    assert not player.stage.counts()["unit_errors"]


def test_a_broken_deck_b_leaves_deck_a_alone(gl_player, gl_shader) -> None:
    with pytest.raises(ShaderError):
        gl_player.stage.set_source("b", gl_shader("broken_fragment"))
    with pytest.raises(UsageError, match="no deck"):
        gl_player.stage.set_source("q", None)
    assert gl_player.show(GREY)[0, 0, 0] == 128
