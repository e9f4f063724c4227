"""From the finished picture to the room's screen: fitted, turned, cut into slices, bent to the wall, edges blended.

All of it is of the room, so it is in what a window shows and not in what is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import moderngl
import numpy as np

from perform.core.room import Slice
from perform.gl.program import Program, own_program
from perform.gl.rows import EDGES, WARP_CORNERS
from perform.gl.shared import Shared
from perform.gl.targets import BYTES, Target

Box = tuple[int, int, int, int]

# The picture's first row is its top, and places are told from the top: both run downwards.
_CUT = """
uniform sampler2D picture;
uniform vec4 source;
uniform int turn;
uniform vec2 flip;
void main() {
    vec2 q = vec2(uv.x, 1.0 - uv.y);
    q = mix(q, 1.0 - q, flip);
    if (turn == 1) q = vec2(q.y, 1.0 - q.x);
    else if (turn == 2) q = 1.0 - q;
    else if (turn == 3) q = vec2(1.0 - q.y, q.x);
    colour = vec4(texture(picture, source.xy + q * source.zw).rgb, 1.0);
}
"""

# Edge blending: in the overlap of two projectors the light must add up to one. The ramp is one of a family whose
# halves mirror each other, so that it does for any `curve` (Bourke 2004, "Edge blending using commodity projectors").
_BEND = """
uniform sampler2D canvas;
uniform mat3 inverse_warp;
uniform vec4 edge;
uniform float curve;
uniform float gamma;
float ramp(float x) {
    x = clamp(x, 0.0, 1.0);
    float half_way = 0.5 * pow(2.0 * min(x, 1.0 - x), curve);
    return x < 0.5 ? half_way : 1.0 - half_way;
}
void main() {
    vec3 h = inverse_warp * vec3(uv, 1.0);
    vec2 at = h.xy / h.z;
    vec2 rim = clamp((0.5 - abs(at - 0.5)) / max(fwidth(at), 1e-6) + 0.5, 0.0, 1.0);
    float light = h.z > 0.0 ? rim.x * rim.y : 0.0;
    vec4 inside = vec4(at.x, 1.0 - at.x, 1.0 - at.y, at.y) / max(edge, 1e-6);
    for (int i = 0; i < 4; i++) if (edge[i] > 0.0) light *= ramp(inside[i]);
    colour = vec4(texture(canvas, at).rgb * pow(light, 1.0 / gamma), 1.0);
}
"""


def fitted(picture: tuple[int, int], screen: tuple[int, int], mode: str) -> tuple[Box, tuple[float, ...]]:
    """(place on the screen in pixels from the top left, part of the picture in fractions) for one way of fitting."""
    whole = (0.0, 0.0, 1.0, 1.0)
    if mode == "stretch":
        return (0, 0, *screen), whole
    ratios = (screen[0] / picture[0], screen[1] / picture[1])
    scale = {"fill": max(ratios), "pixels": 1.0}.get(mode, min(ratios))
    place, part = [], []
    for axis in (0, 1):
        length = picture[axis] * scale
        shown = min(max(round(length), 1), screen[axis])
        seen = min(shown / length, 1.0)
        place.append((round((screen[axis] - shown) / 2), shown))
        part.append((0.5 - seen / 2, seen))
    return (place[0][0], place[1][0], place[0][1], place[1][1]), (part[0][0], part[1][0], part[0][1], part[1][1])


def homography(corners: Sequence[tuple[float, float]]) -> np.ndarray | None:
    """[3, 3] that takes the unit square to a quadrangle; None where that is folded or has no area.

    corners: where (0, 0), (1, 0), (1, 1), (0, 1) go. Heckbert 1989, "Fundamentals of texture mapping", section 2.2.3.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    turns = [
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
        for a, b, c in ((corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) for i in range(4))
    ]
    if min(turns) <= 1e-4:
        return None
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    return np.array([[x1 - x0 + g * x1, x3 - x0 + h * x3, x0], [y1 - y0 + g * y1, y3 - y0 + h * y3, y0], [g, h, 1.0]])


class RoomMapping:
    """Draws the finished picture into the framebuffer of a screen, as the rows below `out` and the slices say."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._cut: Program | None = None
        self._bend: Program | None = None
        self._canvas: Target | None = None
        self.slices: tuple[Slice, ...] = ()

    def at_rest(self) -> bool:
        """True where the picture is simply shown whole."""
        values = self._shared.values
        plain = all(values.get(path, rest) == rest for path, rest in _AT_REST)
        return plain and not self.slices and not self._bends()

    def _bends(self) -> bool:
        values = self._shared.values
        warped = any(any(_floats(values.get(path, (0.0, 0.0)))) for path in _WARPS)
        return warped or any(float(values.get(path, 0.0)) > 0.0 for path in _EDGES)  # type: ignore[arg-type]

    def draw(self, picture: moderngl.Texture, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Fill `screen` of `size` pixels."""
        if not self._bends():
            self._draw_cuts(picture, screen, size)
            return
        if self._canvas is None or self._canvas.size != size:
            if self._canvas is not None:
                self._canvas.release()
            self._canvas = Target(self._shared.ctx, size, BYTES)
        self._draw_cuts(picture, self._canvas.framebuffer, size)
        self._draw_bent(self._canvas.texture, screen, size)

    def _draw_cuts(self, picture: moderngl.Texture, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        if self._cut is None:
            self._cut = own_program(self._shared.ctx, _CUT)
        screen.use()
        screen.viewport = (0, 0, *size)
        screen.clear(0.0, 0.0, 0.0, 1.0)
        picture.use(0)
        shared = self._shared
        if self.slices:
            self._cut.set("flip", (0.0, 0.0))
            for piece in self.slices:
                self._draw_cut(screen, size, piece.place_in(size), piece.source_in(picture.size), piece.turn)
        else:
            turn = shared.word("out/turn", "0")
            seen = picture.size if turn in ("0", "180") else (picture.height, picture.width)
            place, part = fitted(seen, size, shared.word("out/fit", "fit"))
            if turn in ("90", "270"):
                part = (part[1], part[0], part[3], part[2])
            self._cut.set("flip", (float(shared.flag("out/flip_x")), float(shared.flag("out/flip_y"))))
            self._draw_cut(screen, size, place, part, turn)
        screen.viewport = (0, 0, *size)

    def _draw_cut(
        self, screen: moderngl.Framebuffer, size: tuple[int, int], place: Box, source: Sequence[float], turn: str
    ) -> None:
        assert self._cut is not None
        left, top, width, height = place
        screen.viewport = (left, size[1] - top - height, width, height)
        self._cut.set("source", tuple(source))
        self._cut.set("turn", int(turn) // 90)
        self._cut.draw()

    def _draw_bent(self, canvas: moderngl.Texture, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        if self._bend is None:
            self._bend = own_program(self._shared.ctx, _BEND)
        shared = self._shared
        moved = [_floats(shared.values.get(path, (0.0, 0.0))) for path in _WARPS]
        corners = [(x + by[0], y + by[1]) for (x, y), by in zip(_CORNERS, moved, strict=True)]
        there = homography(corners)
        back = np.eye(3) if there is None else np.linalg.inv(there)
        self._bend.set("inverse_warp", tuple(float(v) for v in back.T.ravel()))
        self._bend.set("edge", tuple(shared.number(path, 0.0) for path in _EDGES))
        self._bend.set("curve", shared.number("out/edge/curve", 2.0))
        self._bend.set("gamma", shared.number("out/edge/gamma", 2.2))
        screen.use()
        screen.viewport = (0, 0, *size)
        canvas.use(0)
        self._bend.draw()

    def release(self) -> None:
        """Free the GL objects."""
        for part in (self._cut, self._bend, self._canvas):
            if part is not None:
                part.release()
        self._cut = self._bend = self._canvas = None


def _floats(value: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in value)


_CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_WARPS = tuple(f"out/warp/{name}" for name in WARP_CORNERS)
_EDGES = tuple(f"out/edge/{name}" for name in EDGES)
_AT_REST = (("out/fit", "fit"), ("out/turn", "0"), ("out/flip_x", False), ("out/flip_y", False))
