"""A shader in a text: write GLSL in Python, and its inputs become parameters."""

import sys
from pathlib import Path

import perform

DUNES = """/*{ "ISFVSN": "2", "INPUTS": [
  { "NAME": "wind", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0 },
  { "NAME": "sun", "TYPE": "color", "DEFAULT": [1.0, 0.55, 0.25, 1.0] } ] }*/
float hill(float x, float n) {
    return 0.5 * sin(x * (1.3 + 0.37 * n) + n * 4.1) + 0.25 * sin(x * (3.1 + 0.5 * n) + n * 1.7);
}
void main() {
    vec2 p = isf_FragNormCoord, s = (p - vec2(0.62, 0.56)) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec3 light = mix(vec3(0.02, 0.03, 0.09), sun.rgb, pow(1.0 - p.y, 2.4)) + sun.rgb * 0.012 / (0.004 + dot(s, s));
    for (float n = 1.0; n < 9.0; n += 1.0) {  // nine ridges of sand, the far ones first
        float x = p.x * 5.3 / (0.4 + 0.09 * n) + TIME * wind * 0.25 * n;
        float depth = 0.62 - 0.075 * n + 0.06 * hill(x, n) - p.y;
        vec3 sand = mix(sun.rgb * 0.5, vec3(0.01, 0.008, 0.02), n / 8.0) + 0.25 * sun.rgb * exp(-26.0 * depth);
        light = mix(light, sand, smoothstep(0.0, 3.0 / RENDERSIZE.y, depth));
    }
    gl_FragColor = vec4(light, 1.0);
}
"""


def main(out: Path, seconds: float = 3.0, size: tuple[int, int] = (960, 540)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with perform.Show.offline(source=perform.shader("dunes", DUNES), size=size, seconds=seconds) as show:
        show.route("audio/level", "deck/a/source/wind", depth=0.5, release_s=1.0)
        show.play()
        show["deck/a/source/sun"] = (0.45, 0.65, 1.0, 1.0)  # and now by moonlight
        show.step().save(out / "dunes.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
