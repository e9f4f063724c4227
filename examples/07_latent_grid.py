"""A model without a show: what it paints at nine seeds, and how each of them opens as psi grows."""

import sys
from pathlib import Path

import numpy as np

import perform


def main(out: Path, seconds: float = 4.0, columns: int = 6) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rows = max(1, round(seconds))  # one row for each second that you have
    with perform.Model("noctiluca") as model:
        print(f"{model.card.title or model.name}, {model.card.licence}: {len(model.params)} parameters")
        sweep = np.linspace(0.2, 1.1, columns)  # psi: 0 is the mean of all it knows, 1 is the whole of it
        pictures = [model.paint(seed=seed, psi=float(psi)) for seed in range(rows) for psi in sweep]
        # The same picture as a torch tensor, where it was painted: model.tensor(seed=3)
    perform.save_png(out / "psi_of_seeds.png", perform.grid(pictures, columns=columns, gap_px=4))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
