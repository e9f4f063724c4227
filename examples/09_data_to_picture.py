"""Data turn the picture: a table of a year (here one we make up) is played as if it were music."""

import csv
import sys
from pathlib import Path

import numpy as np

import perform


def make_table(path: Path) -> None:
    """365 days of a place by the sea: day, warmth in degrees, rain in mm. Put a table of your own here."""
    days, chance = np.arange(365), np.random.default_rng(7)
    warmth = 11 - 8 * np.cos(2 * np.pi * (days - 20) / 365) + chance.normal(0, 1.0, 365)
    rain = np.clip(chance.gamma(0.5, 9.0, 365) * (1.3 + np.cos(2 * np.pi * days / 365)) - 4, 0, None)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("day", "warmth", "rain"), *zip(days, warmth.round(1), rain.round(1), strict=True)])


def main(out: Path, seconds: float = 12.0, size: tuple[int, int] = (320, 180)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    make_table(out / "year.csv")
    rows = list(csv.DictReader((out / "year.csv").read_text().splitlines()))
    with perform.Show.offline(source="shader:silk", sound="silence", size=size, seconds=seconds) as show:
        # A series is a source: its smallest number becomes 0, its largest 1.
        for name in ("warmth", "rain"):
            show.add(perform.series(f"year/{name}", [float(row[name]) for row in rows], seconds=seconds))
        show.effect("film_grade", temperature=-1.0)
        show.route("year/warmth", "master/fx/film_grade/temperature", depth=1.0)  # blue frost, golden August
        show.effect("rain_glass", amount=0.0, drops=0.0)
        for target in ("amount", "drops"):
            show.route("year/rain", f"master/fx/rain_glass/{target}", depth=2.0, attack_s=0.05, release_s=0.3)
        frames = list(show)
    months = [frames[n] for n in np.linspace(0, len(frames) - 1, 13).astype(int)[1:]]
    perform.save_png(out / "year.png", perform.grid(months, columns=4))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
