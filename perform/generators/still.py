"""A still picture as a source (`image:FILE`): fills the frame, and moves slowly so that it does not stand dead.

Files come from anywhere, so only plain raster formats are opened, and a picture's claimed size is judged before a
pixel of it is unpacked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from perform.core.errors import MediaError, ParamError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture

PARAMS: tuple[Param, ...] = (
    Param("zoom", "float", 1.1, 1.0, 6.0, "x", "log", "how near; 1 just fills the frame"),
    Param("pan_x", "float", 0.0, -1.0, 1.0, doc="left and right, as far as the picture reaches"),
    Param("pan_y", "float", 0.0, -1.0, 1.0, doc="up and down, as far as the picture reaches"),
    Param(
        "rotate", "float", 0.0, -180.0, 180.0, "deg", doc="turns the picture; it comes nearer so that no corner shows"
    ),
    Param("drift", "float", 0.3, 0.0, 1.0, doc="slow movement of its own, from none to as far as it can go"),
    Param("speed", "float", 1.0, 0.05, 8.0, "x", "log", "pace of that movement; 1 takes about a minute"),
)
_ROWS = {row.name: row for row in PARAMS}
ROUTES: tuple[dict[str, Any], ...] = (
    {"source": "audio/bass/level", "target": "zoom", "depth": 0.15, "curve": "linear", "attack_s": 0.03}
    | {"release_s": 0.3, "lo": 0.0, "hi": 1.0},
)
SIZE = (960, 540)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MOST_PIXELS = 80_000_000
DETAIL = 2.0  # kept pixels per frame pixel, so that zooming in finds something
DRIFT_S = 61.0  # seconds of the slowest swing; the others stand in no simple ratio to it, so that it never repeats


class Instrument:
    """Shows one picture. `prepare` takes `path`, and `size` (width, height in px) of the frames."""

    PARAMS = PARAMS
    ROUTES = ROUTES
    PICTURES_IN: tuple[str, ...] = ()
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self) -> None:
        self._picture: Image.Image | None = None
        self._size = SIZE
        self._way = 0.0
        self._last: tuple[tuple[float, ...], np.ndarray] | None = None
        self._sequence = 0

    def open(self, card: Any, device: str) -> None:
        """Needs neither card nor device."""

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Read the file. Raises MediaError when it is missing, broken, too large or of a kind that is not opened."""
        if "path" not in request:
            raise MediaError("still: no picture was named; use a source like `image:FILE`")
        width, height = (int(side) for side in request.get("size", SIZE))
        self._picture = read_picture(Path(request["path"]), (width, height))
        self._size, self._last = (width, height), None

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """One frame [h, w, 3] uint8, an array of its own. Raises MediaError before `prepare`."""
        if self._picture is None:
            raise MediaError("still: render came before prepare")
        p = {name: _number(row, params) for name, row in _ROWS.items()}
        dt_s = min(max(moment.dt_s, 0.0), 1.0) if math.isfinite(moment.dt_s) else 0.0
        self._way += dt_s * p["speed"] / DRIFT_S if p["drift"] > 0.0 else 0.0
        view = placed(self._picture.size, self._size, p, self._way)
        if self._last is None or self._last[0] != view:
            self._last = (view, np.asarray(cut_out(self._picture, self._size, view)))
        self._sequence += 1
        return Frame(self._last[1].copy(), self._sequence, moment)

    def close(self) -> None:
        """Let the picture go."""
        self._picture = self._last = None


def _number(row: Param, params: ParamFrame) -> float:
    try:
        return float(row.checked(params.values.get(row.name, row.default)))  # type: ignore[arg-type]
    except ParamError:
        return float(row.default)  # type: ignore[arg-type]


def read_picture(path: Path, size: tuple[int, int]) -> Image.Image:
    """The file, upright, no larger than frames of `size` can use: RGB, or RGBA (black where nothing is) if it has
    transparent parts."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            pixels = file.width * file.height
            if pixels > MOST_PIXELS:
                raise MediaError(f"{path}: {file.width}x{file.height} is too large; scale it below 80 megapixels")
            enough = round(max(size) * DETAIL * 2)
            file.draft("RGB", (enough, enough))  # JPEG: unpack at a fraction of the size where that is enough
            upright = ImageOps.exif_transpose(file).convert("RGBA")
    except FileNotFoundError:
        raise MediaError(f"{path}: there is no such picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaError(f"{path}: claims to be larger than 80 megapixels; scale it down") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise MediaError(f"{path}: cannot be read as {', '.join(FORMATS)} ({why})") from None
    picture = upright
    if upright.getchannel("A").getextrema()[0] == 255:
        picture = upright.convert("RGB")
    else:
        picture = upright.convert("RGBa").convert("RGBA")  # what is not there has no colour
    most = max(size[0] / picture.width, size[1] / picture.height) * DETAIL
    if most < 1.0:
        smaller = (max(1, round(picture.width * most)), max(1, round(picture.height * most)))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS)
    return picture


def cut_out(picture: Image.Image, size: tuple[int, int], view: tuple[float, ...]) -> Image.Image:
    """What a view shows, at `size`. Upright views take the quicker way, about a third of the time."""
    a, b, left, d, _, top = view
    if b == 0.0 and d == 0.0 and a > 0.0:
        box = (max(left, 0.0), max(top, 0.0))
        box += (min(left + a * size[0], picture.width), min(top + a * size[1], picture.height))
        return picture.resize(size, Image.Resampling.BILINEAR, box)
    return picture.transform(size, Image.Transform.AFFINE, view, Image.Resampling.BILINEAR)


def placed(picture: tuple[int, int], frame: tuple[int, int], p: Mapping[str, float], way: float) -> tuple[float, ...]:
    """The six numbers that take a frame's pixel to the picture's, as Pillow wants them.

    The picture always covers the frame: turned by an angle, the frame needs a box of w|cos| + h|sin| by
    w|sin| + h|cos| of it. Panning spends what is left over.
    """
    angle = math.radians(p["rotate"])
    cos, sin = math.cos(angle), math.sin(angle)
    needs = (frame[0] * abs(cos) + frame[1] * abs(sin), frame[0] * abs(sin) + frame[1] * abs(cos))
    breath = 0.5 - 0.5 * math.cos(2.0 * math.pi * way)
    zoom = p["zoom"] * (1.0 + 0.35 * p["drift"] * breath)
    scale = min(picture[0] / needs[0], picture[1] / needs[1]) / zoom  # picture px per frame px
    centre = []
    for axis, (pan, rate, phase) in enumerate(((p["pan_x"], 0.77, 0.0), (p["pan_y"], 0.61, 1.3))):
        swing = math.sin(2.0 * math.pi * rate * way + phase) - math.sin(phase)
        room = 0.5 * (picture[axis] - needs[axis] * scale)
        centre.append(0.5 * picture[axis] + room * min(max(pan + 0.8 * p["drift"] * swing, -1.0), 1.0))
    a, b, d, e = scale * cos, scale * sin, -scale * sin, scale * cos
    half_w, half_h = 0.5 * frame[0], 0.5 * frame[1]
    return (a, b, centre[0] - a * half_w - b * half_h, d, e, centre[1] - d * half_w - e * half_h)
