"""Live: a window (or none, where there is no screen), and code of yours that looks in at every frame."""

import sys
from pathlib import Path

import perform


def main(out: Path, seconds: float = 20.0, size: tuple[int, int] = (640, 360), **options: object) -> None:
    out.mkdir(parents=True, exist_ok=True)
    brightest = 0.0

    def look(frame: perform.ShowFrame) -> None:
        nonlocal brightest
        hit = frame.signals.get("audio/bass/hit", 0.0)
        if hit > brightest:  # the picture is only read from the card when it is asked for
            brightest = hit
            frame.save(out / "hardest_hit.png")

    # sound="mic" hears the room. osc_port=9000 and web=9800 let others in.
    with perform.Show.live(sound="synth", preset="silk_road", size=size, **options) as show:
        show.play(look, seconds=seconds)
        print(f"{show}: {show.notes[-1] if show.notes else 'nothing to say'}")
        # In a program that has a loop of its own:  while show.running: frame = show.step()
        show.step().save(out / "last.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
