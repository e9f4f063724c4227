"""The walk through latent space, without any network: smooth, endless, on time, the same at any frame rate."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.types import Moment, ParamFrame
from perform.generators.stylegan.instrument import checked
from perform.generators.stylegan.jumps import Jumps
from perform.generators.stylegan.travel import SEED_S, Place, Travel
from perform.generators.stylegan.walk import Glide, Ring, between, mix, orbit, spline, trail

W_DIM = 64


@lru_cache(maxsize=4096)
def anchor(seed: int) -> np.ndarray:
    """A latent space of its own: Gaussian, so that lengths lie near 8."""
    return np.random.RandomState(seed % (1 << 32)).randn(W_DIM)


def knobs(**values: Any) -> dict[str, Any]:
    return checked(ParamFrame(values))


def moments(seconds: float, fps: float, bpm: float = 120.0) -> list[Moment]:
    beats = [n / fps * bpm / 60.0 for n in range(round(seconds * fps) + 1)]
    return [
        Moment(n / fps, 1.0 / fps if n else 0.0, n, b, b / 4.0 % 1.0, bpm, 1.0) for n, b in enumerate(beats)
    ]  # fmt: skip


def walked(seconds: float, fps: float, **values: Any) -> list[Place]:
    travel, p = Travel(anchor), knobs(**values)
    return [travel.step(p, m) for m in moments(seconds, fps)]


def steps(places: list[Place]) -> np.ndarray:
    return np.linalg.norm(np.diff([p.first for p in places], axis=0), axis=1)


# --- the pieces


@given(st.floats(0, 1))
def test_spline_weights_are_a_partition(t: float) -> None:
    weights = spline(t)
    assert math.isclose(sum(weights), 1.0, abs_tol=1e-12) and min(weights) >= -1e-12


@given(st.integers(0, 1 << 32), st.integers(0, 1 << 32), st.floats(0, 1))
def test_between_keeps_length_and_ends(a: int, b: int, t: float) -> None:
    first, second = anchor(a), anchor(b)
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    assert min(lengths) * 0.999 <= np.linalg.norm(between(first, second, t)) <= max(lengths) * 1.001
    assert np.array_equal(between(first, second, 0.0), first) and np.array_equal(between(first, second, 1.0), second)


def test_mixing_does_not_fall_towards_the_mean() -> None:
    parts = [anchor(n) for n in range(4)]
    plain = np.linalg.norm(sum(parts) / 4)
    assert plain < 5.0 < 6.5 < np.linalg.norm(mix(parts, [0.25] * 4))


def test_mixing_opposites_does_not_blow_up() -> None:
    first = anchor(1)
    assert np.linalg.norm(mix([first, -first * 0.9999], [0.5, 0.5])) < 1.0
    assert not mix([np.zeros(4)], [1.0]).any()


@given(st.integers(0, 10_000), st.integers(1, 16))
@settings(max_examples=30)
def test_a_ring_passes_through_its_keyframes_and_closes(seed: int, count: int) -> None:
    ring = Ring(count)
    for k in range(count):
        assert np.allclose(ring.at(anchor, seed, k / count), anchor(seed + k), atol=1e-7)
    assert np.array_equal(ring.at(anchor, seed, 0.25), ring.at(anchor, seed, 1.25))


@pytest.mark.parametrize("u", [1.0, 2.0, 3.0, 7.0])
def test_the_trail_has_no_corner_where_segments_meet(u: float) -> None:
    h = 1e-4
    left = (trail(anchor, 5, u) - trail(anchor, 5, u - h)) / h
    right = (trail(anchor, 5, u + h) - trail(anchor, 5, u)) / h
    assert np.linalg.norm(left - right) < 1e-2 * np.linalg.norm(right)


def test_the_trail_begins_in_its_seed_and_the_orbit_at_reach_nothing_stays_there() -> None:
    assert np.allclose(trail(anchor, 9, 0.0), anchor(9))
    assert np.array_equal(orbit(anchor, 9, 0.3, 0.0), anchor(9))
    assert np.allclose(orbit(anchor, 9, 0.3, 1.0), orbit(anchor, 9, 1.3, 1.0))


def test_a_glide_starts_where_it_was_and_ends_on_the_path() -> None:
    glide, old, new = Glide(), anchor(1), anchor(2)
    glide.start(old, new)
    assert np.allclose(glide.step(new, 0.0, 0.5), old)
    middle = glide.step(new, 0.1, 0.5)
    assert 0.0 < np.linalg.norm(middle - new) < np.linalg.norm(old - new)
    assert np.linalg.norm(middle) > 0.7 * min(np.linalg.norm(old), np.linalg.norm(new))
    assert glide.step(new, 0.5, 0.5) is new


# --- the travel


@pytest.mark.parametrize("walk", ["hold", "drift", "orbit", "loop", "jump"])
def test_the_same_place_at_30_and_at_144_frames_a_second(walk: str) -> None:
    values = {"walk": walk, "speed": 3.0, "jump_on": "bar", "glide_s": 1.0, "keyframes": 3, "reach": 0.7}
    slow, fast = walked(11.0, 30, **values), walked(11.0, 144, **values)
    assert np.allclose(slow[-1].first, fast[-1].first, atol=1e-6)
    assert np.allclose(slow[-1].second, fast[-1].second, atol=1e-6)
    assert math.isclose(slow[-1].turn, fast[-1].turn, abs_tol=1e-9)


def test_hits_move_it_equally_far_at_any_frame_rate() -> None:
    def run(fps: int) -> np.ndarray:
        travel = Travel(anchor)
        for m in moments(4.2, fps):
            place = travel.step(knobs(push=math.exp(-(m.beats % 1.0) * 4.0)), m)
        return place.first

    base = walked(4.2, 60)[-1].first
    assert np.linalg.norm(run(60) - run(240)) < 0.06 * np.linalg.norm(run(60) - base)


def test_a_slow_model_that_skips_ticks_walks_as_far() -> None:
    travel, p = Travel(anchor), knobs()
    for m in moments(6.0, 60)[::5]:
        place = travel.step(p, m)
    assert np.allclose(place.first, walked(6.0, 60)[-1].first, atol=1e-6)


@pytest.mark.parametrize("walk", ["drift", "orbit", "loop"])
@pytest.mark.parametrize("seed", [0, 1, 77])
def test_no_step_is_much_larger_than_the_others(walk: str, seed: int) -> None:
    sizes = steps(walked(60.0, 30, walk=walk, seed=seed, loop_beats=64))
    assert sizes.max() <= 4.0 * np.median(sizes)
    assert sizes.min() > 0.2 * np.median(sizes)  # it never stops, either


def test_drift_never_repeats_and_never_sinks_to_the_mean() -> None:
    places = np.stack([p.first for p in walked(600.0, 4, speed=4.0)])
    lengths = np.linalg.norm(places, axis=1)
    seeds = [np.linalg.norm(anchor(1 + n)) for n in range(310)]
    assert lengths.min() > 0.9 * min(seeds) and lengths.max() < 1.1 * max(seeds)
    far = places[:: 4 * 4]
    gaps = np.linalg.norm(far[:, None] - far[None], axis=2) + 1e9 * np.eye(len(far))
    assert gaps.min() > 0.3 * math.sqrt(W_DIM)


def test_reach_ties_the_drift_to_its_seed() -> None:
    home = anchor(1)
    gaps = [max(np.linalg.norm(p.first - home) for p in walked(40.0, 5, speed=4.0, reach=r)) for r in (0.0, 0.3, 1.0)]
    assert gaps[0] < 1e-9 and gaps[0] < gaps[1] < gaps[2]


@given(st.integers(1, 64), st.integers(1, 8), st.integers(0, 400))
@settings(max_examples=25, deadline=None)
def test_the_loop_closes_exactly_and_never_drifts(loop_beats: int, keyframes: int, sixteenths: int) -> None:
    p = knobs(walk="loop", loop_beats=loop_beats, keyframes=keyframes)
    beats = sixteenths / 16.0

    def at(b: float) -> Place:
        return Travel(anchor).step(p, Moment(b / 2.0, 0.0, 0, b))

    now, later, much_later = at(beats), at(beats + loop_beats), at(beats + 4096 * loop_beats)
    for other in (later, much_later):
        assert np.allclose(now.first, other.first, atol=1e-9) and np.allclose(now.second, other.second, atol=1e-9)


def test_hold_holds_where_it_is() -> None:
    travel, all_moments = Travel(anchor), moments(8.0, 30)
    for m in all_moments[:120]:
        there = travel.step(knobs(), m).first
    for m in all_moments[120:]:
        held = travel.step(knobs(walk="hold"), m).first
    assert np.allclose(held, there) and not np.allclose(held, anchor(1))


def test_push_lunges_forward_and_eases_back() -> None:
    travel = Travel(anchor)
    run = moments(3.0, 60)
    away = []
    for n, m in enumerate(run):
        place = travel.step(knobs(walk="hold", push=1.0 if 60 <= n < 66 else 0.0), m)
        away.append(float(np.linalg.norm(place.first - anchor(1))))
    top = int(np.argmax(away))
    assert 60 <= top <= 66 and away[top] > 1.0
    assert away[62] > 0.7 * away[top]  # there within 50 ms
    assert away[59] < 1e-9 and away[-1] < 0.01 and all(np.diff(away[top:]) <= 1e-9)


def test_a_cut_of_any_kind_glides() -> None:
    travel, run = Travel(anchor), moments(10.0, 30)
    changes = [{}, {"seed": 5}, {"seed": 5, "walk": "orbit"}, {"seed": 5, "walk": "loop"}, {"walk": "hold"}]
    places = [
        travel.step(knobs(glide_s=1.5, mix_seed=k, **changes[k]), m) for n, m in enumerate(run) if (k := n // 61) < 5
    ]
    assert steps(places).max() < 0.15 * math.sqrt(2 * W_DIM)
    seconds = np.linalg.norm(np.diff([p.second for p in places], axis=0), axis=1)
    assert seconds.max() < 0.15 * math.sqrt(2 * W_DIM)


# --- jumps


@pytest.mark.parametrize(
    ("on", "every"), [("beat", 1), ("two_beats", 2), ("bar", 4), ("two_bars", 8), ("four_bars", 16)]
)
def test_jumps_land_on_the_beat(on: str, every: int) -> None:
    run = moments(20.0, 50, bpm=128.0)
    places = [
        p.first
        for p in (lambda t: [t.step(knobs(walk="jump", jump_on=on, glide_s=0.0), m) for m in run])(Travel(anchor))
    ]
    count = 0
    for m, place in zip(run, places, strict=True):
        count = int(m.beats // every)
        assert np.allclose(place, anchor(1 + count)), m


def test_a_late_frame_joins_the_glide_where_it_should_be() -> None:
    values = {"walk": "jump", "jump_on": "beat", "glide_s": 0.4}
    slow, fast = walked(0.8, 15, **values), walked(0.8, 240, **values)
    assert np.allclose(slow[-1].first, fast[-1].first, atol=1e-6)


def test_the_trigger_jumps_once_and_an_old_count_does_not() -> None:
    travel, run = Travel(anchor), moments(2.0, 10)
    base = {"walk": "jump", "glide_s": 0.0}
    assert np.allclose(travel.step(knobs(jump=17, **base), run[0]).first, anchor(1))
    assert np.allclose(travel.step(knobs(jump=18, **base), run[1]).first, anchor(2))
    assert np.allclose(travel.step(knobs(jump=18, **base), run[2]).first, anchor(2))
    assert np.allclose(travel.step(knobs(jump=19, walk="hold", glide_s=0.0), run[3]).first, anchor(3))


def test_hits_jump_when_asked_and_each_hit_once() -> None:
    jumps, found = Jumps(), []
    for n, push in enumerate((0.0, 0.9, 0.8, 0.6, 0.4, 0.6, 0.1, 0.7)):
        found.append(jumps.step(0, "onset", Moment(n / 30, 1 / 30, n), push) is not None)
    assert found == [False, True, False, False, False, False, False, True]
    assert Jumps().step(0, "off", Moment(0, 0, 0), 1.0) is None


def test_a_trembling_beat_jumps_once_and_a_restart_does_not_mute_it() -> None:
    jumps = Jumps()

    def at(beats: float) -> bool:
        return jumps.step(0, "beat", Moment(0, 0, 0, beats), 0.0) is not None

    assert [at(b) for b in (3.9, 4.01, 3.99, 4.02, 4.9, 5.1)] == [False, True, False, False, False, True]
    assert [at(b) for b in (0.1, 0.9, 1.0)] == [False, False, True]


@pytest.mark.parametrize("dt_s", [float("nan"), float("inf"), -1.0, 1e9])
def test_a_mad_clock_cannot_throw_it(dt_s: float) -> None:
    travel, p = Travel(anchor), knobs(speed=8.0)
    travel.step(p, Moment(0, 0, 0))
    place = travel.step(p, Moment(1, dt_s, 1))
    assert np.isfinite(place.first).all()
    assert np.linalg.norm(place.first - anchor(1)) < 2 * math.sqrt(W_DIM) and SEED_S > 1.0


@pytest.mark.parametrize("values", [{"walk": "hold"}, {"walk": "drift", "speed": 4.0}, {"walk": "orbit"},
                                    {"walk": "loop", "loop_beats": 8}, {"walk": "hold", "space": "z"}])  # fmt: skip
def test_the_walk_of_one_seed_becomes_that_of_another_on_arcs_and_goes_on(values):
    led, there = Travel(anchor), Travel(anchor)
    places, aims, lengths = [], [], []
    for moment in moments(4.0, 20.0):
        at = min(moment.seconds / 2.0, 1.0)
        over = moment.seconds >= 3.0  # as a morph that has arrived leaves it
        seeds = {"seed": 50} if over else {"seed": 5, "seed_to": 50, "seed_at": at}
        places.append(led.step(knobs(**values, **seeds), moment).first)
        aims.append(there.step(knobs(**values, seed=50), moment).first)
        lengths.append(np.linalg.norm(places[-1]))
    assert np.allclose(places[40:], aims[40:], atol=1e-9)  # also in the step in which the seed itself is handed over
    assert min(lengths) > 0.6 * np.linalg.norm(anchor(5))
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.max() < 2.5 * np.median(steps[:40]) + 0.2
