from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core import curves
from perform.core.blend import lerp, slerp, smoothstep
from perform.core.smoothing import Envelope, Fade


@pytest.mark.parametrize("name", curves.NAMES)
def test_curves_are_monotone_and_keep_their_ends(name: str) -> None:
    lo, hi = 2.0, 50.0
    values = [curves.from_unit(x, lo, hi, name) for x in np.linspace(0, 1, 101)]
    assert values[0] == pytest.approx(lo) and values[-1] == pytest.approx(hi)
    assert all(b >= a for a, b in pairwise(values))
    assert all(lo <= v <= hi for v in values)
    back = [curves.to_unit(v, lo, hi, name) for v in values]
    assert back == pytest.approx(list(np.linspace(0, 1, 101)), abs=1e-6)


@given(
    target=st.floats(-1, 1),
    attack_s=st.floats(0.001, 2.0),
    release_s=st.floats(0.001, 2.0),
    cuts=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8),
)
def test_envelope_does_not_care_how_time_is_cut(
    target: float, attack_s: float, release_s: float, cuts: list[float]
) -> None:
    whole, parts = Envelope(attack_s, release_s, 0.2), Envelope(attack_s, release_s, 0.2)
    total = sum(cuts)
    for cut in cuts:
        parts.step(target, cut)
    assert parts.value == pytest.approx(whole.step(target, total), abs=1e-9)


def test_envelope_time_constant() -> None:
    follower = Envelope(0.5, 2.0)
    assert follower.step(1.0, 0.5) == pytest.approx(1 - np.exp(-1))
    assert Envelope(0.0, 0.0, 0.3).step(1.0, 0.0) == 1.0


def test_fade_is_linear_and_stops_at_its_end() -> None:
    fade = Fade()
    assert [round(fade.step(1.0, 0.05, 0.2), 6) for _ in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert fade.step(0.0, 0.001, 0.0) == 0.0


@given(t=st.floats(0, 1), seed=st.integers(0, 1000))
def test_slerp_keeps_the_norm(t: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 64))
    a, b = a / np.linalg.norm(a) * 3.0, b / np.linalg.norm(b) * 3.0
    assert np.linalg.norm(slerp(a, b, t)) == pytest.approx(3.0)


def test_slerp_ends_and_degenerate_directions() -> None:
    a = np.array([1.0, 0.0])
    assert np.allclose(slerp(a, np.array([0.0, 2.0]), 0.0), a)
    assert np.allclose(slerp(a, np.array([0.0, 2.0]), 1.0), [0.0, 2.0])
    for b in (a, -a, np.zeros(2)):
        assert np.isfinite(slerp(a, b, 0.5)).all()


def test_lerp_and_smoothstep() -> None:
    assert lerp(2.0, 4.0, 0.25) == 2.5
    assert (smoothstep(-1), smoothstep(0.5), smoothstep(2)) == (0.0, 0.5, 1.0)
