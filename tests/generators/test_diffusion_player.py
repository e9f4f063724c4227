"""The frame loop of a diffusion model: recorded shapes, words that come and go, memory that runs out."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from tiny_player import WORDS, at, paint, recorder

from perform.core.card import read_card
from perform.core.errors import ModelError
from perform.core.types import Picture
from perform.generators.background import Background
from perform.generators.diffusion import loop as loop_module
from perform.generators.diffusion.instrument import Instrument
from perform.generators.diffusion.noise import Orbit
from perform.generators.diffusion.prompts import Prompts, blend, slerp, travelled
from perform.generators.diffusion.rows import PROMPTS, ROWS

REST = {name: row.default for name, row in ROWS.items()}


def test_pictures_come_in_at_the_size_of_its_own(tiny_diffusion):
    instrument = Instrument()
    instrument.open(read_card(tiny_diffusion), "cpu")
    assert instrument.PICTURE_PX == 64 and Instrument.PICTURE_PX == 512


def test_twice_the_same(make):
    moves = [{"orbit": 0.5, "push": 0.1 * n, "seed": 1 + n // 3, "prompt_2_weight": 0.2 * n} for n in range(6)]
    first, again = make(), make()
    for n, values in enumerate(moves):
        assert np.array_equal(paint(first, n, feedback=0.5, **values), paint(again, n, feedback=0.5, **values))


def test_new_words_leave_the_noise_as_it_is_and_old_ones_bring_the_old_picture_back(make):
    instrument = make()
    before = paint(instrument, 0, prompt_1="a red fish")
    bank = instrument.player._loop.bank.clone()
    assert not np.array_equal(paint(instrument, 1, prompt_1="a green lamp"), before)
    assert torch.equal(instrument.player._loop.bank, bank)
    assert np.array_equal(paint(instrument, 2, prompt_1="a red fish"), before)
    assert instrument.player.prompts.encoded == 2  # both are kept


def test_words_are_encoded_only_when_they_change(make):
    instrument = make()
    for n in range(5):
        paint(instrument, n, prompt_2_weight=0.1 * n)
    assert instrument.player.prompts.encoded == 2


def test_a_recording_plays_what_the_code_plays_and_is_made_once_for_a_shape(make):
    log: list = []
    plain, recorded = make(), make(recorder(log))
    for n in range(4):
        values = {"orbit": 0.5, "push": 0.2 * n, "attention_mid": 1.0 - 0.2 * n, "strength": 0.5, "feedback": 0.5}
        assert np.array_equal(paint(plain, n, **values), paint(recorded, n, **values))
    assert len(log) == 1
    paint(recorded, 5, steps=2)
    assert len(log) == 2
    paint(recorded, 6), paint(recorded, 7, steps=2)  # the one before is kept
    assert len(log) == 2


def test_a_shape_that_comes_back_is_the_same_picture(make):
    instrument, fresh = make(), make()
    for n, steps in enumerate((1, 2, 1, 2)):
        there = {"noise_mask": Picture(np.full((8, 8, 3), 90, np.uint8), None, 1, 0.0)}
        assert np.array_equal(paint(instrument, n, there, steps=steps), paint(make(), n, there, steps=steps))
    assert np.array_equal(paint(instrument, 9), paint(fresh, 9))


def test_no_parameter_but_a_shape_asks_for_a_new_recording(make):
    log: list = []
    instrument = make(recorder(log))
    names = [n for n, row in ROWS.items() if row.kind == "float" and n != "guidance"]
    for n, name in enumerate(names):
        paint(instrument, n, **{"feedback": 0.3, name: ROWS[name].lo})
    assert len(log) == 1


def test_in_a_live_show_the_old_shape_plays_on_while_the_new_one_is_recorded(make):
    go, log = threading.Event(), []
    plain = recorder(log)

    def slow(call):
        if log:
            assert threading.current_thread() is not threading.main_thread()
            assert go.wait(60.0)
        return plain(call)

    instrument = make(slow, live=True)
    paint(instrument, 0)
    until = time.monotonic() + 60.0
    while "a red fish" not in dict(instrument.player.prompts._asked) and time.monotonic() < until:
        paint(instrument, 1)
        time.sleep(0.01)
    for n in range(2, 6):
        assert paint(instrument, n, width=96).shape == (64, 64, 3)
    go.set()
    n = 6
    while paint(instrument, n, width=96).shape != (64, 96, 3):
        assert time.monotonic() < until
        time.sleep(0.01)
        n += 1
    assert not instrument.notices


def test_the_picture_before_goes_on_into_another_shape(make):
    instrument, fresh = make(), make()
    for n in range(3):
        paint(instrument, n, feedback=0.9, prompt_1="a wall")
    assert not np.array_equal(paint(instrument, 3, feedback=0.9, steps=2), paint(fresh, 3, feedback=0.9, steps=2))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_where_memory_runs_out_the_picture_gets_smaller_then_the_steps_fewer(make, parts, monkeypatch, error):
    instrument, whole = make(), loop_module.Loop.__call__

    def short(self):
        if self.shape.width > 48 or self.shape.steps > 2:
            raise error
        return whole(self)

    monkeypatch.setattr(loop_module.Loop, "__call__", short)
    assert paint(instrument, 0, width=128, height=128, steps=4).shape == (48, 48, 3)
    lines = instrument.notices
    assert lines[0] == "out of memory at 128x128: goes on at 96x96" and all("\n" not in line for line in lines)
    assert lines[-1] == "out of memory with 3 steps: goes on with 2"
    assert paint(instrument, 1, width=128, height=128, steps=4).shape == (48, 48, 3) and not instrument.notices


def test_where_nothing_is_left_to_take_away_it_says_so(make, monkeypatch):
    def never(self):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop_module.Loop, "__call__", never)
    with pytest.raises(ModelError, match=r"^[^\n]*out of memory even for the smallest picture[^\n]*$"):
        paint(make(), 0)


def test_a_network_that_fails_is_one_line(make, monkeypatch):
    instrument = make()
    monkeypatch.setattr(instrument.player.parts, "denoise", lambda *_: 1 / 0)
    with pytest.raises(ModelError, match="painting failed"):
        paint(instrument, 0)


def test_nonsense_in_the_loop_does_not_stay(make, parts, monkeypatch):
    instrument = make()
    right = parts.denoise
    paint(instrument, 0, feedback=0.9)
    monkeypatch.setattr(parts, "denoise", lambda x, *_: torch.full_like(x, float("nan")))
    paint(instrument, 1, feedback=0.9)
    paint(instrument, 1, feedback=0.9)
    monkeypatch.setattr(parts, "denoise", right)
    assert instrument.notices == ["the network gives NaN or infinity in float32: those numbers are left out"]
    for n in range(2, 5):
        assert paint(instrument, n, feedback=0.9).std() > 5.0


def test_huge_prompts_are_cut_and_said_once(make):
    instrument = make()
    for n in range(3):
        paint(instrument, n, prompt_1="a red fish in the deep " * 80)
    lines = instrument.notices
    assert len(lines) == 1 and "left out" in lines[0] and len(lines[0]) < 200


@pytest.mark.parametrize("words", ["", "   ", "\x01\x02", "日本語 ‮ 🎉", "'; DROP TABLE", "\ud800", "%s %n {}"])
def test_any_words_are_painted(make, words):
    assert paint(make(), 0, prompt_1=words).shape == (64, 64, 3)


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (36, 64), (64, 36)])
@pytest.mark.parametrize("channels", [3, 4])
def test_pictures_of_any_shape_are_taken_in(make, shape, channels):
    noise = np.random.default_rng(1).integers(0, 256, (*shape, channels), dtype=np.uint8)
    there = dict.fromkeys(("image", "mask", "noise_mask"), Picture(noise, None, 1, 0.0))
    assert paint(make(), 0, there).shape == (64, 64, 3)


@pytest.mark.parametrize(("prediction", "steps"), [("epsilon", 1), ("epsilon", 4), ("v_prediction", 2), ("sample", 3)])
def test_the_steps_are_those_of_the_schedulers(make, parts, monkeypatch, prediction, steps):
    from diffusers import DDIMScheduler

    monkeypatch.setattr(loop_module, "LATENT_MOST", 1e9)
    monkeypatch.setattr(parts, "prediction", prediction)
    instrument = make()
    paint(instrument, 0, steps=steps, eta=0.0)
    ours = instrument.player._loop
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing",
        prediction_type=prediction, clip_sample=False,
    )  # fmt: skip
    scheduler.set_timesteps(steps)
    x = ours.bank[0, :1] * (1.0 - scheduler.alphas_cumprod[-1]) ** 0.5
    with torch.inference_mode():
        words = parts.text.encode(WORDS["prompt_1"]).tokens
        for t in scheduler.timesteps:
            model = parts.denoiser(x, t, encoder_hidden_states=words, return_dict=False)[0]
            x = scheduler.step(model, t, x, eta=0.0).prev_sample
    assert torch.allclose(ours.last, x, rtol=2e-3, atol=2e-3)


def test_the_noise_keeps_its_spread_wherever_it_is():
    orbit = Orbit()
    for n in range(40):
        p = REST | {"orbit": n % 5 / 4, "push": n % 3 / 2, "seed_mix": n % 7 / 6, "orbit_hz": 1.0}
        assert sum(w * w for w in orbit.weights(p, at(n), 0.1)) == pytest.approx(1.0)


def test_the_orbit_does_not_depend_on_the_frame_rate():
    slow, fast = Orbit(), Orbit()
    p = REST | {"orbit": 0.6, "orbit_hz": 0.7}
    for _ in range(10):
        a = slow.weights(p, at(1), 0.1)
    for _ in range(40):
        b = fast.weights(p, at(1), 0.025)
    assert a == pytest.approx(b)


def test_two_words_meet_on_an_arc_and_more_keep_their_norm():
    a, b, c = torch.randn(3, 1, 5, 64)
    half = slerp(a, b, 0.5)
    assert torch.allclose(half.norm(dim=-1), (a.norm(dim=-1) + b.norm(dim=-1)) / 2, rtol=1e-4)
    assert torch.equal(slerp(a, b, 0.0), a) and torch.equal(slerp(a, b, 1.0), b)
    assert torch.allclose(slerp(a, a, 0.3), a, rtol=1e-4)
    wanted = (a.norm(dim=-1) * 0.5 + b.norm(dim=-1) * 0.3 + c.norm(dim=-1) * 0.2) / 1.0
    assert torch.allclose(blend([a, b, c], [0.5, 0.3, 0.2]).norm(dim=-1), wanted, rtol=1e-4)
    assert torch.equal(blend([a, b, c], [0.0, 0.7, 0.0]), b)


def test_the_words_go_round_by_the_beat():
    assert travelled([0, 2], 0.0, 4.0, 0.0) == {0: 1.0, 2: 0.0}
    half = travelled([0, 2], 2.0, 4.0, 0.0)
    assert half[0] == pytest.approx(0.5) == half[2]
    assert travelled([0, 2], 4.0, 4.0, 0.0)[2] == 1.0
    assert travelled([0, 2], 1.9, 4.0, 0.5)[0] == 1.0  # it rests for half of its time
    assert travelled([1], 3.3, 4.0, 0.0) == {1: 1.0} and travelled([], 1.0, 4.0, 0.0) == {}


def test_a_glide_arrives_and_takes_as_long_at_any_frame_rate(parts):
    def after(fps: int) -> torch.Tensor:
        prompts = Prompts(parts.text, Background(patient=True))
        p = REST | {"prompt_1": "a", "glide_s": 1.0}
        prompts.step(p, at(0), 0.0)
        for _ in range(fps):
            found = prompts.step(p | {"prompt_1": "b"}, at(0), 1.0 / fps)
        return found.tokens

    with torch.inference_mode():
        assert torch.allclose(after(10), after(40), atol=2e-2)
        prompts = Prompts(parts.text, Background(patient=True))
        p = REST | {"prompt_1": "a", "glide_s": 1.0}
        prompts.step(p, at(0), 0.0)
        last = None
        for _ in range(60):
            last = prompts.step(p | {"prompt_1": "b"}, at(0), 0.1) or last
        assert torch.equal(last.tokens, parts.text.encode("b").tokens)
        assert len(prompts.weights(p, at(0))) == PROMPTS


def test_a_shape_that_finds_no_room_leaves_the_old_one_playing(make, monkeypatch):
    instrument, whole = make(), loop_module.Loop.record

    def short(self, record):
        if self.shape.width > 64:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, record)

    monkeypatch.setattr(loop_module.Loop, "record", short)
    paint(instrument, 0)
    shapes = [paint(instrument, n, width=128, height=128).shape for n in range(1, 5)]
    assert shapes == [(64, 64, 3)] * 4
    lines = ["out of memory at 128x128: goes on at 96x96", "out of memory at 96x96: goes on at 64x64"]
    assert instrument.notices == lines


def test_where_nothing_can_be_recorded_the_code_itself_plays(make):
    def refuses(call):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    instrument = make(refuses)
    assert np.array_equal(paint(instrument, 0), paint(make(), 0))
    (line,) = instrument.notices
    assert "step by step" in line and "\n" not in line


def test_a_compiler_that_fails_is_said_and_left_out(make, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no C++ compiler found")

    monkeypatch.setattr(torch, "compile", broken)
    instrument = make()
    assert np.array_equal(paint(instrument, 0, compile=True), paint(make(), 0))
    paint(instrument, 1, compile=True)
    assert len(instrument.notices) == 1


STREAM = {"steps": 3, "batch": "stream", "eta": 0.0}


@pytest.mark.parametrize(
    ("change", "late"),
    [({"attention_mid": 0.2}, 0), ({"skip_fine": 0.4}, 0), ({"prompt_1_weight": 0.2, "prompt_2_weight": 1.0}, 0),
     ({"seed_mix": 0.6}, 2), ({"push": 1.0}, 2), ({"orbit": 0.8}, 2), ({"strength": 0.4}, 1), ({"seed": 8}, 2)],
)  # fmt: skip
def test_in_a_stream_a_change_is_seen_when_its_class_says(make, change, late):
    plain, moved = make(), make()
    there = {"image": Picture(np.random.default_rng(1).integers(0, 256, (36, 64, 3), np.uint8), None, 1, 0.0)}
    for n in range(4):
        paint(plain, n, there, **STREAM), paint(moved, n, there, **STREAM)
    same = [
        np.array_equal(paint(plain, n, there, **STREAM), paint(moved, n, there, **STREAM, **change))
        for n in range(4, 8)
    ]
    assert same == [True] * late + [False] * (4 - late)


def test_a_model_whose_latents_spread_little_loops_like_any_other(make, parts, monkeypatch):
    """The embedded model paints quiet pictures: their spread is no drift, and the feedback stays."""
    right = parts.denoise
    monkeypatch.setattr(parts, "prediction", "sample")
    monkeypatch.setattr(parts, "denoise", lambda x, t, e, extras: right(x, t, e, extras) * 0.2 + 0.1 * x)
    instrument = make(warm=True)
    plain = paint(make(warm=True), 5)
    for n in range(6):
        looped = paint(instrument, n, feedback=0.8, strength=0.4)
        assert instrument.player.meters["drift"] < 0.9
    assert not np.array_equal(looped, plain)
