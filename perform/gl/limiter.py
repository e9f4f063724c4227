"""The strobe limiter: no more than three flashes a second over a quarter of the picture, on the finished frame.

After WCAG 2.2, "general flash and red flash thresholds", and ITU-R BT.1702-3: a flash is a pair of opposing changes of
relative luminance by a tenth or more whose darker picture is below 0.80, or such a pair of a saturated red. The
picture is watched in a grid of cells. A cell flickers when what it is given changes direction a seventh time within a
second. While flickering cells cover more of the picture than may be, each of them is let through only as far as makes
no further change of direction, unless the last of those lies long enough back. Everything else passes untouched.

All of it happens on the card, in the frame itself: nothing is read back, and nothing is late.
"""

from __future__ import annotations

import moderngl

from perform.gl.light import LIGHT
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import FULL, Target

GRID = (32, 18)
SIGNALS = 2  # luminance, saturated red
STRIPS = 3
MOST_TURNS = 6  # changes of direction a second that are shown: three flashes
LEAST_GAP_S = 0.18  # between two of them while limiting, so that three flashes spread over the second
MOST_AREA = 0.2  # of the picture that may flicker; the rules say a quarter

_MEASURE = (
    LIGHT
    + """
uniform sampler2D picture;
void main() {
    vec2 cell = floor(gl_FragCoord.xy);
    vec2 sum = vec2(0.0);
    for (int y = 0; y < 16; y++) for (int x = 0; x < 16; x++) {
        vec3 c = to_light(min(texture(picture, (cell + (vec2(x, y) + 0.5) / 16.0) / GRID).rgb, 1.0));
        float all = c.r + c.g + c.b;
        sum += vec2(luminance(c), c.r >= 0.8 * all ? max(c.r - c.g - c.b, 0.0) : 0.0);
    }
    colour = vec4(sum / 256.0, 0.0, 1.0);
}
"""
)

# A tracker keeps, for each cell and signal, three texels: (extreme, direction, value before, how much is let
# through) and the ages in seconds of the last changes of direction, the newest first (four, and three more).
_TRACK = """
const float STEP[2] = float[2](0.1, 0.0625);
const float DARK[2] = float[2](0.8, 9.0);
uniform sampler2D state;
uniform sampler2D measured;
uniform float dt;
uniform bool fresh;
vec4 strip(ivec2 cell, int signal, int number) {
    return texelFetch(state, ivec2(cell.x, cell.y + ROWS * (signal * STRIPS + number)), 0);
}
float value(sampler2D grid, ivec2 cell, int signal) {
    vec4 m = texelFetch(grid, cell, 0);
    return signal == 0 ? m.r : m.g;
}
// One step of a tracker. Afterwards s0, near, far hold its three texels.
void track(ivec2 cell, int signal, out vec4 s0, out vec4 near, out vec4 far) {
    float now = value(measured, cell, signal);
    if (fresh) {
        s0 = vec4(now, 1.0, now, 1.0);
        near = far = vec4(10.0);
        return;
    }
    s0 = strip(cell, signal, 0);
    near = min(strip(cell, signal, 1) + dt, 10.0);
    far = min(strip(cell, signal, 2) + dt, 10.0);
    bool turned = false;
    if (s0.y >= 0.0) {
        s0.x = max(s0.x, now);
        turned = s0.x - now >= STEP[signal] && now < DARK[signal];
    } else {
        s0.x = min(s0.x, now);
        turned = now - s0.x >= STEP[signal] && s0.x < DARK[signal];
    }
    if (turned) {
        s0.y = -s0.y;
        s0.x = now;
        far = vec4(near.w, far.x, far.y, 0.0);
        near = vec4(0.0, near.xyz);
    }
    s0.z = now;
}
void place(out ivec2 cell, out int signal, out int number) {
    int row = int(gl_FragCoord.y);
    cell = ivec2(int(gl_FragCoord.x), row % ROWS);
    number = (row / ROWS) % STRIPS;
    signal = row / (ROWS * STRIPS);
}
"""

_GIVEN = (
    _TRACK
    + """
void main() {
    ivec2 cell; int signal; int number; vec4 s0, near, far;
    place(cell, signal, number);
    track(cell, signal, s0, near, far);
    s0.w = far.z <= 1.0 ? 1.0 : 0.0;  // a seventh change within the second: this cell flickers
    colour = number == 0 ? s0 : number == 1 ? near : far;
}
"""
)

_AREA = """
uniform sampler2D given;
void main() {
    float cells = 0.0;
    for (int y = 0; y < ROWS; y++) for (int x = 0; x < COLUMNS; x++) {
        float any = 0.0;
        for (int s = 0; s < SIGNALS; s++) any = max(any, texelFetch(given, ivec2(x, y + ROWS * STRIPS * s), 0).w);
        cells += any;
    }
    colour = vec4(cells / float(ROWS * COLUMNS), 0.0, 0.0, 1.0);
}
"""

_SHOWN = (
    _TRACK
    + """
uniform sampler2D given;
uniform sampler2D offered;
uniform sampler2D area;
void main() {
    ivec2 cell; int signal; int number; vec4 s0, near, far;
    place(cell, signal, number);
    track(cell, signal, s0, near, far);
    float flickers = 0.0;
    for (int s = 0; s < SIGNALS; s++) {
        flickers = max(flickers, texelFetch(given, ivec2(cell.x, cell.y + ROWS * STRIPS * s), 0).w);
    }
    s0.w = 1.0;
    bool may_turn = near.x >= LEAST_GAP && far.y > 1.0;
    if (flickers > 0.0 && texelFetch(area, ivec2(0), 0).r > MOST_AREA && !may_turn) {
        float wanted = value(offered, cell, signal) - s0.z;
        float room = 0.7 * STEP[signal];
        float bound = s0.y >= 0.0 ? s0.x - room : s0.x + room;
        bool against = s0.y >= 0.0 ? wanted < 0.0 : wanted > 0.0;
        if (against && abs(wanted) > 1e-5) s0.w = clamp((bound - s0.z) / wanted, 0.0, 1.0);
    }
    colour = number == 0 ? s0 : number == 1 ? near : far;
}
"""
)

# The least of the neighbours, so that smoothing between cells never lets more through than a cell may.
_LEAST = """
uniform sampler2D shown;
void main() {
    ivec2 cell = ivec2(gl_FragCoord.xy);
    float least = 1.0;
    for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
        ivec2 at = clamp(cell + ivec2(x, y), ivec2(0), ivec2(COLUMNS - 1, ROWS - 1));
        for (int s = 0; s < SIGNALS; s++) {
            least = min(least, texelFetch(shown, ivec2(at.x, at.y + ROWS * STRIPS * s), 0).w);
        }
    }
    colour = vec4(least);
}
"""

_PASS = (
    LIGHT
    + """
uniform sampler2D picture;
uniform sampler2D before;
uniform sampler2D through;
void main() {
    vec3 c = texture(picture, uv).rgb;
    float k = texture(through, uv).r;
    if (k < 0.999) c = from_light(mix(to_light(texture(before, uv).rgb), to_light(min(c, 1.0)), k));
    colour = vec4(c, 1.0);
}
"""
)


def _filled(text: str) -> str:
    """The shader with its constants written in."""
    constants = {
        "GRID": f"vec2({GRID[0]}.0, {GRID[1]}.0)", "COLUMNS": str(GRID[0]), "ROWS": str(GRID[1]),
        "SIGNALS": str(SIGNALS), "STRIPS": str(STRIPS), "LEAST_GAP": f"{LEAST_GAP_S}", "MOST_AREA": f"{MOST_AREA}",
    }  # fmt: skip
    for name, value in constants.items():
        text = text.replace(name, value)
    return text


class Limiter:
    """Made when it is switched on. `limit` takes every finished picture and gives the one that may be shown."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        ctx = shared.ctx
        rows = GRID[1] * SIGNALS * STRIPS
        self._offered, self._measured, self._through = (Target(ctx, GRID, FULL) for _ in range(3))
        self._area = Target(ctx, (1, 1), FULL)
        self._given = [Target(ctx, (GRID[0], rows), FULL) for _ in range(2)]
        self._shown = [Target(ctx, (GRID[0], rows), FULL) for _ in range(2)]
        self._pictures = [Target(ctx, shared.size, shared.dtype) for _ in range(2)]
        self._fresh = True
        sources = {
            "measure": _MEASURE, "given": _GIVEN, "area": _AREA, "shown": _SHOWN, "least": _LEAST, "pass": _PASS,
        }  # fmt: skip
        self._programs: dict[str, Program] = {name: own_program(ctx, _filled(text)) for name, text in sources.items()}

    def limit(self, picture: moderngl.Texture) -> moderngl.Texture:
        """`picture` as far as it may be shown now."""
        before, after = self._pictures
        dt = max(self._shared.moment.dt_s, 0.0)
        if self._fresh:
            self._shared.copy(picture, before)
        self._run("measure", self._offered, picture=picture)
        self._run("measure", self._measured, picture=before.texture)
        for name, states in (("given", self._given), ("shown", self._shown)):
            self._programs[name].set("dt", dt)
            self._programs[name].set("fresh", self._fresh)
            old, new = states
            if name == "given":
                self._run(name, new, state=old.texture, measured=self._offered.texture)
                self._run("area", self._area, given=new.texture)
            else:
                self._run(
                    name, new, state=old.texture, measured=self._measured.texture, given=self._given[0].texture,
                    offered=self._offered.texture, area=self._area.texture,
                )  # fmt: skip
            states.reverse()
        self._run("least", self._through, shown=self._shown[0].texture)
        self._run("pass", after, picture=picture, before=before.texture, through=self._through.texture)
        self._pictures.reverse()
        self._fresh = False
        return after.texture

    def _run(self, name: str, out: Target, **textures: moderngl.Texture) -> None:
        program = self._programs[name]
        out.use()
        for place, (sampler, texture) in enumerate(textures.items()):
            program.set(sampler, place)
            texture.use(place)
        program.draw()

    def release(self) -> None:
        """Free the GL objects."""
        for target in (self._offered, self._measured, self._through, self._area, *self._given, *self._shown):
            target.release()
        for target in self._pictures:
            target.release()
        for program in self._programs.values():
            program.release()
