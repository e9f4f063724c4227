"""Putting the finished frame on a screen of any shape: whole, undistorted, black beside it."""

from __future__ import annotations

import moderngl

from perform.gl.program import own_program

_SHOW = """
uniform sampler2D picture;
void main() { colour = vec4(texture(picture, vec2(uv.x, 1.0 - uv.y)).rgb, 1.0); }
"""


def letterbox(picture: tuple[int, int], screen: tuple[int, int]) -> tuple[int, int, int, int]:
    """(x, y, width, height) in which a picture is shown whole and centred on a screen; at least one pixel."""
    scale = min(screen[0] / picture[0], screen[1] / picture[1])
    width = min(max(round(picture[0] * scale), 1), screen[0])
    height = min(max(round(picture[1] * scale), 1), screen[1])
    return (screen[0] - width) // 2, (screen[1] - height) // 2, width, height


class Presenter:
    """Draws a top-first texture into the window's framebuffer."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._program = own_program(ctx, _SHOW)

    def draw(self, picture: moderngl.Texture, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Fill `screen` of `size` pixels."""
        screen.use()
        screen.viewport = (0, 0, *size)
        box = letterbox(picture.size, size)
        if box[2:] != size:
            screen.clear(0.0, 0.0, 0.0, 1.0)
        screen.viewport = box
        picture.use(0)
        self._program.draw()
        screen.viewport = (0, 0, *size)

    def release(self) -> None:
        """Free the GL objects."""
        self._program.release()
