"""A show made in Python: the same frames as the command's, whatever its parts are; and nothing is left of it."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import film, film_sound

import perform
from perform.options import Options
from perform.render import render

SMALL = {"size": (96, 54), "fps": 15}
BARE = {**SMALL, "source": "shader:silk", "sound": "silence"}
RATE_HZ = 44100

LAMP = """/*{ "ISFVSN": "2", "INPUTS": [ { "NAME": "hue", "TYPE": "float", "DEFAULT": 0.2, "MIN": 0, "MAX": 1 } ] }*/
void main() { gl_FragColor = vec4(hue, 0.5, isf_FragNormCoord.x, 1.0); }
"""
NEGATIVE = """/*{ "ISFVSN": "2", "INPUTS": [ { "NAME": "inputImage", "TYPE": "image" } ] }*/
void main() { gl_FragColor = vec4(1.0 - IMG_THIS_PIXEL(inputImage).rgb, 1.0); }
"""


def song(seconds: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * 60 * t) * (t % 0.5 < 0.12)).astype(np.float32)


def digest(show: perform.Show) -> str:
    total = hashlib.sha256()
    for frame in show:
        total.update(frame.picture)
    return total.hexdigest()


def pictures(**options: object) -> list[np.ndarray]:
    with perform.Show.offline(**{**SMALL, "sound": "silence", **options}) as show:  # type: ignore[arg-type]
        return [frame.picture for frame in show]


def test_frames_are_those_of_the_command(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "song.wav", song(), RATE_HZ, subtype="FLOAT")
    asked = {"preset": "night_drive", "seconds": 0.6, "start_s": 0.2, **SMALL}
    told = render(Options(audio=str(tmp_path / "song.wav"), frames=tmp_path / "out", **asked), lambda line: None)
    hashes = []
    for sound in (str(tmp_path / "song.wav"), tmp_path / "song.wav", song()):
        with perform.Show.offline(sound=sound, rate_hz=RATE_HZ, **asked) as show:
            hashes.append(digest(show))
    assert hashes == [told["sha256"]] * 3


def test_frames_of_a_model_are_those_of_the_command(tmp_path: Path) -> None:
    asked = {"size": (64, 36), "fps": 10, "seconds": 0.3, "seed": 5, "device": "cpu"}
    told = render(Options(audio="synth", preset="first_light", frames=tmp_path / "out", **asked), lambda line: None)
    with perform.Show.offline(preset="first_light", **asked) as show:
        assert digest(show) == told["sha256"]


def test_two_shows_take_turns_without_disturbing_each_other() -> None:
    options = [{"preset": "night_drive", "seconds": 0.4, **SMALL}, {"preset": "silk_road", "seconds": 0.4, **SMALL}]
    alone = []
    for option in options:
        with perform.Show.offline(**option) as show:
            alone.append([frame.picture for frame in show])
    with perform.Show.offline(**options[0]) as one, perform.Show.offline(**options[1]) as other:
        pairs = list(zip(one, other, strict=True))
    for n, kept in enumerate(alone):
        assert all(np.array_equal(pair[n].picture, picture) for pair, picture in zip(pairs, kept, strict=True))


def test_a_frame_is_an_array_a_picture_and_a_file(tmp_path: Path) -> None:
    with perform.Show.offline(**{**SMALL, "preset": "night_drive"}, seconds=1) as show:
        frame = show.step()
        frame.save(tmp_path / "frame.png")
    assert frame.picture.shape == (54, 96, 3) and frame.picture.dtype == np.uint8
    assert np.array_equal(np.asarray(frame), frame.picture) and frame.seconds == pytest.approx(1 / 15)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "frame.png")), frame.picture)
    assert frame._repr_png_().startswith(b"\x89PNG")
    assert "audio/bass/level" in frame.signals and "out/level" in frame.values
    sheet = perform.grid([frame] * 5, columns=2, gap_px=2)
    assert sheet.shape == (3 * 56 + 2, 2 * 98 + 2, 3) and np.array_equal(sheet[2:56, 2:98], frame.picture)


def test_a_film_with_its_sound_and_pictures_beside(tmp_path: Path) -> None:
    sound = song(0.8)
    show = perform.Show.offline(
        sound=sound, rate_hz=RATE_HZ, preset="night_drive", film=tmp_path / "a.mp4", pngs=tmp_path / "png", **SMALL
    )
    with show:
        assert show.play()["frames"] == 12
    times, _ = film(tmp_path / "a.mp4")
    samples, rate, _ = film_sound(tmp_path / "a.mp4")
    assert len(times) == 12 and len(samples) / rate == pytest.approx(0.8, abs=0.1)
    assert len(list((tmp_path / "png").glob("*.png"))) == 12


def test_a_film_is_whole_though_nobody_closed_its_show(tmp_path: Path) -> None:
    code = f"""
import perform
show = perform.Show.offline(source="shader:silk", size=(96, 54), fps=15, seconds=0.4, film={str(tmp_path / "a.mp4")!r})
show.play()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)
    assert len(film(tmp_path / "a.mp4")[0]) == 6


def test_parameters_are_read_and_turned() -> None:
    with perform.Show.offline(**BARE, seconds=1) as show:
        assert "deck/a/source/glow" in show and show.params["out/level"].kind == "float"
        bright = show.step().picture.mean()
        show["out/level"] = np.float32(0.2)
        assert show["out/level"] == pytest.approx(0.2)
        assert show.step().picture.mean() < 0.5 * bright
        show.update({"macro/1": 7.0, "out/level": 1})
        assert show["macro/1"] == 1.0
        for path, value in (("no/such", 1), ("out/level", "loud"), ("mix/transition", "nonsense")):
            with pytest.raises(perform.ParamError) as caught:
                show[path] = value
            assert "\n" not in str(caught.value)


def test_routes_sources_and_features_of_ones_own() -> None:
    @perform.source("tide")
    def tide(moment: perform.Moment) -> float:
        return min(moment.seconds, 1.0)

    @perform.source("loud_tide")
    def loud_tide(moment: perform.Moment, features: perform.Features | None) -> float:
        return 0.0 if features is None else features.values["audio/own_peak"]

    @perform.feature("audio/own_peak")
    def own_peak(hop: perform.Hop) -> float:
        return float(np.abs(hop.samples).max())

    with perform.Show.offline(**{**BARE, "sound": song(), "rate_hz": RATE_HZ}) as show:
        show.add(tide, own_peak, loud_tide)
        show["out/level"] = 0.0
        number = show.route("tide", "out/level", depth=1.0)
        show.route("audio/own_peak", "macro/2", depth=1.0, attack_s=0.0)
        frames = list(show)
        assert show.routes[number - 1].source == "tide"
        assert frames[14].values["out/level"] == pytest.approx(1.0)
        assert [f.values["out/level"] for f in frames[:14]] == pytest.approx([(n + 1) / 15 for n in range(14)])
        assert max(f.signals["audio/own_peak"] for f in frames) == pytest.approx(0.5, abs=0.02)
        assert show.signals["loud_tide"] == show.signals["audio/own_peak"]
        show.unroute(number)
        assert show.step().values["out/level"] == 0.0
        for wrong in (("nobody", "out/level"), ("tide", "no/where")):
            with pytest.raises(perform.UsageError):
                show.route(*wrong)
        with pytest.raises(perform.PresetError):
            show.route("tide", "out/level", curve="bent")
        with pytest.raises(perform.UsageError, match="there is a source"):
            show.add(tide)


def test_a_unit_that_remembers_begins_anew_in_each_show() -> None:
    @perform.source("steps")
    class Steps:
        def __init__(self) -> None:
            self.count = 0

        def __call__(self, moment: perform.Moment) -> float:
            self.count += 1
            return float(self.count)

    seen = []
    for _ in range(2):
        with perform.Show.offline(**BARE, seconds=0.2) as show:
            show.add(Steps)
            seen.append([frame.signals["steps"] for frame in show])
    assert seen == [[1.0, 2.0, 3.0]] * 2


def test_generators_of_ones_own() -> None:
    @perform.generator("bars", perform.Param("width", "float", 0.5), perform.Param("seed", "int", 0, 0, 9))
    def bars(moment: perform.Moment, values: dict) -> np.ndarray:
        picture = np.zeros((36, 64, 3))
        picture[:, : int(64 * values["width"])] = 1.0
        return picture

    class Grey:
        PARAMS = (perform.Param("grey", "float", 0.25),)

        def render(self, params: object, pictures: object, moment: perform.Moment) -> np.ndarray:
            return np.full((8, 8), round(255 * params.values["grey"]), np.uint8)  # type: ignore[attr-defined]

    with perform.Show.offline(**{**BARE, "source": bars}, seed=4, seconds=1) as show:
        assert show["deck/a/source/seed"] == 4
        half = show.step().picture.mean()
        show["deck/a/source/width"] = 1.0
        assert show.step().picture.mean() == pytest.approx(2 * half, rel=0.05)
        assert repr(show) == "<Show offline: code, python:bars, 96x54, 2 frames>"
        show.load("b", perform.generator("grey")(Grey))
        show["mix/fade"] = 1.0
        assert show.step().picture.mean() == pytest.approx(64, abs=2)
        show["preset/recall"] = "night_drive"
        show["preset/undo"] = True
        show.step()
        show.step()
        assert show.engine.table.value("deck/a/source/width") == 1.0


def test_shaders_from_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lamp, negative = perform.shader("lamp", LAMP), perform.shader("negative", NEGATIVE)
    with perform.Show.offline(**{**BARE, "source": lamp}, seconds=1) as show:
        show["deck/a/source/hue"] = 1.0
        plain = show.step().picture.astype(int)
        assert show.effect(negative) == "master/fx/negative" and show.effect("bloom", amount=0.0) == "master/fx/bloom"
        turned = show.step().picture.astype(int)
        assert abs(plain[..., 0].mean() - 255) < 3 and turned[..., 0].mean() < 3
        with pytest.raises(perform.UsageError, match="takes a picture in"):
            show.load("b", negative)
        with pytest.raises(perform.ShaderError) as caught:
            show.load("b", perform.shader("broken", LAMP.replace("hue,", "hoe,")))
        assert str(caught.value).startswith("shader broken:2: ") and "\n" not in str(caught.value)
        assert list(tmp_path.glob("*/*.fs"))
        with pytest.raises(perform.ShaderError):
            show.effect("no_such_effect")
    assert not list(tmp_path.glob("*/*.fs"))


def test_recorded_control_comes_at_its_time_and_by_hand_is_the_same() -> None:
    told = [(0.2, "out/level", 0.5), (0.1, "macro/1", 1.0), (0.2, "macro/2", 0.25)]
    with perform.Show.offline(**BARE, seconds=0.4) as show:
        show.replay(told)
        frames = list(show)
    assert [f.values["macro/1"] for f in frames] == [0, 1, 1, 1, 1, 1]
    assert [f.values["out/level"] for f in frames] == [1, 1, 0.5, 0.5, 0.5, 0.5]
    with perform.Show.offline(**BARE) as show:
        again = []
        for number in range(6):
            show.update({path: value for at, path, value in told if at <= (number + 1) / 15 + 1e-9})
            again.append(show.step((number + 1) / 15).picture)
        with pytest.raises(perform.UsageError, match="only goes on"):
            show.step(0.1)
        assert show.step().seconds == pytest.approx(7 / 15)
    assert all(np.array_equal(f.picture, a) for f, a in zip(frames, again, strict=True))


def test_looks_from_a_text_a_file_and_by_name(tmp_path: Path) -> None:
    text = 'version = 1\ntitle = "Mine"\n[deck.a]\nsource = "shader:silk"\n[params]\n"out/level" = 0.5\n'
    (tmp_path / "mine.toml").write_text(text)
    one = pictures(preset=perform.parse_preset(text), seconds=0.2)
    other = pictures(preset=str(tmp_path / "mine.toml"), seconds=0.2)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    with perform.Show.offline(**{**BARE, "preset": "night_drive"}, seconds=1) as show:
        show.recall(tmp_path / "mine.toml")
        assert show["out/level"] == 0.5
        with pytest.raises(perform.PresetError):
            show.recall("no_such_preset")
        assert show.step().picture.any()


WRONG = {
    "a preset": {"preset": "no_such_preset"}, "a source": {"source": "shader:no_such_shader"},
    "a size": {"size": (4, 4)}, "a size that is none": {"size": "large"}, "a rate of frames": {"fps": 0},
    "a time": {"seconds": -1}, "a sound": {"sound": "no_such_file.wav"},
    "lying samples": {"sound": np.zeros((2, 9999))},
    "samples of nothing": {"sound": np.zeros(0)}, "a start": {"sound": np.zeros(99), "start_s": 5.0},
    "a film": {"film": "x.gif", "seconds": 1}, "a device": {"sound": "mic"}, "a thing": {"source": 7},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_said_in_one_line(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(perform.PerformError) as caught, perform.Show.offline(**{**BARE, **WRONG[what]}) as show:
        show.play(seconds=0.1)
    assert str(caught.value) and "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_a_hand_that_slips_is_told_so_and_changes_nothing() -> None:
    with perform.Show.offline(**BARE, seconds=1) as show:
        slips = (
            lambda: show.replay([("now", "out/level", 1)]), lambda: show.replay([3]), lambda: show.recall(7),
            lambda: show.route(1, 2), lambda: show.load("a", 5), lambda: show.load("z", "shader:silk"),
            lambda: show.effect(5), lambda: show.effect("bloom", where="deck/z"), lambda: show.add(5),
            lambda: show.unroute(9), lambda: show.step(float("nan")),
            lambda: show[5], lambda: show.__setitem__("out/level", float("nan")), lambda: perform.grid([]),
            lambda: perform.grid([np.zeros((4, 4))]), lambda: show.effect("bloom", no_such=1.0), lambda: show.frame,
        )  # fmt: skip
        told = 0
        for slip in slips:
            try:
                slip()
            except perform.PerformError as error:
                told += 1
                assert "\n" not in str(error)
        assert told == len(slips) and show.step().picture.any() and show["out/level"] == 1.0
        assert not [path for path in show.params if path.startswith("master/fx")] and not show.routes


def test_code_that_fails_ends_an_offline_show_with_its_own_error_as_the_cause() -> None:
    @perform.source("broken")
    def broken(moment: perform.Moment) -> float:
        return 1.0 / 0.0

    @perform.generator("blank")
    def blank(moment: perform.Moment) -> np.ndarray:
        return np.zeros((4, 4, 7))

    with perform.Show.offline(**BARE, seconds=1) as show:
        show.add(broken)
        with pytest.raises(perform.UsageError, match="source broken: ZeroDivisionError") as caught:
            show.step()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with perform.Show.offline(**{**BARE, "source": blank}, seconds=1) as show:
        with pytest.raises(perform.UsageError, match="generator blank gave"):
            show.step()


def test_a_closed_show_and_a_foreign_thread_are_refused() -> None:
    show = perform.Show.offline(**BARE)
    caught: list[Exception] = []

    def elsewhere() -> None:
        try:
            show.step()
        except perform.UsageError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "thread" in str(caught[0])
    with pytest.raises(perform.UsageError, match="never ends"):
        show.play()
    show.close()
    show.close()
    assert show.closed and repr(show) == "<Show, closed>"
    with pytest.raises(perform.UsageError, match="closed"):
        show["out/level"] = 1.0


def test_ten_shows_leave_nothing_behind(tmp_path: Path) -> None:
    @perform.generator("flat")
    def flat(moment: perform.Moment) -> np.ndarray:
        return np.zeros((180, 320, 3), np.uint8)

    def once(number: int) -> weakref.ref:
        film_there = {"film": tmp_path / f"{number}.mp4"} if number % 5 == 0 else {}
        options = {**BARE, "size": (320, 180), "source": flat if number % 2 else perform.shader("lamp", LAMP)}
        with perform.Show.offline(**options, seconds=0.2, **film_there) as show:
            show.effect("bloom")
            assert len(list(show)) == 3
        with pytest.raises(perform.PerformError):
            perform.Show.offline(**{**options, "source": "shader:no_such_shader"})
        return weakref.ref(show)

    def state() -> tuple[int, int, float]:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1]) if os.path.exists("/proc/self/statm") else 0
        descriptors = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        return threading.active_count(), descriptors, pages * 4096 / 2**20

    for number in range(3):  # what is loaded once stays loaded
        once(number)
    threads, descriptors, mebibytes = state()
    shows = [once(number) for number in range(10)]
    after = state()
    assert after[0] <= threads and after[1] <= descriptors
    assert after[2] - mebibytes < 24, (mebibytes, after)
    assert not [show for show in shows if show() is not None]


def test_the_package_is_light_until_it_is_used() -> None:
    code = """
import json, sys, perform
names = [n for n in perform.__all__ if callable(getattr(perform, n))]
perform.source("x")(lambda moment: 0.0)
print(json.dumps([len(names), sorted({m.split(".")[0] for m in sys.modules})]))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    count, loaded = json.loads(out)
    assert count == len(perform.__all__)
    assert not {"torch", "moderngl", "glfw", "av", "sounddevice", "librosa", "scipy", "PIL"} & set(loaded)
