"""Where the things of one picture are in the next: optical flow by shaders, small, from coarse to fine.

Lucas and Kanade 1981, "An iterative image registration technique with an application to stereo vision", on a pyramid
(Bouguet 2000, "Pyramidal implementation of the Lucas Kanade feature tracker"), with the flow smoothed before each step
and flat parts held by a small penalty, so that every place of the picture has an answer.
"""

from __future__ import annotations

import moderngl

from perform.gl.context import context_facts
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import FULL, Target

WIDTH_PX, SOFTWARE_WIDTH_PX = 160, 96
LEVELS, STEPS = 4, 2

_GREY = """
uniform sampler2D picture;
uniform vec2 size;
void main() {
    vec2 cell = floor(gl_FragCoord.xy);
    float sum = 0.0;
    for (int y = 0; y < 4; y++) for (int x = 0; x < 4; x++) {
        sum += dot(texture(picture, (cell + (vec2(x, y) + 0.5) / 4.0) / size).rgb, vec3(0.30, 0.59, 0.11));
    }
    colour = vec4(sum / 16.0, 0.0, 0.0, 1.0);
}
"""

_HALVE = """
uniform sampler2D finer;
void main() {
    vec2 t = 0.5 / vec2(textureSize(finer, 0));
    float sum = 0.0;
    for (int i = 0; i < 4; i++) sum += texture(finer, uv + 1.5 * t * vec2((i & 1) * 2 - 1, (i >> 1) * 2 - 1)).r;
    colour = vec4(sum / 4.0, 0.0, 0.0, 1.0);
}
"""

_SLOPES = """
uniform sampler2D grey;
float grey_at(vec2 t, float x, float y) { return texture(grey, uv + vec2(x, y) * t).r; }
void main() {
    vec2 t = 1.0 / vec2(textureSize(grey, 0));
    float e = grey_at(t, 1.0, 0.0), w = grey_at(t, -1.0, 0.0);
    float n = grey_at(t, 0.0, 1.0), s = grey_at(t, 0.0, -1.0);
    float ne = grey_at(t, 1.0, 1.0), nw = grey_at(t, -1.0, 1.0);
    float se = grey_at(t, 1.0, -1.0), sw = grey_at(t, -1.0, -1.0);
    float ix = (10.0 * (e - w) + 3.0 * (ne - nw + se - sw)) / 32.0;
    float iy = (10.0 * (n - s) + 3.0 * (ne - se + nw - sw)) / 32.0;
    colour = vec4(ix, iy, texture(grey, uv).r, 1.0);
}
"""

# The flow is in widths and heights of the picture, the same at every level; a step is in pixels of its level.
_STEP = """
uniform sampler2D slopes;
uniform sampler2D next;
uniform sampler2D flow;
const float HOLD = 0.006;
void main() {
    vec2 size = vec2(textureSize(slopes, 0));
    vec2 t = 1.0 / size;
    vec2 f = 4.0 * texture(flow, uv).xy;
    for (int i = 0; i < 4; i++) {
        vec2 side = i < 2 ? vec2(i * 2 - 1, 0.0) : vec2(0.0, i * 2 - 5);
        vec2 corner = vec2((i & 1) * 2 - 1, (i >> 1) * 2 - 1);
        f += 2.0 * texture(flow, uv + side * t).xy + texture(flow, uv + corner * t).xy;
    }
    f /= 16.0;
    float xx = HOLD, yy = HOLD, xy = 0.0;
    vec2 pull = vec2(0.0);
    for (int y = -2; y <= 2; y++) for (int x = -2; x <= 2; x++) {
        vec2 p = uv + vec2(x, y) * t;
        vec3 s = texture(slopes, p).xyz;
        float weight = 1.0 - 0.09 * float(x * x + y * y);
        xx += weight * s.x * s.x;
        yy += weight * s.y * s.y;
        xy += weight * s.x * s.y;
        pull += weight * s.xy * (s.z - texture(next, p + f).r);
    }
    vec2 move = vec2(yy * pull.x - xy * pull.y, xx * pull.y - xy * pull.x) / (xx * yy - xy * xy);
    colour = vec4(f + clamp(move, -1.5, 1.5) * t, 0.0, 1.0);
}
"""

# How far the flow explains what has changed, 0..1: in a window, the squares of what differs with it and without it.
_TRUST = """
uniform sampler2D slopes;
uniform sampler2D next;
uniform sampler2D flow;
void main() {
    vec2 t = 1.0 / vec2(textureSize(slopes, 0));
    vec2 f = texture(flow, uv).xy;
    float bent = 1e-6, plain = 1e-6;
    for (int y = -2; y <= 2; y++) for (int x = -2; x <= 2; x++) {
        vec2 p = uv + vec2(x, y) * t;
        float before = texture(slopes, p).z;
        vec2 d = vec2(before - texture(next, p + f).r, before - texture(next, p).r);
        bent += d.x * d.x;
        plain += d.y * d.y;
    }
    colour = vec4(f, clamp(1.0 - bent / plain, 0.0, 1.0), 1.0);
}
"""


class Flow:
    """Keeps the grey pyramids of two pictures and the flow between them, made anew when a picture comes.

    texture: red and green the flow in widths and heights of the picture, blue how far it may be trusted, 0..1.
    """

    def __init__(self, shared: Shared) -> None:
        ctx = shared.ctx
        width = SOFTWARE_WIDTH_PX if context_facts(ctx)["software"] else WIDTH_PX
        sizes = []
        for level in range(LEVELS):
            across = max(width >> level, 4)
            sizes.append((across, max(round(across * shared.size[1] / shared.size[0]), 4)))
        self._before, self._after = ([Target(ctx, size, FULL) for size in sizes] for _ in range(2))
        self._slopes = [Target(ctx, size, FULL) for size in sizes]
        self._flows = [(Target(ctx, size, FULL), Target(ctx, size, FULL)) for size in sizes]
        self._still = Target(ctx, sizes[-1], FULL)
        sources = {"grey": _GREY, "halve": _HALVE, "slopes": _SLOPES, "step": _STEP, "trust": _TRUST}
        self._programs: dict[str, Program] = {name: own_program(ctx, text) for name, text in sources.items()}
        self._count = 0

    @property
    def ready(self) -> bool:
        """True from the second picture on."""
        return self._count >= 2

    def forget(self) -> None:
        """The next picture is the first of a new row."""
        self._count = 0

    def add(self, picture: moderngl.Texture) -> None:
        """The next picture has come."""
        self._before, self._after = self._after, self._before
        self._programs["grey"].set("size", tuple(float(v) for v in self._after[0].size))
        self._run("grey", self._after[0], picture=picture)
        for finer, coarser in zip(self._after, self._after[1:], strict=False):
            self._run("halve", coarser, finer=finer.texture)
        self._count += 1
        if self.ready:
            self._solve()

    def _solve(self) -> None:
        flow = self._still.texture
        for level in range(LEVELS - 1, -1, -1):
            self._run("slopes", self._slopes[level], grey=self._before[level].texture)
            for step in range(STEPS):
                out = self._flows[level][step % 2]
                self._run(
                    "step", out, slopes=self._slopes[level].texture, next=self._after[level].texture, flow=flow
                )  # fmt: skip
                flow = out.texture
        out = self._flows[0][STEPS % 2]
        self._run("trust", out, slopes=self._slopes[0].texture, next=self._after[0].texture, flow=flow)
        self.texture = out.texture

    def _run(self, name: str, out: Target, **textures: moderngl.Texture) -> None:
        program = self._programs[name]
        out.use()
        for place, (sampler, texture) in enumerate(textures.items()):
            program.set(sampler, place)
            texture.use(place)
        program.draw()

    def release(self) -> None:
        """Free the GL objects."""
        pairs = [target for pair in self._flows for target in pair]
        for target in (*self._before, *self._after, *self._slopes, *pairs, self._still):
            target.release()
        for program in self._programs.values():
            program.release()
