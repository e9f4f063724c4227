"""A test card: shows its own parameters as bars, a frame counter, the beat, and the true edges of the picture.

numpy only. It stands in for a model in tests (a bar that is wrong is a cable that is wrong) and on a stage, where it
shows whether a projector crops, stretches or drops frames.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from perform.core.errors import ModelError, ParamError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture

BARS = ("level", "bass", "lowmid", "highmid", "treble", "hit")
PARAMS: tuple[Param, ...] = (
    *(Param(name, "float", 0.0, 0.0, 1.0, doc=f"height of the bar `{name}`") for name in BARS),
    Param("tint", "colour", (0.15, 0.75, 0.95, 1.0), doc="colour of the bars"),
    Param("grid", "bool", True, doc="grid, circles and colour patches behind the bars"),
    Param("count", "trigger", 0, doc="adds one to the number shown on the right"),
    Param("cost_ms", "float", 0.0, 0.0, 5000.0, "ms", "square", "paints this much slower, to play a slow model"),
    Param("fail", "bool", False, doc="fails instead of painting, to see the show go on"),
)
_ROWS = {row.name: row for row in PARAMS}
_CABLES = {"level": "audio/level", "hit": "audio/bass/hit"}
ROUTES: tuple[dict[str, Any], ...] = tuple(
    {"source": _CABLES.get(name, f"audio/{name}/level"), "target": name, "depth": 1.0, "curve": "linear"}
    | {"attack_s": 0.0, "release_s": 0.05, "lo": 0.0, "hi": 1.0}
    for name in BARS
)
SIZE = (640, 360)
SWEEP_S = 4.0  # the bright line crosses the picture once in this time

# Letters of 3 by 5 dots; each figure is a row of dots, top first, as a number of three bits.
_FONT = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ .-:/",
        "75557 26227 71747 71717 55711 74717 74757 71222 75757 75717 75755 65656 74447 65556 74747 74744 74557 55755 "
        "72227 11157 55655 44447 57755 65555 75557 75744 75571 75655 74717 72222 55557 55552 55775 55255 55222 71247 "
        "00000 00002 00700 02020 11244".split(),
        strict=True,
    )
)


class Instrument:
    """Paints the card. `prepare` takes `size` (width, height in px) and `name`, which is shown."""

    PARAMS = PARAMS
    ROUTES = ROUTES
    PICTURES_IN: tuple[str, ...] = ()
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self, sleep: Callable[[float], Any] = time.sleep) -> None:
        self._sleep = sleep
        self._name = "TESTCARD"
        self._grounds: dict[bool, np.ndarray] = {}
        self._size = SIZE
        self._sequence = 0

    def open(self, card: Any, device: str) -> None:
        """Needs neither card nor device."""

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Draw what never changes. Raises ModelError for a size outside 64x36..8192x8192."""
        width, height = request.get("size", SIZE)
        if not (64 <= width <= 8192 and 36 <= height <= 8192):
            raise ModelError(f"testcard: {width}x{height} is no size for it, use 64x36 to 8192x8192")
        self._size = (int(width), int(height))
        self._name = str(request.get("name", self._name)).upper()[:24]
        self._grounds = {grid: ground(self._size, self._name, grid) for grid in (True, False)}

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint one card [h, w, 3] uint8, an array of its own."""
        if not self._grounds:
            self.prepare({})
        p = {name: _value(row, params) for name, row in _ROWS.items()}
        if p["fail"]:
            raise ModelError("testcard: told to fail; set `fail` to 0 and it paints again")
        if p["cost_ms"] > 0.0:
            self._sleep(p["cost_ms"] / 1000.0)
        image = self._grounds[p["grid"]].copy()
        draw_bars(image, [p[name] for name in BARS], p["tint"])
        draw_time(image, moment, int(p["count"]))
        self._sequence += 1
        return Frame(image, self._sequence, moment)

    def close(self) -> None:
        """Nothing to free."""


def _value(row: Param, params: ParamFrame) -> Any:
    value = params.values.get(row.name, row.default)
    if row.kind == "trigger":
        return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
    try:
        return row.checked(value)
    except ParamError:
        return row.default


def bar_boxes(size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """(left, top, right, bottom) in px of each bar at full height, in the order of BARS."""
    width, height = size
    left, top, bottom = width * 0.2, round(height * 0.3), round(height * 0.72)
    pitch = width * 0.6 / len(BARS)
    return [(round(left + n * pitch), top, round(left + (n + 0.7) * pitch), bottom) for n in range(len(BARS))]


def read_bars(image: np.ndarray) -> list[float]:
    """The heights 0..1 that a card shows, found again from its pixels [h, w, 3]: for tests of what came through."""
    heights = []
    for left, top, right, bottom in bar_boxes((image.shape[1], image.shape[0])):
        column = image[top:bottom, (left + right) // 2].max(axis=1)
        heights.append(float((column > 100).mean()))
    return heights


def draw_bars(image: np.ndarray, values: list[float], tint: tuple[float, ...]) -> None:
    """Bars from the bottom up, brighter towards their tops, never dark enough to be taken for the trough."""
    colour = np.maximum(np.array(tint[:3]), 0.05) / max(*tint[:3], 0.05) * 255.0
    for (left, top, right, bottom), value in zip(bar_boxes((image.shape[1], image.shape[0])), values, strict=True):
        image[top:bottom, left:right] = 24
        rows = round((bottom - top) * value)
        if rows:
            shade = np.linspace(1.0, 0.6, bottom - top)[-rows:, None, None]
            image[bottom - rows : bottom, left:right] = (shade * colour).astype(np.uint8)


def draw_time(image: np.ndarray, moment: Moment, count: int) -> None:
    """The sweeping line, the frame counter, the beat's four lamps."""
    height, width = image.shape[:2]
    scale = max(1, height // 120)
    x = int(moment.seconds % SWEEP_S / SWEEP_S * width)
    band = slice(round(height * 0.78), round(height * 0.805))
    image[band, 1:-1] = 24
    image[band, max(1, x - width // 80) : max(x + 1, 2)] = 255
    write(image, f"{moment.frame:06d}", (width // 2, round(height * 0.20)), scale * 2, centred=True)
    write(image, f"{moment.seconds:.2f} S", (round(width * 0.04), round(height * 0.45)), scale)
    write(image, f"{moment.tempo_bpm:.1f} BPM", (round(width * 0.04), round(height * 0.52)), scale)
    write(image, str(count), (round(width * 0.86), round(height * 0.45)), scale * 2)
    lamp, side = int(moment.bar_phase * 4.0) % 4, round(height * 0.05)
    for n in range(4):
        left, top = round(width * 0.04) + n * round(side * 1.4), round(height * 0.34)
        glow = 60 + round(195 * (1.0 - moment.beat_phase)) if n == lamp else 40
        image[top : top + side, left : left + side] = (glow, glow * 3 // 4 if n else glow // 4, glow // 5)


def ground(size: tuple[int, int], name: str, grid: bool) -> np.ndarray:
    """Everything that stands still, [h, w, 3] uint8: the edge, the grid, circles, colour patches, words."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot((x - width / 2) / height, (y - height / 2) / height)
    image = np.repeat((30.0 - 16.0 * np.clip(far, 0.0, 1.0))[:, :, None], 3, axis=2)
    image *= np.array([0.8, 0.95, 1.25])
    if grid:
        draw_grid(image, x, y)
        draw_patches(image)
    out = np.clip(image, 0, 255).astype(np.uint8)
    out[[0, -1]] = out[:, [0, -1]] = 255
    scale = max(1, height // 120)
    write(out, name, (width // 2, round(height * 0.06)), scale * 2, centred=True)
    write(out, f"{width}X{height}".replace("X", " X "), (width // 2, round(height * 0.945)), scale, centred=True)
    for label, (left, _, right, bottom) in zip(BARS, bar_boxes(size), strict=True):
        write(out, label.upper(), ((left + right) // 2, bottom + scale), max(1, width // 320), centred=True)
    return out


def draw_grid(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Twelve rows of squares, a circle over the whole height and one in each corner: crop and stretch show at once."""
    height, width = image.shape[:2]
    cell = height / 12
    across = np.abs((x - width / 2 + cell / 2) % cell - cell / 2)
    down = np.abs((y - height / 2 + cell / 2) % cell - cell / 2)
    image[np.minimum(across, down) < 0.5] += 34
    small = height / 9
    corners = [(cx, cy, small) for cx in (small, width - small) for cy in (small, height - small)]
    for cx, cy, radius in ((width / 2, height / 2, height * 0.47), *corners):
        ring = np.abs(np.hypot(x - cx, y - cy) - radius + 1.5)
        image += (120.0 * np.clip(1.6 - ring, 0.0, 1.0))[:, :, None]


def draw_patches(image: np.ndarray) -> None:
    """The pure colours, and a ramp from black to white below them."""
    height, width = image.shape[:2]
    left, right, top, bottom = round(width * 0.2), round(width * 0.8), round(height * 0.82), round(height * 0.88)
    step = (right - left) / 8
    for n, bits in enumerate((0, 7, 6, 3, 2, 5, 4, 1)):
        colour = [255 * (bits >> k & 1) for k in (2, 1, 0)]
        image[top:bottom, round(left + n * step) : round(left + (n + 1) * step)] = colour
    image[bottom : round(height * 0.92), left:right] = np.linspace(0, 255, right - left)[None, :, None]


def write(image: np.ndarray, text: str, at: tuple[int, int], scale: int, *, centred: bool = False) -> None:
    """White letters of 3 by 5 dots, `scale` px each, from (x, y) on; unknown letters are blanks. Clips at the edge."""
    left, top = at
    inside = image[1:-1, 1:-1]  # the edge of the picture is a mark, too
    if centred:
        left -= (len(text) * 4 - 1) * scale // 2
    for n, letter in enumerate(text.upper()):
        for row, bits in enumerate(_FONT.get(letter, "00000")):
            for column in range(3):
                if int(bits) >> (2 - column) & 1:
                    px, py = max(left + (n * 4 + column) * scale - 1, 0), top + row * scale - 1
                    inside[py : py + scale, px : px + scale] = 235
