"""A picture laid over another one: placed, blended, masked, in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping

import moderngl

from perform.core.types import Value
from perform.gl.blends import blend_function
from perform.gl.light import LIGHT
from perform.gl.program import Program, own_program
from perform.gl.rows import LAYER_AT_REST
from perform.gl.shared import Shared
from perform.gl.targets import Target

# `at` is where in the layer's own picture this point of the screen lies. Its rim is smoothed over one pixel.
_HEAD = """
uniform sampler2D below;
uniform sampler2D above;
uniform sampler2D mask;
uniform vec2 origin;
uniform vec2 across;
uniform vec2 upward;
uniform float alpha;
uniform vec2 window;
"""
_MAIN = """
void main() {
    vec4 a = texture(below, uv);
    vec2 at = origin + across * uv.x + upward * uv.y;
    vec2 rim = clamp((0.5 - abs(at - 0.5)) / max(fwidth(at), 1e-6) + 0.5, 0.0, 1.0);
    vec4 b = texture(above, at);
    vec3 cover = vec3(alpha * rim.x * rim.y * clamp(b.a, 0.0, 1.0));
    MASK
    vec3 la = to_light(a.rgb);
    vec3 result = from_light(mix(la, blended(la, to_light(b.rgb)), cover));
    colour = vec4(mix(a.rgb, result, step(1e-6, cover)), max(a.a, max(cover.r, max(cover.g, cover.b))));
}
"""
_MASKED = "cover *= clamp((vec3({of}) - window.x) * window.y, 0.0, 1.0);"
_CHANNELS = {
    "luma": "from_light(vec3(luminance(to_light(texture(mask, uv).rgb)))).r",
    "red": "texture(mask, uv).r",
    "green": "texture(mask, uv).g",
    "blue": "texture(mask, uv).b",
    "alpha": "texture(mask, uv).a",
    "each": "texture(mask, uv).rgb",
}


def placement(
    x: float, y: float, scale: float, turn_deg: float, aspect: float
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """(origin, across, upward): at = origin + across * u + upward * v takes a point of the screen to the layer's.

    x, y: the layer's middle, in widths and heights off the screen's. aspect: width over height.
    """
    angle = math.radians(turn_deg)
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    across = (cos, -sin * aspect)
    upward = (sin / aspect, cos)
    middle = (0.5 + x, 0.5 + y)
    origin = tuple(0.5 - across[i] * middle[0] - upward[i] * middle[1] for i in (0, 1))
    return (origin[0], origin[1]), across, upward


class Layers:
    """Lays decks over one another. One program for each way of blending and masking that is used, made when first
    needed."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._programs: dict[tuple[str, str], Program] = {}

    def settings(self, letter: str) -> dict[str, Value]:
        """The layer rows of a deck in this frame."""
        values = self._shared.values
        return {name: values.get(f"deck/{letter}/layer/{name}", rest) for name, rest in LAYER_AT_REST.items()}

    def at_rest(self, letter: str) -> bool:
        """True where the deck simply fills the picture."""
        values = self._shared.values
        return all(values.get(path, rest) == rest for path, rest in _PATHS[letter])

    def lay(
        self,
        letter: str,
        above: moderngl.Texture,
        below: moderngl.Texture,
        masks: Mapping[str, moderngl.Texture],
        out: Target,
        amount: float = 1.0,
    ) -> moderngl.Texture:
        """Draw deck `letter`'s picture over `below`. masks: pictures of this frame, by deck. amount: times alpha."""
        rows = self.settings(letter)
        whose = str(rows["mask"])
        channel = "" if whose == "none" else str(rows["mask_channel"])
        program = self._program(str(rows["blend"]), channel)
        width, height = self._shared.size
        x, y, scale, turn, alpha, lo, hi = (
            float(rows[name])  # type: ignore[arg-type]
            for name in ("x", "y", "scale", "turn", "alpha", "mask_lo", "mask_hi")
        )
        origin, across, upward = placement(x, y, scale, turn, width / height)
        program.set("origin", origin)
        program.set("across", across)
        program.set("upward", upward)
        program.set("alpha", alpha * amount)
        if channel:
            span = hi - lo
            program.set("window", (lo, 1.0 / span if abs(span) > 1e-4 else 1e4))
            (masks.get(whose) or self._shared.kept(whose)).use(2)
        out.use()
        below.use(0)
        above.use(1)
        program.draw()
        return out.texture

    def _program(self, blend: str, channel: str) -> Program:
        key = (blend, channel)
        if key not in self._programs:
            mask = _MASKED.format(of=_CHANNELS[channel]) if channel else ""
            program = own_program(self._shared.ctx, _HEAD + LIGHT + blend_function(blend) + _MAIN.replace("MASK", mask))
            for place, name in enumerate(("below", "above", "mask")):
                program.set(name, place)
            self._programs[key] = program
        return self._programs[key]

    def release(self) -> None:
        """Free the GL objects."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()


_PATHS = {
    letter: tuple((f"deck/{letter}/layer/{name}", rest) for name, rest in LAYER_AT_REST.items()) for letter in "abcd"
}
