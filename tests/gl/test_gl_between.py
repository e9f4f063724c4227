"""Pictures between pictures: what a slow source gains, that nothing comes more than one of its frames late."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from perform.core.types import Frame, Moment, ParamFrame
from perform.play import hud

SIZE = (160, 90)
EVERY = 4  # ticks from one picture of the source to the next


@pytest.fixture(scope="module")
def scenery() -> np.ndarray:
    small = np.random.default_rng(2).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((400, 240), Image.Resampling.BICUBIC))


def cut(scenery: np.ndarray, x: float, y: float) -> np.ndarray:
    left, top = round(60 + x), round(60 + y)
    return np.ascontiguousarray(scenery[top : top + SIZE[1], left : left + SIZE[0]])


def play(make, pictures, mode: str, ticks: int, rate_hz: float = 60.0) -> tuple[list[np.ndarray], dict[str, float]]:
    """Every tick's picture where a new one comes on each EVERY-th tick."""
    stage = make(SIZE).stage
    shown = []
    for n in range(ticks):
        moment = Moment(n / rate_hz, 1 / rate_hz if n else 0.0, n)
        frame = Frame(pictures(n // EVERY), n // EVERY + 1, moment)
        stage.show({"a": frame}, ParamFrame({"deck/a/interpolate": mode}), None, moment)
        shown.append(stage.finish())
    return shown, stage.delays()


def test_off_shows_the_newest(gl_make_player, scenery) -> None:
    shown, delays = play(gl_make_player, lambda k: cut(scenery, 4 * k, 0), "off", 8)
    assert np.array_equal(shown[4], cut(scenery, 4, 0)) and not delays


@pytest.mark.parametrize("mode", ["fade", "flow"])
def test_it_reaches_the_newest_just_before_the_next_and_says_what_that_costs(gl_make_player, scenery, mode) -> None:
    shown, delays = play(gl_make_player, lambda k: cut(scenery, 4 * k, 0), mode, 20)
    assert delays == {"a": pytest.approx(EVERY / 60)}
    for n in (12, 16):  # as a picture comes, the one before it is on show: one frame of the source late, no more
        before = cut(scenery, 4 * (n // EVERY - 1), 0)
        assert np.abs(shown[n].astype(int) - before).max() <= 1


def test_a_fade_is_the_mean_half_way(gl_make_player) -> None:
    def grey(k: int) -> np.ndarray:
        return np.full((SIZE[1], SIZE[0], 3), 40 * k, np.uint8)

    shown, _ = play(gl_make_player, grey, "fade", 16)
    assert [int(shown[n][9, 9, 0]) for n in range(8, 16)] == pytest.approx([40, 50, 60, 70, 80, 90, 100, 110], abs=1)


@pytest.mark.parametrize("step", [(4, 0), (0, -4), (10, -6), (-16, 8)])
def test_flow_moves_things_along(gl_make_player, scenery, step) -> None:
    errors = {}
    for mode in ("off", "fade", "flow"):
        shown, _ = play(gl_make_player, lambda k: cut(scenery, step[0] * k, step[1] * k), mode, 15)
        truth = cut(scenery, step[0] * 2.5, step[1] * 2.5)
        errors[mode] = np.abs(shown[14].astype(int) - truth)[16:-16, 24:-24].mean()
    assert errors["flow"] < 0.15 * errors["fade"] < errors["off"], errors


def test_flow_is_no_worse_than_a_fade_where_things_glow(gl_make_player, scenery) -> None:
    rng = np.random.default_rng(8)
    layers = [np.asarray(Image.fromarray(rng.integers(0, 256, (6, 10, 3), dtype=np.uint8)).resize(SIZE)) for _ in "ab"]

    def glow(k: float) -> np.ndarray:
        share = 0.5 - 0.5 * np.cos(k * 0.7)
        return ((1 - share) * layers[0] + share * layers[1]).astype(np.uint8)

    errors = {}
    for mode in ("fade", "flow"):
        shown, _ = play(gl_make_player, glow, mode, 15)
        errors[mode] = np.abs(shown[14].astype(int) - glow(2.5)).mean()
    assert errors["flow"] < errors["fade"] + 1.0, errors


def test_a_source_as_quick_as_the_screen_is_not_held_back(gl_make_player, scenery) -> None:
    player = gl_make_player(SIZE)
    for n in range(6):
        picture = player.show(cut(scenery, 3 * n, 0), deck__a__interpolate="flow")
        assert np.array_equal(picture, cut(scenery, 3 * n, 0))
    assert not player.stage.delays()


def test_a_source_that_stalls_or_is_far_too_slow_shows_its_newest(gl_make_player, scenery) -> None:
    player = gl_make_player(SIZE)
    for n, seconds in enumerate((0.0, 0.1, 0.2, 3.0, 3.6, 9.0)):
        moment = Moment(seconds, 0.1, n)
        picture = player.show(cut(scenery, 5 * n, 0), moment=moment, deck__a__interpolate="fade")
        if seconds > 1.0:
            assert np.array_equal(picture, cut(scenery, 5 * n, 0)), seconds


def test_switched_on_and_off_in_a_running_show(gl_make_player, scenery) -> None:
    player = gl_make_player(SIZE)
    for n in range(40):
        mode = ("off", "flow", "fade", "off")[n // 10]
        player.show(cut(scenery, 2 * (n // 3), 0), sequence=n // 3, deck__a__interpolate=mode)
    assert player.stage._scene.decks["a"]._between is None and not player.stage.counts()["stage_errors"]


def test_the_hud_says_so() -> None:
    from test_hud import a_rig

    rig = a_rig()
    rig.show.stage = type("S", (), {"delays": staticmethod(lambda: {"a": 0.066})})
    assert "a interpolated, +66 ms" in "\n".join(hud(rig)[0])
