"""The test card: grid, circle, colours, greys, size in pixels, a line that moves with the bar, and the beat: both sides
flash on it, and a ball crosses the middle of its track on it."""

from __future__ import annotations

import moderngl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from perform.gl.program import own_program
from perform.gl.shared import Shared

_CARD = """
uniform sampler2D card;
uniform float sweep;
uniform float beat;
uniform vec2 size;
void main() {
    colour = vec4(texture(card, uv).rgb, 1.0);
    if (abs(uv.x - sweep) < 0.0015) colour.rgb = vec3(1.0, 0.35, 0.1);
    float flash = exp(-7.0 * beat);
    float side = abs(uv.x - 0.5);
    if (side > 0.43 && side < 0.485) colour.rgb = mix(colour.rgb * 0.6, vec3(1.0), flash);
    vec2 at = vec2((uv.x - 0.5) * size.x / size.y, uv.y - 0.90);
    if (abs(at.x) < 0.60 && abs(at.y) < 0.045) {
        colour.rgb = vec3(0.04, 0.05, 0.06);
        if (abs(at.x) < 0.006) colour.rgb = vec3(1.0, 0.35, 0.1);
        // -0.5..0.5: the ball is in the middle on the beat, and turns round at both ends between two beats.
        float place = fract(beat + 0.5) - 0.5;
        float ball = length(at - vec2(1.16 * place, 0.0));
        colour.rgb = mix(colour.rgb, vec3(1.0, 0.95, 0.8), smoothstep(0.038, 0.032, ball) * (0.55 + 0.45 * flash));
    }
}
"""

_BARS = ("#c0c0c0", "#c0c000", "#00c0c0", "#00c000", "#c000c0", "#c00000", "#0000c0")


def draw_card(size: tuple[int, int]) -> np.ndarray:
    """The still part of the card, [h, w, 3] uint8, top row first."""
    width, height = size
    image = Image.new("RGB", size, "#14161a")
    draw = ImageDraw.Draw(image)
    unit = max(height // 12, 4)
    for x in range(width // 2 % unit, width, unit):
        draw.line((x, 0, x, height), fill="#3a3f47")
    for y in range(height // 2 % unit, height, unit):
        draw.line((0, y, width, y), fill="#3a3f47")
    left, right = width // 2 - 4 * unit, width // 2 + 4 * unit
    top = height // 2 - 2 * unit
    for index, colour in enumerate(_BARS):
        x0, x1 = (left + (right - left) * k // len(_BARS) for k in (index, index + 1))
        draw.rectangle((x0, top, x1 - 1, top + 2 * unit - 1), fill=colour)
    for index in range(11):
        x0, x1 = (left + (right - left) * k // 11 for k in (index, index + 1))
        grey = round(255 * index / 10)
        draw.rectangle((x0, top + 2 * unit, x1 - 1, top + 3 * unit - 1), fill=(grey, grey, grey))
    radius = 5.5 * unit
    box = (width / 2 - radius, height / 2 - radius, width / 2 + radius, height / 2 + radius)
    _circle(image, box, max(height / 240, 1.0))
    draw.rectangle((0, 0, width - 1, height - 1), outline="#ffffff")
    font = ImageFont.load_default(max(height / 18, 8))
    draw.text((width / 2, top + 4 * unit), f"{width} x {height}", fill="#f0f0f0", font=font, anchor="mm")
    draw.text((width / 2, top - unit), "perform", fill="#f0f0f0", font=font, anchor="mm")
    return np.asarray(image)


def _circle(image: Image.Image, box: tuple[float, ...], width_px: float) -> None:
    """A smooth circle: drawn four times as large as a mask, since the drawing module draws hard edges."""
    mask = Image.new("L", (image.width * 4, image.height * 4), 0)
    ImageDraw.Draw(mask).ellipse(tuple(v * 4 for v in box), outline=255, width=round(width_px * 4))
    image.paste("#e8e8e8", mask=mask.resize(image.size, Image.Resampling.BOX))


class TestCard:
    """Draws the card into the bound framebuffer, top row first."""

    __test__ = False  # the name is not one of a test

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._texture = shared.ctx.texture(shared.size, 3, data=draw_card(shared.size).tobytes(), alignment=1)
        self._texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._program = own_program(shared.ctx, _CARD)

    def draw(self) -> None:
        """Fill the bound framebuffer."""
        self._texture.use(0)
        moment = self._shared.moment
        self._program.set("sweep", moment.bar_phase)
        self._program.set("beat", moment.beat_phase)
        self._program.set("size", (float(self._shared.size[0]), float(self._shared.size[1])))
        self._program.draw()

    def release(self) -> None:
        """Free the GL objects."""
        self._texture.release()
        self._program.release()
