"""Layers, blend modes, masks, and decks that take one another's pictures in."""

from __future__ import annotations

import numpy as np
import pytest

from perform.gl.blends import MODES
from perform.gl.layers import placement
from perform.gl.rows import BLENDS
from perform.isf import parse_shader

BLACK = np.zeros((24, 32, 3), np.uint8)
WHITE = np.full((24, 32, 3), 255, np.uint8)
GREY = np.full((24, 32, 3), 128, np.uint8)

HEAD = """/*{ "ISFVSN": "2", "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image"}, {"NAME": "other", "TYPE": "image"} ] }*/
"""
TAKES = (
    HEAD
    + """void main() { gl_FragColor = IMG_THIS_PIXEL(other); }
"""
)
COUNTS = (
    HEAD
    + """void main() { gl_FragColor = vec4(IMG_THIS_PIXEL(other).rgb + 0.1, 1.0); }
"""
)


@pytest.fixture
def over(gl_player):
    """Deck b laid over deck a: `over(below, above, **layer rows)` gives the picture."""
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_transition(None, over=True)

    def lay(below: np.ndarray, above: np.ndarray, fade: float = 1.0, **rows: object) -> np.ndarray:
        values = {f"deck__b__layer__{name}": value for name, value in rows.items()}
        return gl_player.show(below, others={"b": above}, mix__fade=fade, **values)

    return lay


def flat(*rgb: int) -> np.ndarray:
    return np.broadcast_to(np.array(rgb, np.uint8), (24, 32, 3)).copy()


def to_light(c: np.ndarray) -> np.ndarray:
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def from_light(c: np.ndarray) -> np.ndarray:
    return np.where(c <= 0.0031308, c * 12.92, 1.055 * np.maximum(c, 0) ** (1 / 2.4) - 0.055)


ANSWERS = {
    "normal": lambda a, b: b,
    "add": lambda a, b: from_light(to_light(a) + to_light(b)),
    "subtract": lambda a, b: from_light(np.maximum(to_light(a) - to_light(b), 0)),
    "multiply": lambda a, b: from_light(to_light(a) * to_light(b)),
    "screen": lambda a, b: 1 - (1 - a) * (1 - b),
    "lighten": np.maximum,
    "darken": np.minimum,
    "overlay": lambda a, b: np.where(a < 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
    "hard_light": lambda a, b: np.where(b < 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
    "dodge": lambda a, b: np.where(a == 0, 0, np.minimum(1, a / np.maximum(1 - b, 1e-4))),
    "burn": lambda a, b: np.where(a == 1, 1, 1 - np.minimum(1, (1 - a) / np.maximum(b, 1e-4))),
    "difference": lambda a, b: np.abs(a - b),
    "exclusion": lambda a, b: a + b - 2 * a * b,
}


@pytest.mark.parametrize("mode", BLENDS)
def test_blend_modes_give_their_formula(over, mode) -> None:
    below, above = (200, 90, 30), (60, 140, 220)
    got = over(flat(*below), flat(*above), blend=mode)[10, 10].astype(int)
    a, b = np.array(below) / 255, np.array(above) / 255
    if mode in ANSWERS:
        assert got == pytest.approx(np.clip(ANSWERS[mode](a, b), 0, 1) * 255, abs=1.6)
    else:
        assert mode in MODES and not np.array_equal(got, below) and not np.array_equal(got, above)


def test_colour_modes_keep_what_they_say(over) -> None:
    def lum(c: np.ndarray) -> float:
        return float(np.dot(c, [0.3, 0.59, 0.11]))

    below, above = (180, 120, 60), (90, 120, 140)
    got = {m: over(flat(*below), flat(*above), blend=m)[5, 5].astype(float) for m in ("colour", "luminosity", "hue")}
    assert lum(got["colour"]) == pytest.approx(lum(np.array(below)), abs=2)
    assert lum(got["luminosity"]) == pytest.approx(lum(np.array(above)), abs=2)
    assert got["hue"].max() - got["hue"].min() == pytest.approx(120, abs=3)


def test_alpha_and_fader_multiply_in_light(over) -> None:
    assert int(over(BLACK, WHITE, alpha=0.5)[5, 5, 0]) == pytest.approx(188, abs=1)
    assert int(over(BLACK, WHITE, alpha=0.5, fade=0.5)[5, 5, 0]) == pytest.approx(137, abs=1)
    assert over(GREY, WHITE, fade=0.0)[5, 5, 0] == 128


def test_a_picture_with_alpha_covers_as_far_as_it_is_there(over) -> None:
    logo = np.dstack([WHITE, np.zeros((24, 32), np.uint8)])
    logo[:, :16, 3] = 255
    got = over(GREY, logo)
    assert got[:, :15].min() == 255 and (got[:, 17:] == 128).all()


def test_scale_and_place(over) -> None:
    got = over(BLACK, WHITE, scale=0.5)[..., 0]
    assert (
        got[7:17, 9:23].min() == 255 and got[:5].max() == got[19:].max() == got[:, :7].max() == got[:, 25:].max() == 0
    )
    got = over(BLACK, WHITE, scale=0.5, x=0.25, y=0.25)[..., 0]
    assert got[1:11, 17:31].min() == 255 and got[13:].max() == 0 and got[:, :15].max() == 0


def test_turning_keeps_the_shape(over) -> None:
    upright = np.zeros((24, 32, 3), np.uint8)
    upright[:, 14:18] = 255  # a pole of 4 by 24 pixels
    lying = over(BLACK, upright, turn=90.0)[..., 0]
    assert lying[11:13, 6:26].min() > 200 and lying[:8].max() == 0 and lying[16:].max() == 0


def test_placement_is_its_own_inverse_of_a_known_point() -> None:
    origin, across, upward = placement(0.25, -0.1, 0.5, 90.0, 2.0)
    at = [origin[i] + across[i] * 0.75 + upward[i] * 0.4 for i in (0, 1)]
    assert at == pytest.approx([0.5, 0.5])


def test_a_deck_that_is_a_layer_is_placed_on_black_in_a_crossfade(gl_player) -> None:
    gl_player.stage.set_source("b", None)
    got = gl_player.show(GREY, others={"b": WHITE}, mix__fade=1.0, deck__b__layer__scale=0.5)
    assert got[12, 16, 0] == 255 and got[1, 1, 0] == 0
    assert gl_player.show(WHITE, deck__a__layer__alpha=0.5)[3, 3, 0] == pytest.approx(188, abs=1)


MASK = np.zeros((24, 32, 3), np.uint8)
MASK[:, 16:, 0] = 255


@pytest.mark.parametrize(
    ("rows", "left", "right"),
    [
        ({"mask_channel": "red"}, (128, 128, 128), (255, 255, 255)),
        ({"mask_channel": "green"}, (128, 128, 128), (128, 128, 128)),
        ({"mask_channel": "each"}, (128, 128, 128), (255, 128, 128)),
        ({"mask_channel": "red", "mask_lo": 1.0, "mask_hi": 0.0}, (255, 255, 255), (128, 128, 128)),
        ({"mask_channel": "luma", "mask_hi": 0.1}, (128, 128, 128), (255, 255, 255)),
    ],
)
def test_masks_by_channel(gl_player, rows, left, right) -> None:
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_source("c", None)
    gl_player.stage.set_transition(None, over=True)
    values = {f"deck__b__layer__{k}": v for k, v in {"mask": "c", **rows}.items()}
    got = gl_player.show(GREY, others={"b": WHITE, "c": MASK}, mix__fade=1.0, deck__c__layer__alpha=0.0, **values)
    assert tuple(got[5, 5]) == left and tuple(got[5, 28]) == right
    assert gl_player.stage.seen == {"a", "b", "c"}  # unseen itself, but its picture is needed


def test_decks_c_and_d_lie_over_the_mix(gl_player) -> None:
    gl_player.stage.set_source("c", None)
    gl_player.stage.set_source("d", None)
    layers = {"deck__c__layer__scale": 0.75, "deck__d__layer__scale": 0.5, "deck__d__layer__alpha": 0.5}
    got = gl_player.show(GREY, others={"c": BLACK, "d": WHITE}, **layers)
    assert got[12, 16, 0] == pytest.approx(188, abs=1) and got[4, 16, 0] == 0 and got[1, 1, 0] == 128
    gl_player.stage.close_deck("c")
    assert gl_player.show(GREY, others={"d": WHITE}, **layers)[4, 16, 0] == 128


def test_a_shader_takes_in_another_deck_one_frame_late(gl_player) -> None:
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_chain("deck/a", [("takes", parse_shader(TAKES, "takes.fs"))])
    row = {r.name: r for r in dict(gl_player.stage.rows())["deck/a/fx/takes"]}["other"]
    assert row.choices[:6] == ("own", "a", "b", "c", "d", "out") and "a/step_1" in row.choices
    shown = [
        gl_player.show(GREY, others={"b": flat(20 * n, 0, 0)}, deck__a__fx__takes__other="b")[3, 3, 0]
        for n in range(1, 6)
    ]
    assert shown == [0, 20, 40, 60, 80]
    assert gl_player.show(GREY, others={"b": WHITE})[3, 3, 0] == 128


def test_two_decks_that_take_one_another_in_see_each_other_one_frame_late(gl_player) -> None:
    counts = parse_shader(COUNTS, "counts.fs")
    gl_player.stage.set_source("b", None)
    for letter in "ab":
        gl_player.stage.set_chain(f"deck/{letter}", [("counts", counts)])
    values = {"deck__a__fx__counts__other": "b", "deck__b__fx__counts__other": "a"}
    got = [int(gl_player.show(GREY, others={"b": GREY}, **values)[3, 3, 0]) for _ in range(5)]
    assert got == pytest.approx([25.5 * n for n in range(1, 6)], abs=1)


def test_the_finished_picture_fed_back_comes_one_frame_late(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("counts", parse_shader(COUNTS, "counts.fs"))])
    gl_player.stage.set_chain("master", [("halve", gl_shader("halve"))])
    got = [gl_player.show(GREY, deck__a__fx__counts__other="out")[3, 3, 0] / 255 for _ in range(4)]
    wanted, level = [], 0.0
    for _ in range(4):
        level = (level + 0.1) / 2
        wanted.append(level)
    assert got == pytest.approx(wanted, abs=0.005)


def test_what_is_kept_of_deck_a_is_not_what_the_master_chain_makes_of_it(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_chain("deck/a", [("halve", gl_shader("halve"))])
    gl_player.stage.set_chain("deck/b", [("takes", parse_shader(TAKES, "takes.fs"))])
    master = [(name, gl_shader("invert")) for name in ("one", "two", "three", "four", "five")]
    gl_player.stage.set_chain("master", master)
    for _ in range(4):
        got = gl_player.show(WHITE, others={"b": BLACK}, deck__b__fx__takes__other="a", mix__fade=1.0)
    assert int(got[3, 3, 0]) == pytest.approx(255 - 128, abs=1), "deck a, then five times turned over"


def test_the_master_chain_too_sees_a_deck_one_frame_late(gl_player) -> None:
    gl_player.stage.set_chain("master", [("takes", parse_shader(TAKES, "takes.fs"))])
    got = [gl_player.show(flat(10 * n, 0, 0), master__fx__takes__other="a")[3, 3, 0] for n in range(1, 5)]
    assert got == [0, 10, 20, 30]


def test_nothing_is_kept_while_nobody_takes_it_in(gl_player) -> None:
    gl_player.stage.set_chain("deck/a", [("takes", parse_shader(TAKES, "takes.fs"))])
    gl_player.show(GREY, deck__a__fx__takes__other="out")
    assert set(gl_player.stage._scene._kept.textures) == {"out"}
    gl_player.show(GREY)
    assert not gl_player.stage._scene._kept.textures


def test_solo(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert")), ("halve", gl_shader("halve"))])
    assert gl_player.show(WHITE)[0, 0, 0] == 0
    assert int(gl_player.show(WHITE, deck__a__fx__halve__solo=True)[0, 0, 0]) == pytest.approx(128, abs=1)
    assert gl_player.show(WHITE, deck__a__fx__halve__solo=True, deck__a__fx__halve__bypass=True)[0, 0, 0] == 255


def test_a_deck_that_shows_another_deck_a_frame_late(gl_player) -> None:
    gl_player.stage.set_source("b", None)
    gl_player.stage.set_source("a", None, "b")
    first = gl_player.show(others={"b": flat(50, 0, 0)})
    assert first.max() > 20, "until there is a picture something else is shown"
    got = [gl_player.show(others={"b": flat(50 + n, 0, 0)})[3, 3, 0] for n in range(1, 4)]
    assert got == [50, 51, 52] and gl_player.stage.seen == {"a", "b"}


def test_a_deck_that_shows_itself_goes_on(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", None, "out")
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert"))])
    got = [int(gl_player.show()[3, 3, 0]) for _ in range(5)]
    assert got[2] == pytest.approx(255 - got[1], abs=1) and got[4] == pytest.approx(got[2], abs=1)
