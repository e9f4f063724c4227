"""Figures over the picture: lines of text and small meters on a dark panel, redrawn five times a second at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import moderngl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from perform.gl.program import Program, own_program
from perform.gl.targets import smooth

REDRAW_S = 0.2
MAX_LINES, MAX_CHARACTERS = 24, 120

_PANEL = """
uniform sampler2D panel;
uniform bool flip;
void main() { colour = texture(panel, vec2(uv.x, flip ? uv.y : 1.0 - uv.y)); }
"""

_TEXT, _DIM, _BAR, _HOT = (235, 238, 242, 255), (150, 158, 168, 255), (96, 200, 255, 255), (255, 96, 64, 255)
_GLASS, _TROUGH = (10, 12, 16, 205), (58, 63, 71, 230)


def draw_panel(lines: Sequence[str], meters: Mapping[str, float], text_px: int) -> np.ndarray:
    """The panel as [h, w, 4] uint8, top row first. meters: name -> 0..1, red from 0.95."""
    font = ImageFont.load_default(text_px)
    step, pad, bar = round(text_px * 1.4), round(text_px * 0.8), text_px * 7
    shown = [line[:MAX_CHARACTERS] for line in lines[:MAX_LINES]]
    names = list(meters)[:MAX_LINES]
    label = max((font.getlength(name) for name in names), default=0)
    inner = max([font.getlength(line) for line in shown] + [label + pad + bar if names else 0])
    size = (int(inner) + 2 * pad, step * (len(shown) + len(names)) + 2 * pad - (step - text_px))
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=pad // 2, fill=_GLASS)
    y = pad
    for line in shown:
        draw.text((pad, y + text_px / 2), line, fill=_TEXT, font=font, anchor="lm")
        y += step
    for name in names:
        level = min(max(float(meters[name]), 0.0), 1.0)
        draw.text((pad, y + text_px / 2), name, fill=_DIM, font=font, anchor="lm")
        x = round(pad + label + pad)
        box = (x, y + text_px // 4, x + bar, y + text_px - text_px // 4)
        draw.rectangle(box, fill=_TROUGH)
        if level > 0.0:
            draw.rectangle((box[0], box[1], x + round(bar * level), box[3]), fill=_HOT if level >= 0.95 else _BAR)
        y += step
    return np.asarray(image)


class Panel:
    """A picture with see-through parts, laid over a framebuffer pixel for pixel."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program: Program | None = None
        self._texture: moderngl.Texture | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px; 0 before there is anything."""
        return (0, 0) if self._texture is None else self._texture.size

    def write(self, pixels: np.ndarray) -> None:
        """Show [h, w, 4] uint8, top row first, from now on."""
        if self._program is None:
            self._program = own_program(self._ctx, _PANEL)
        size = (pixels.shape[1], pixels.shape[0])
        if self._texture is None or self._texture.size != size:
            if self._texture is not None:
                self._texture.release()
            self._texture = smooth(self._ctx.texture(size, 4))
            self._texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._texture.write(pixels.tobytes())

    def draw(
        self, target: moderngl.Framebuffer, size: tuple[int, int], at: tuple[int, int], *, top_first: bool
    ) -> None:
        """Draw over a `target` of `size`, its upper left corner `at` (from the left, from the top)."""
        if self._texture is None or self._program is None:
            return
        width, height = self._texture.size
        target.use()
        target.viewport = (at[0], at[1] if top_first else size[1] - height - at[1], width, height)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ZERO, moderngl.ONE
        self._texture.use(0)
        self._program.set("flip", top_first)
        self._program.draw()
        self._ctx.disable(moderngl.BLEND)
        target.viewport = (0, 0, *size)

    def release(self) -> None:
        """Free the GL objects."""
        for held in (self._texture, self._program):
            if held is not None:
                held.release()


class Hud:
    """Holds what is to be shown and draws it in the upper left corner of any framebuffer."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._panel = Panel(ctx)
        self._lines: tuple[str, ...] = ()
        self._meters: dict[str, float] = {}
        self._changed = False
        self._drawn_s = -REDRAW_S
        self._text_px = 0

    def set(self, lines: Sequence[str], meters: Mapping[str, float]) -> None:
        """What to show from the next redraw on."""
        self._lines = tuple(lines)
        self._meters = dict(meters)
        self._changed = True

    def draw(self, seconds: float, target: moderngl.Framebuffer, size: tuple[int, int], *, top_first: bool) -> None:
        """Draw over `target`. top_first: True where the target's first row is the top."""
        if not self._lines and not self._meters:
            return
        self._refresh(seconds, max(round(size[1] / 36), 12))
        margin = max(size[1] // 40, 4)
        self._panel.draw(target, size, (margin, margin), top_first=top_first)

    def _refresh(self, seconds: float, text_px: int) -> None:
        due = abs(seconds - self._drawn_s) >= REDRAW_S or text_px != self._text_px
        if self._panel.size[0] and not (self._changed and due):
            return
        self._panel.write(draw_panel(self._lines, self._meters, text_px))
        self._changed, self._drawn_s, self._text_px = False, seconds, text_px

    def release(self) -> None:
        """Free the GL objects."""
        self._panel.release()
