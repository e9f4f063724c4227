"""A camera as a source (`camera`, `camera:NAME`). A thread of its own reads it, so nothing ever waits for it; a camera
that is pulled out is looked for again, and its last picture stays meanwhile."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import DeviceError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.inputs.camera_feed import FIRST_PAUSE_S, Capture, SharedCameras, keep_reading

PARAMS: tuple[Param, ...] = (
    Param("mirror", "bool", True, doc="left and right as in a mirror"),
    Param("hold", "bool", False, doc="keeps the picture that is on show"),
)
FIRST_PICTURE_S = 6.0
SIZE = (1280, 720)


class Camera:
    """The generator contract over a camera. `prepare` takes `name`."""

    PARAMS = PARAMS
    PICTURES_IN: tuple[str, ...] = ()
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self, capture: Capture | None = None, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._capture = capture or open_camera
        self._first_pause_s = first_pause_s
        self._stop = threading.Event()
        self._came = threading.Event()
        self._newest: np.ndarray | None = None
        self._shown: tuple[np.ndarray | None, bool, np.ndarray | None] = (None, False, None)
        self._thread: threading.Thread | None = None
        self._sequence = 0
        self.reopened = 0
        self.last_error = ""

    def open(self, card: Any, device: str) -> None:
        """Needs neither card nor device."""

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Open the camera and wait for its first picture. Raises DeviceError."""
        name = str(request.get("name", ""))
        self._thread = threading.Thread(target=self._run, args=(name,), name=f"camera {name}", daemon=True)
        self._thread.start()
        if not self._came.wait(float(request.get("wait_s", FIRST_PICTURE_S))):
            self.close()
            raise DeviceError(self.last_error or f"camera {name or 'of this computer'}: no picture came")

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """The newest picture; the same array while no other has come. Raises DeviceError before `prepare`."""
        if self._newest is None:
            raise DeviceError("camera: render came before prepare")
        mirror = bool(params.values.get("mirror", True))
        seen, mirrored, image = self._shown
        newest = seen if seen is not None and params.values.get("hold", False) else self._newest
        if image is None or newest is not seen or mirror != mirrored:
            image = np.ascontiguousarray(newest[:, ::-1]) if mirror else newest
            self._shown = (newest, mirror, image)
        self._sequence += 1
        return Frame(image, self._sequence, moment)

    def _run(self, name: str) -> None:
        keep_reading(self._capture, name, self._stop, self._take, self._failed, self._first_pause_s)

    def _take(self, image: np.ndarray) -> None:
        self._newest = image
        self._came.set()

    def _failed(self, reason: str) -> None:
        self.last_error = reason
        self.reopened += 1

    def close(self) -> None:
        """Let the camera go; a driver that hangs is left behind."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)


def list_cameras() -> list[tuple[str, str]]:
    """(what to open, name) of each camera that is known; only Linux tells without opening them."""
    found: list[tuple[str, str]] = []
    for folder in sorted(Path("/sys/class/video4linux").glob("video*"), key=lambda p: (len(p.name), p.name)):
        with suppress(OSError):
            if (folder / "index").read_text().strip() == "0":  # a camera's further nodes carry no picture
                found.append((f"/dev/{folder.name}", (folder / "name").read_text().strip()))
    return found


def device_of(name: str) -> tuple[str, str]:
    """(format, device) for FFmpeg: NAME is a number from 0 or part of a camera's name. Raises DeviceError."""
    if sys.platform == "darwin":
        return "avfoundation", name or "0"
    if sys.platform == "win32":
        if not name:
            raise DeviceError("camera: on Windows say which, like camera:Integrated Camera")
        return "dshow", f"video={name}"
    cameras = list_cameras()
    fitting = [device for device, label in cameras if not name.isdecimal() and name.lower() in label.lower()]
    if name.isdecimal() and int(name) < len(cameras):
        fitting = [cameras[int(name)][0]]
    if not fitting:
        there = ", ".join(label for _, label in cameras) or "none"
        raise DeviceError(f"no camera {name!r}; there is {there}" if name else "no camera is connected")
    return "v4l2", fitting[0]


def open_camera(name: str) -> Iterator[np.ndarray]:
    """Pictures of a camera as they come; see `Capture`."""
    return _cameras.pictures(name)


def read_device(kind: str, device: str) -> Iterator[np.ndarray]:
    """Pictures of an FFmpeg capture device, the newest as soon as it is there."""
    import av

    container = None
    for options in ({"video_size": f"{SIZE[0]}x{SIZE[1]}", "framerate": "30"}, {"framerate": "30"}, {}):
        try:
            container = av.open(device, format=kind, options=options, timeout=(5.0, 5.0))
            break
        except (av.FFmpegError, ValueError, OSError) as error:
            reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    if container is None:
        raise DeviceError(f"camera {device}: cannot be opened ({reason}); another program may hold it")
    try:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            yield frame.to_ndarray(format="rgb24")
    except av.FFmpegError as error:
        raise DeviceError(f"camera {device}: it broke off ({error})") from None
    finally:
        container.close()


_cameras = SharedCameras(lambda name: device_of(name), lambda kind, device: read_device(kind, device))
"""All of this process: a camera is opened once, whoever looks at it."""
