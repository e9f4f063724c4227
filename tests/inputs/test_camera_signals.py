"""What a camera sees as sources: known pictures give known numbers, a camera that is gone goes to rest, and one camera
serves a deck and the signals at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from perform.core.errors import DeviceError
from perform.core.types import Moment, ParamFrame
from perform.inputs.camera import Camera, read_device
from perform.inputs.camera_feed import SharedCameras, film_pictures
from perform.inputs.camera_signals import FADE_S, FIELDS, REST, STALE_S, CameraSignals, Motion, fields


def picture(level: float = 0.2, size: tuple[int, int] = (480, 640)) -> np.ndarray:
    return np.full((*size, 3), round(level * 255), np.uint8)


def with_hand(x: float, y: float, size: tuple[int, int] = (480, 640)) -> np.ndarray:
    """A light hand, a tenth of the picture wide, at (x from the left, y from below)."""
    image = picture(0.2, size)
    high, wide = size
    row, column, half = round((1.0 - y) * high), round(x * wide), wide // 20
    image[max(row - half, 0) : row + half, max(column - half, 0) : column + half] = 220
    return image


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (1080, 1920), (36, 64), (100, 30), (7, 5), (1, 1)])
def test_fields_keep_the_light(size: tuple[int, int]) -> None:
    assert fields(picture(0.4, size)).mean() == pytest.approx(0.4, abs=0.01)
    found = fields(picture(0.4, size)).shape
    assert found[0] <= 2 * FIELDS[0] and found[1] <= 2 * FIELDS[1]


def test_brightness_and_stillness() -> None:
    motion, chance = Motion(), np.random.default_rng(3)
    for level in (0.0, 0.5, 1.0):
        for _ in range(30):
            noise = chance.integers(-6, 7, (480, 640, 1))
            found = motion.see(np.clip(picture(level) + noise, 0, 255).astype(np.uint8), 1 / 30)
        assert found["camera/brightness"] == pytest.approx(level, abs=0.02)
        assert found["camera/motion"] == 0.0
        assert found["camera/x"] == found["camera/y"] == 0.5


@pytest.mark.parametrize("rate", [15, 30, 60])
def test_a_hand_that_moves_is_seen_where_it_is(rate: int) -> None:
    """At any rate of pictures the same hand is about as much motion."""
    motion, seen = Motion(), []
    for n in range(2 * rate):
        x = 0.5 + 0.3 * np.sin(2.0 * np.pi * n / rate)
        seen.append(motion.see(with_hand(x, 0.75), 1 / rate))
    late = seen[rate:]
    assert 0.08 < np.mean([one["camera/motion"] for one in late]) < 0.3
    assert np.mean([one["camera/y"] for one in late]) == pytest.approx(0.75, abs=0.05)
    assert max(one["camera/x"] for one in late) > 0.65 and min(one["camera/x"] for one in late) < 0.35
    for _ in range(rate):
        rest = motion.see(with_hand(0.5, 0.75), 1 / rate)
    assert rest["camera/motion"] == 0.0


def test_a_lamp_that_is_switched_on_is_light_and_no_motion() -> None:
    motion = Motion()
    for level in (0.2, 0.2, 0.6, 0.6):
        found = motion.see(picture(level), 1 / 30)
    assert found["camera/motion"] == 0.0 and found["camera/brightness"] == pytest.approx(0.6, abs=0.01)


def until(look: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10.0
    while not look():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_camera_that_is_gone_goes_to_rest_and_comes_back() -> None:
    plugged, now, said = threading.Event(), [10.0], []
    plugged.set()

    def capture(name: str) -> Iterator[np.ndarray]:
        if not plugged.is_set():
            raise DeviceError("no camera is connected")
        n = 0
        while plugged.is_set():
            n += 1
            now[0] += 1 / 30
            yield with_hand(0.1 + 0.08 * (n % 10), 0.5)
            time.sleep(0.002)

    sense = CameraSignals("", lambda: now[0], said.append, capture, first_pause_s=0.01)
    assert sense.signals(0.0) == REST
    sense.start()
    until(lambda: sense.signals(0.0)["camera/motion"] > 0.1)
    plugged.clear()
    until(lambda: bool(said))
    seen = sense.signals(0.0)["camera/brightness"]
    now[0] += STALE_S + FADE_S / 2
    assert 0.3 * seen < sense.signals(0.0)["camera/brightness"] < 0.7 * seen
    now[0] += FADE_S
    assert sense.signals(0.0) == pytest.approx(REST)
    plugged.set()
    until(lambda: sense.signals(0.0)["camera/motion"] > 0.1)
    sense.close()
    assert set(said) <= {"camera : it stopped", "no camera is connected"} and len(said) == len(set(said))


def test_one_camera_serves_all_who_look_and_is_let_go_after_the_last() -> None:
    opened, closed = [], []

    def read(kind: str, device: str) -> Iterator[np.ndarray]:
        opened.append(device)
        try:
            while True:
                time.sleep(0.002)
                yield picture()
        finally:
            closed.append(device)

    cameras = SharedCameras(lambda name: ("fake", name or "0"), read)
    first, second = cameras.pictures(""), cameras.pictures("0")
    assert next(first).shape == next(second).shape
    assert opened == ["0"]
    first.close()
    next(second)
    assert closed == []
    second.close()
    until(lambda: closed == ["0"])
    assert next(cameras.pictures("0")).shape == (480, 640, 3) and opened == ["0", "0"]


def test_whoever_looks_is_told_why_a_camera_stopped() -> None:
    def read(kind: str, device: str) -> Iterator[np.ndarray]:
        yield picture()
        raise DeviceError("pulled out")

    def find(name: str) -> tuple[str, str]:
        if name == "none":
            raise DeviceError("no camera is connected")
        return "fake", name

    cameras = SharedCameras(find, read)
    with pytest.raises(DeviceError, match="pulled out"):
        for _ in cameras.pictures("a"):
            pass
    with pytest.raises(DeviceError, match="no camera"):
        next(cameras.pictures("none"))


def test_a_deck_and_the_signals_share_one_capture_device() -> None:
    """One that FFmpeg itself makes up: nobody else's camera is needed."""
    opened: list[str] = []

    def read(kind: str, device: str) -> Iterator[np.ndarray]:
        opened.append(device)
        return read_device(kind, device)

    cameras = SharedCameras(lambda name: ("lavfi", "testsrc2=size=320x240:rate=30"), read)
    sense = CameraSignals("", time.monotonic, lambda line: None, cameras.pictures)
    deck = Camera(cameras.pictures)
    sense.start()
    deck.prepare({"name": ""})
    until(lambda: sense.signals(0.0)["camera/motion"] > 0.02)
    assert deck.render(ParamFrame({}), {}, Moment(0.0, 0.0, 0)).image.shape == (240, 320, 3)
    assert len(opened) == 1
    sense.close()
    deck.close()


def write_film(path: Path, pictures: list[np.ndarray], rate: int = 30) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def test_a_film_stands_in_for_a_camera(tmp_path: Path) -> None:
    write_film(tmp_path / "hand.mp4", [with_hand(0.2 + 0.1 * (n % 6), 0.5, (90, 160)) for n in range(6)])
    said: list[str] = []
    sense = CameraSignals(str(tmp_path / "hand.mp4"), time.monotonic, said.append, film_pictures)
    sense.start()
    until(lambda: sense.counts()["camera pictures"] > 14)  # it begins anew
    assert sense.signals(0.0)["camera/motion"] > 0.1 and not said
    sense.close()
    with pytest.raises(DeviceError, match="cannot be read"):
        next(film_pictures(str(tmp_path / "none.mp4")))


def test_who_moves_before_the_camera_moves_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film in the camera's place, a route, a show."""
    from perform.app import open_offline
    from perform.core.preset import parse_preset
    from perform.options import Options
    from perform.room_senses import open_camera_watch

    look = '[deck.a]\nsource = "shader:marbling"\n[params]\n"macro/1" = 0.0\n[[route]]\nsource = "camera/motion"\n'
    look += 'target = "macro/1"\ndepth = 1.0\n'
    hand = [with_hand(0.2 + 0.1 * (n % 6), 0.5, (90, 160)) for n in range(30)]
    write_film(tmp_path / "hand.mp4", hand + [with_hand(0.5, 0.5, (90, 160))] * 30)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=(32, 18)), said.append)
    began_s = time.monotonic()
    watch = open_camera_watch("video:hand.mp4", rig.engine, lambda: time.monotonic() - began_s, said.append)
    rig.show.play(parse_preset(look, "look"))

    def moved() -> float:
        rig.engine.tick(time.monotonic() - began_s)
        return float(rig.engine.value("macro/1"))  # type: ignore[arg-type]

    until(lambda: moved() > 0.15)
    until(lambda: moved() < 0.01)
    assert not said
    for one in (*watch, rig):
        one.close()
