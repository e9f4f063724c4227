"""A source of your own in ten lines: breathing, which no LFO does quite like this, turns the knobs."""

import math
import sys
from pathlib import Path

import perform


@perform.source("breath")
def breath(moment: perform.Moment) -> float:
    """0..1: a short breath in, a long breath out, a rest; one every six seconds."""
    at = moment.seconds % 6.0
    return math.sin(0.25 * math.pi * at) ** 2 if at < 2.0 else math.exp(-(at - 2.0))


def main(out: Path, seconds: float = 6.0, size: tuple[int, int] = (480, 270)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    kept = []
    with perform.Show.offline(source="shader:creature", sound="silence", size=size, seconds=seconds) as show:
        show.add(breath)
        show.effect("bloom", amount=0.2)
        show["deck/a/source/swell"] = 0.0
        show.route("breath", "deck/a/source/swell", depth=1.0)  # the body fills
        show.route("breath", "deck/a/source/glow", depth=0.5, release_s=0.4)  # and glows a little longer
        every = max(1, round(seconds * 30 / 12))
        kept = [frame for frame in show if frame.number % every == every - 1]
    perform.save_png(out / "breath.png", perform.grid(kept, columns=4))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
