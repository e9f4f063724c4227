"""A live show in code, sounds as arrays, and models without a show."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

import perform
from perform.core.types import ControlEvent

RATE_HZ = 48000
LIVE = {"display": "offscreen", "size": (96, 54), "fps": 30, "device": "cpu", "source": "shader:silk"}


def clicks(seconds: float, bpm: float = 120.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    since = t % (60.0 / bpm)
    return (0.6 * np.sin(2 * np.pi * 900 * since) * np.exp(-since / 0.02)).astype(np.float32)


def test_a_live_show_plays_with_callbacks_and_by_steps(tmp_path: Path) -> None:
    @perform.source("count_up")
    def count_up(moment: perform.Moment) -> float:
        return moment.seconds

    @perform.source("fails")
    def fails(moment: perform.Moment) -> float:
        raise ValueError("no\nsuch thing")

    threads = threading.active_count()
    seen: list[perform.ShowFrame] = []

    def look(frame: perform.ShowFrame) -> bool:
        seen.append(frame)
        if len(seen) == 2:
            assert frame.picture.shape == (54, 96, 3)
            show["out/level"] = 0.5
        return len(seen) < 6

    with perform.Show.live(sound=clicks(30.0), **LIVE) as show:
        show.add(count_up, fails)
        report = show.play(look)
        assert len(seen) == 6 and report["frames"] == 6 and show.shown("out/level") == 0.5
        assert show.signals["fails"] == 0.0 and 0.0 < seen[-1].signals["count_up"]
        assert [line for line in show.notes if "fails" in line] == ["source fails: ValueError: no such thing"]
        with pytest.raises(perform.UsageError, match="gone"):
            _ = seen[0].picture
        first, second = show.step(), show.step()
        assert second.seconds > first.seconds and second.number == 7 and second.picture.any()
        before = show.seconds
        assert show.play(seconds=before + 0.2)["seconds"] >= before + 0.2
        show.engine.queue.post(ControlEvent("quit", 1.0, 0.0, "test"))
        while show.running:
            show.step()
        with pytest.raises(perform.UsageError, match="no list of frames"):
            next(iter(show))
    assert threading.active_count() <= threads


def test_a_shader_from_a_text_comes_into_a_running_show_when_it_has_been_tried() -> None:
    body = "void main() { gl_FragColor = vec4(1.0, 0.0, 0.5 * isf_FragNormCoord.x, 1.0); } // as new as this number: "
    red = perform.shader("red", '/*{ "ISFVSN": "2" }*/\n' + body + str(time.time_ns()))

    @perform.generator("broken")
    def broken(moment: perform.Moment) -> np.ndarray:
        raise RuntimeError("no\npaint")

    seen: list[float] = []

    def look(frame: perform.ShowFrame) -> bool:
        if frame.number == 2:
            show.load("a", red)
        seen.append(float(frame.picture[..., 0].mean()))
        return frame.number < 2000 and seen[-1] < 250

    with perform.Show.live(sound="silence", **LIVE) as show:
        show.play(look)
        assert seen[2] < 250 <= seen[-1] and any("tried first" in line for line in show.notes)
        show.load("b", broken)
        for _ in range(200):
            if any("generator broken: RuntimeError: no paint" in line for line in show.notes):
                break
            show.step()
            time.sleep(0.01)
        else:
            raise AssertionError(show.notes)


def test_a_live_show_that_cannot_begin_leaves_nothing_open() -> None:
    threads = threading.active_count()
    for wrong in ({"preset": "no_such_preset", "source": None}, {"sound": "device:no such device at all"}):
        with pytest.raises(perform.PerformError):
            perform.Show.live(**{**LIVE, **wrong})
    with pytest.raises(perform.UsageError, match="no option"):
        perform.Show.live(**LIVE, colour="red")
    assert threading.active_count() <= threads


def test_a_sound_is_heard_whole() -> None:
    @perform.feature("audio/half", lo=-1.0, hi=1.0)
    def half(hop: perform.Hop) -> float:
        return 0.5 * hop.level

    heard = perform.analyse(clicks(12.0), rate_hz=RATE_HZ, features=[half])
    assert heard.tempo_bpm == pytest.approx(120, abs=1) and len(heard) == len(heard.time_s) == len(heard["audio/level"])
    assert np.allclose(np.diff(heard.time_s), heard.hop_s) and heard.mel.shape == (len(heard), 64)
    assert np.abs(np.diff(heard.beat_time_s) - 0.5).max() < 0.05 and set(heard.beat_in_bar) <= {1, 2, 3, 4}
    assert 0.2 < heard["audio/half"].max() <= 0.5
    again = perform.analyse((clicks(12.0) * 32767).astype(np.int16), rate_hz=RATE_HZ)
    assert np.allclose(again["audio/level"], heard["audio/level"], atol=0.01)
    assert len(perform.analyse("synth", seconds=0.5)) == pytest.approx(0.5 / heard.hop_s, abs=2)


def test_a_sound_that_cannot_be_heard_is_said() -> None:
    @perform.feature("audio/odd")
    def odd(hop: perform.Hop) -> float:
        return hop.nothing

    with pytest.raises(perform.UsageError, match="never ends"):
        perform.analyse("synth")
    with pytest.raises(perform.MediaError, match="too short"):
        perform.analyse(np.zeros(3))
    with pytest.raises(perform.UsageError, match="feature audio/odd: AttributeError"):
        perform.analyse(clicks(0.2), features=[odd])
    with pytest.raises(perform.UsageError, match="no feature"):
        perform.analyse(clicks(0.2))["audio/nothing"]
    for name in ("Big", "a b", "", "a//b"):
        with pytest.raises(perform.UsageError):
            perform.source(name)(lambda moment: 0.0)


def test_listening_goes_at_the_pace_of_the_sound() -> None:
    hops = list(perform.listen(clicks(0.4), rate_hz=RATE_HZ))
    assert hops[-1].time_s == pytest.approx(0.4, abs=0.02)
    assert {"audio/level", "beat/phase", "tempo/bpm"} <= hops[-1].values.keys()
    some = list(perform.listen("synth", seconds=0.1))
    assert 10 < len(some) < 30 and some[-1].values["tempo/confidence"] == 1.0
    assert 0.0 <= some[-1].values["beat/phase"] < 1.0


def test_a_model_paints_on_demand() -> None:
    import torch

    with perform.Model("noctiluca", device="cpu") as model:
        one = model.paint(seed=3)
        assert one.dtype == np.uint8 and one.ndim == 3 and one.shape[2] == 3
        other = model.paint(seed=4, psi=0.9)
        assert np.array_equal(model.paint(seed=3), one) and not np.array_equal(one, other)
        tensor = model.tensor(seed=4, psi=0.9)
        assert isinstance(tensor, torch.Tensor) and np.array_equal(tensor[..., :3].cpu().numpy(), other)
        assert model.params["psi"].kind == "float" and model.card.licence
        with pytest.raises(perform.UsageError, match="no parameter"):
            model.paint(no_such=1)
        with pytest.raises(perform.ParamError):
            model.paint(seed="three")
    with pytest.raises(perform.UsageError, match="closed"):
        model.paint()
    with pytest.raises(perform.ModelError):
        perform.Model("no_such_model")


def test_names_and_series() -> None:
    assert "night_drive" in perform.presets() and "noctiluca" in perform.models()
    assert "silk" in perform.shaders() and "bloom" in perform.shaders("effects")
    row = perform.series("rain", [2.0, np.nan, 4.0, 3.0], seconds=3.0).start(lambda who, error: None)
    at = [row(perform.Moment(s, 0.0, 0), None) for s in (0.0, 1.0, 2.0, 3.0, 9.0)]
    assert at == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.5])
    loop = perform.series("rain", [0.0, 1.0], seconds=2.0, loop=True).start(lambda who, error: None)
    assert loop(perform.Moment(3.0, 0.0, 0), None) == pytest.approx(0.5)
    for wrong in ([1.0], [], [np.nan, 1.0]):
        with pytest.raises(perform.UsageError):
            perform.series("rain", wrong)
