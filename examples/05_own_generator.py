"""A painter of your own: numpy draws waves that meet, and the instrument does the rest."""

import sys
from pathlib import Path

import numpy as np

import perform

Y, X = np.mgrid[-0.5625:0.5625:360j, -1.0:1.0:640j].astype(np.float32)


@perform.generator("ripples", perform.Param("stones", "int", 5, 1, 9), perform.Param("fine", "float", 55.0, 5.0, 90.0))
def ripples(moment: perform.Moment, values: dict) -> np.ndarray:
    """[h, w, 3] float, 0..1: rings run outward from a few stones, and add up where they cross."""
    height = np.zeros_like(X)
    for n in range(values["stones"]):
        turn = 2.4 * n + 0.15 * moment.seconds
        far = np.hypot(X - 0.62 * np.cos(turn), Y - 0.4 * np.sin(1.3 * turn))
        height += np.sin(values["fine"] * far - 4.0 * moment.seconds) * np.exp(-2.2 * far)
    crest, hollow = np.clip(height, 0, None), np.clip(-height, 0, None)
    return np.stack([crest**1.5 + 0.02, 0.6 * crest**2 + 0.25 * hollow, 0.3 * crest**4 + 0.35 * hollow + 0.05], axis=2)


def main(out: Path, seconds: float = 4.0, size: tuple[int, int] = (960, 540)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with perform.Show.offline(source=ripples, size=size, seconds=seconds) as show:
        show.effect("bloom", amount=0.2)
        show.effect("film_grade")
        # Its parameters are like all others: routes, presets, OSC and MIDI reach them.
        show.route("audio/bass/hit", "deck/a/source/fine", depth=-0.1, release_s=0.4)
        show.play()
        show.frame.save(out / "ripples.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
