"""The strobe limiter, judged by a counter of its own: flashes in any second, over what area, at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.types import Moment

SIZE = (64, 36)


def light(picture: np.ndarray) -> np.ndarray:
    """[h, w] relative luminance of [h, w, 3] uint8 (IEC 61966-2-1, Rec. 709)."""
    c = picture / 255.0
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return c @ np.array([0.2126, 0.7152, 0.0722])


def turns(values: np.ndarray, step: float = 0.1, dark: float = 0.8) -> list[int]:
    """Frames at which a signal has changed direction by `step` (WCAG: opposing changes; the darker below `dark`)."""
    found, extreme, rising = [], values[0], True
    for n, value in enumerate(values):
        extreme = max(extreme, value) if rising else min(extreme, value)
        swing, darker = (extreme - value, value) if rising else (value - extreme, extreme)
        if swing >= step and darker < dark:
            found.append(n)
            extreme, rising = value, not rising
    return found


def most_flashes(signal: np.ndarray, rate_hz: int, **rule: float) -> float:
    """The most flashes (pairs of turns) in any one second."""
    at = turns(signal, **rule)
    return max((sum(1 for t in at if n <= t < n + rate_hz) for n in at), default=0) / 2


def play(make, frames: list[np.ndarray], rate_hz: int, safe: bool = True) -> np.ndarray:
    player = make(SIZE)
    out = []
    for n, frame in enumerate(frames):
        moment = Moment(n / rate_hz, 1 / rate_hz if n else 0.0, n)
        out.append(player.show(frame, moment=moment, out__safe=safe))
    return np.stack(out)


def flashing(hz: float, rate_hz: int, seconds: float, area: float = 1.0, lo=(0, 0, 0), hi=(255, 255, 255)):
    """A picture whose left part flashes; the rest is grey."""
    frames = []
    for n in range(round(seconds * rate_hz)):
        frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        frame[:, : round(area * SIZE[0])] = hi if int(n / rate_hz * hz * 2 + 1e-9) % 2 else lo
        frames.append(frame)
    return frames


@pytest.mark.parametrize("rate_hz", [30, 60, 144])
def test_ten_flashes_a_second_become_three_at_most(gl_make_player, rate_hz) -> None:
    frames = flashing(10, rate_hz, 3.0)
    given = np.array([light(f).mean() for f in frames])
    assert most_flashes(given, rate_hz) > 8
    shown = play(gl_make_player, frames, rate_hz)
    for y, x in ((2, 2), (18, 32), (33, 60)):
        assert most_flashes(np.array([light(p)[y, x] for p in shown]), rate_hz) <= 3, (y, x)
    assert most_flashes(np.array([light(p).mean() for p in shown]), rate_hz) <= 3


@pytest.mark.parametrize(("lo", "hi"), [((255, 255, 255), (0, 0, 0)), ((60, 60, 60), (180, 170, 160))])
def test_dark_flashes_on_white_and_pale_ones_too(gl_make_player, lo, hi) -> None:
    shown = play(gl_make_player, flashing(8, 60, 3.0, lo=lo, hi=hi), 60)
    assert most_flashes(np.array([light(p).mean() for p in shown]), 60) <= 3


def test_red_flashes_count_though_they_are_hardly_bright(gl_make_player) -> None:
    shown = play(gl_make_player, flashing(8, 60, 3.0, lo=(60, 0, 0), hi=(150, 0, 0)), 60)
    red = np.array([light(np.repeat(p[..., :1], 3, 2)).mean() for p in shown])
    assert most_flashes(red, 60, step=0.0625, dark=9.0) <= 3


def test_a_strobe_of_random_pictures_too(gl_make_player) -> None:
    rng = np.random.default_rng(4)
    frames = []
    for n in range(180):
        if n % 3 == 0:
            frame = np.full((SIZE[1], SIZE[0], 3), rng.integers(0, 256), np.uint8)
            frame[:, 40:] = rng.integers(0, 256, 3)
        frames.append(frame)
    shown = play(gl_make_player, frames, 60)
    counts = [most_flashes(np.array([light(p)[y, x] for p in shown]), 60) for y in (3, 18, 32) for x in (4, 20, 50, 61)]
    assert np.mean([c <= 3 for c in counts]) > 0.75, counts


def test_a_small_flashing_area_passes_untouched(gl_make_player) -> None:
    frames = flashing(10, 60, 2.0, area=0.125)
    assert np.array_equal(play(gl_make_player, frames, 60), play(gl_make_player, frames, 60, safe=False))


def test_slow_and_still_pictures_pass_untouched(gl_make_player) -> None:
    for frames in (
        flashing(2.5, 60, 2.5),
        flashing(0.0, 60, 0.3),
        [f // 2 for f in flashing(10, 60, 1.0, hi=(70,) * 3)],
    ):
        assert np.array_equal(play(gl_make_player, frames, 60), play(gl_make_player, frames, 60, safe=False))


def test_it_lets_go_when_the_strobe_ends(gl_make_player) -> None:
    frames = flashing(10, 60, 2.0) + flashing(0.0, 60, 1.5, lo=(200, 200, 200))
    shown = play(gl_make_player, frames, 60)
    assert np.array_equal(shown[-1], frames[-1])


def test_it_holds_over_blackout_as_well(gl_make_player) -> None:
    player = gl_make_player(SIZE)
    white = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    shown = []
    for n in range(150):
        black = n // 3 % 2 == 1
        picture = player.show(white, sequence=1, out__safe=True, out__blackout=black, out__fade_s=0.0)
        shown.append(light(picture).mean())
    assert most_flashes(np.array(shown), 60) <= 3
