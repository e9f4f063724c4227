"""Stepped by hand: a performance is a list of what was turned when, and can be played again larger, frame for frame."""

import json
import sys
from pathlib import Path

import perform

LOOK = {"source": "shader:julia_lace", "fps": 30}


def main(out: Path, seconds: float = 4.0, size: tuple[int, int] = (960, 540)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    told = []
    small = (size[0] // 2, size[1] // 2)
    with perform.Show.offline(**LOOK, size=small) as show:
        show.effect("kaleidoscope")
        names = [name for name, row in show.params.items() if name.startswith("deck/a/source/") and row.kind == "float"]
        while show.seconds < seconds:
            # Here you decide, by whatever you like: what was heard, what the frame looked like, a dice, a sensor.
            if show.signals["beat/count"] > len(told):
                told.append((show.seconds + 1 / 30, names[len(told) % len(names)], show.signals["audio/level"]))
                show.replay(told[-1:])
            show.step()
    (out / "performance.json").write_text(json.dumps(told, indent=1))
    # The same performance again, twice as large: the same music, the same hands.
    with perform.Show.offline(**LOOK, size=size, seconds=seconds) as show:
        show.effect("kaleidoscope")
        show.replay(json.loads((out / "performance.json").read_text()))
        show.play()
        show.frame.save(out / "by_hand.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
