"""Pictures between two pictures, so that a slow painter looks fluid at the rate of the screen.

The picture on show lies between the last two that came, and reaches the newest when the next is due: everything comes
at most one painter's frame later than without.
"""

from __future__ import annotations

import moderngl

from perform.gl.flow import Flow
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import Target

MODES = ("off", "fade", "flow")
LONGEST_S = 0.5  # between two pictures: slower than that it is no film, and the newest is shown at once
NO_GAIN = 1.25  # a painter that is this many ticks apart or less needs no help

_FADE = """
uniform sampler2D older;
uniform sampler2D newer;
uniform float way;
void main() { colour = mix(texture(older, uv), texture(newer, uv), way); }
"""

# Both pictures are bent to the moment between them. Where that does not bring them together (something glows, is hidden
# or comes out of nothing) a plain fade does the least harm.
_FLOW = """
uniform sampler2D older;
uniform sampler2D newer;
uniform sampler2D flow;
uniform float way;
void main() {
    vec3 f3 = texture(flow, uv).xyz;
    f3 = texture(flow, uv - way * f3.xy).xyz;
    vec2 f = f3.xy;
    vec4 a = texture(older, uv - way * f);
    vec4 b = texture(newer, uv + (1.0 - way) * f);
    vec4 o = texture(older, uv);
    vec4 n = texture(newer, uv);
    float left = length(a.rgb - b.rgb) / (length(o.rgb - n.rgb) + 0.01);
    float trust = smoothstep(0.75, 0.98, f3.z) * (1.0 - smoothstep(0.4, 1.0, left));
    colour = mix(mix(o, n, way), mix(a, b, way), trust);
}
"""


class Between:
    """One deck's. `delay_s`: what it adds now, 0 while it adds nothing."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._fade: Program | None = None
        self._bend: Program | None = None
        self._flow: Flow | None = None
        self._target: Target | None = None
        self._period_s = 0.0
        self._came_s: float | None = None
        self._start = 1.0
        self._due = False
        self.delay_s = 0.0

    def came(self, newer: moderngl.Texture, *, flow: bool, due_s: float = 0.0) -> None:
        """A new picture stands in `newer`. due_s: when it is to be seen whole, where that is still to come."""
        now_s = self._shared.moment.seconds
        since_s = 0.0 if self._came_s is None else now_s - self._came_s
        shown = self._way()
        self._came_s = now_s
        self._due = due_s > now_s
        if self._due:
            self._period_s = due_s - now_s
        elif not 0.0 < since_s <= LONGEST_S:
            self._period_s = 0.0
        elif self._period_s == 0.0:
            self._period_s = since_s
        else:
            self._period_s += 0.25 * (since_s - self._period_s)
        self._start = max(shown - 1.0, 0.0) if self._period_s > 0.0 else 1.0
        if flow:
            if self._flow is None:
                self._flow = Flow(self._shared)
            if self._period_s == 0.0:
                self._flow.forget()
            self._flow.add(newer)
        elif self._flow is not None:
            self._flow.forget()

    def _way(self) -> float:
        """0..1 from the older picture to the newer one, now."""
        period_s, came_s = self._period_s, self._came_s
        if came_s is None or period_s <= NO_GAIN * self._shared.moment.dt_s or period_s <= 0.0:
            return 1.0
        done = (self._shared.moment.seconds - came_s) / period_s
        return min(self._start + (1.0 - self._start) * done, 1.0)

    def picture(self, older: moderngl.Texture, newer: moderngl.Texture, *, flow: bool) -> moderngl.Texture:
        """What is to be seen now."""
        way = self._way()
        active = self._period_s > NO_GAIN * self._shared.moment.dt_s
        self.delay_s = self._period_s if active and not self._due else 0.0
        if way >= 1.0:
            return newer
        bent = flow and self._flow is not None and self._flow.ready
        program = self._program(bent)
        assert self._target is not None
        self._target.use()
        older.use(0)
        newer.use(1)
        if bent:
            assert self._flow is not None
            self._flow.texture.use(2)
        program.set("way", way)
        program.draw()
        return self._target.texture

    def _program(self, bent: bool) -> Program:
        shared = self._shared
        if self._target is None:
            self._target = Target(shared.ctx, shared.size, shared.dtype)
        found = self._bend if bent else self._fade
        if found is None:
            found = own_program(shared.ctx, _FLOW if bent else _FADE)
            for place, name in enumerate(("older", "newer", "flow")):
                found.set(name, place)
            if bent:
                self._bend = found
            else:
                self._fade = found
        return found

    def release(self) -> None:
        """Free the GL objects."""
        for part in (self._fade, self._bend, self._flow, self._target):
            if part is not None:
                part.release()
