"""A feature of sound of your own in ten lines: how often the wave crosses zero, which tells hiss from hum."""

import sys
from pathlib import Path

import numpy as np

import perform


@perform.feature("audio/hiss", doc="0 for a hum, 1 for a hiss")
def hiss(hop: perform.Hop) -> float:
    """hop.samples is [2, n]: the newest 5 ms of sound, left and right."""
    crossings = np.count_nonzero(np.diff(np.signbit(hop.samples), axis=1))
    return float(hop.gate) * 4.0 * crossings / hop.samples.size


def main(out: Path, seconds: float = 8.0, size: tuple[int, int] = (480, 270)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with perform.Show.offline(source="shader:glass_cells", size=size, start_s=24.0, seconds=seconds) as show:
        show.add(hiss)
        show.effect("bloom", amount=0.3)
        show["deck/a/source/facets"] = 2.0  # a hum is a few large panes, a hiss is many shards
        show.route("audio/hiss", "deck/a/source/facets", depth=1.0, lo=0.0, hi=0.6, release_s=0.2)
        show.route("audio/hiss", "deck/a/source/hue", depth=0.6, lo=0.0, hi=0.6, release_s=0.2)
        frames = list(show)
    # The frames in the order of what was heard: hum first, hiss last.
    frames.sort(key=lambda frame: frame.signals["audio/hiss"])
    kept = [frames[n] for n in np.linspace(0, len(frames) - 1, 12).astype(int)]
    perform.save_png(out / "hum_to_hiss.png", perform.grid(kept, columns=4))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
