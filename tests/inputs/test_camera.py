"""Cameras: through FFmpeg's own test device, and through a fake that is pulled out; nothing ever waits for one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from perform.core.errors import DeviceError
from perform.core.types import Moment, ParamFrame
from perform.inputs.camera import Camera, device_of, read_device

NOW = Moment(0.0, 0.0, 0)


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.01)
    assert true()


def picture(value: int) -> np.ndarray:
    image = np.full((4, 6, 3), value, np.uint8)
    image[:, 0] = 255
    return image


class FakeCamera:
    """Gives what is pushed; `pull` unplugs it."""

    def __init__(self) -> None:
        self.pushed: list[np.ndarray] = [picture(1)]
        self.plugged = threading.Event()
        self.plugged.set()
        self.opened: list[str] = []

    def __call__(self, name: str) -> Iterator[np.ndarray]:
        self.opened.append(name)
        if not self.plugged.is_set():
            raise DeviceError("no camera is connected")
        while self.plugged.is_set():
            if self.pushed:
                yield self.pushed.pop(0)
            time.sleep(0.002)
        raise OSError("device gone")


def shown(camera: Camera, **values: object) -> np.ndarray:
    return camera.render(ParamFrame(values), {}, NOW).image


def test_the_newest_picture_mirrored_and_held() -> None:
    fake = FakeCamera()
    camera = Camera(fake)
    camera.prepare({"name": "front"})
    try:
        assert fake.opened == ["front"]
        assert shown(camera)[0, -1, 0] == 255 and shown(camera, mirror=False)[0, 0, 0] == 255
        assert shown(camera) is shown(camera), "no new picture, no new array"
        fake.pushed.append(picture(9))
        until(lambda: shown(camera)[0, 2, 0] == 9)
        fake.pushed.append(picture(20))
        until(lambda: not fake.pushed)
        held = shown(camera, hold=True)
        fake.pushed.append(picture(30))
        until(lambda: not fake.pushed)
        time.sleep(0.02)
        assert np.array_equal(shown(camera, hold=True), held)
        until(lambda: shown(camera)[0, 2, 0] == 30)
    finally:
        camera.close()


def test_a_camera_that_is_pulled_out_keeps_its_picture_and_comes_back() -> None:
    fake = FakeCamera()
    camera = Camera(fake, first_pause_s=0.01)
    camera.prepare({})
    try:
        fake.plugged.clear()
        until(lambda: camera.reopened >= 3)
        assert shown(camera)[0, 2, 0] == 1 and "no camera" in camera.last_error
        fake.pushed.append(picture(77))
        fake.plugged.set()
        until(lambda: shown(camera)[0, 2, 0] == 77)
    finally:
        camera.close()


def test_a_camera_that_is_not_there_is_told_in_one_line() -> None:
    fake = FakeCamera()
    fake.plugged.clear()
    with pytest.raises(DeviceError, match="no camera is connected"):
        Camera(fake).prepare({"wait_s": 0.1})
    with pytest.raises(DeviceError) as told:
        device_of("a camera that nobody has")
    assert "\n" not in str(told.value)
    with pytest.raises(DeviceError, match="cannot be opened"):
        next(read_device("v4l2", "/dev/video987"))


def test_a_real_capture_device_of_ffmpeg() -> None:
    """libavdevice's own test picture goes the way of a camera: opened by format and name, read as it comes."""
    camera = Camera(lambda name: read_device("lavfi", name))
    camera.prepare({"name": "testsrc=size=64x48:rate=30"})
    try:
        first = shown(camera)
        assert first.shape == (48, 64, 3) and first.dtype == np.uint8 and first.std() > 30
        until(lambda: shown(camera) is not first)
    finally:
        camera.close()
