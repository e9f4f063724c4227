"""The first picture: open a show, let it hear two seconds of its own band, and keep what it shows."""

import sys
from pathlib import Path

import perform


def main(out: Path, seconds: float = 2.0, size: tuple[int, int] = (640, 360)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    # A preset is a look: what paints, through which effects, and what the music moves.
    with perform.Show.offline(preset="temple_flight", size=size, seconds=seconds) as show:
        print(f"{show}: {len(show.params)} things to turn, {len(show.signals)} things that move")
        show.play()  # 30 frames for each second of sound; `for frame in show:` gives them one by one
        show.frame.save(out / "first_picture.png")
        print(f"the bass was at {show.frame.signals['audio/bass/level']:.2f} when this frame was shown")
        # In a notebook, write `show.frame` as the last line of a cell: it shows itself.


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
