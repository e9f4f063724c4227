"""What a training leaves for the eye and for a show: the model folder, a sheet, the course of the losses."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from perform.core.card_text import card_text
from perform.generators.stylegan import seed_z
from perform.generators.stylegan.network import Generator
from perform.train.export import write_weights
from perform.train.measure import fine_power
from perform.train.place import replacing

COLOURS = {"critic": (240, 120, 90), "painter": (90, 190, 240), "augment": (150, 220, 130), "r1": (190, 150, 230)}


@torch.no_grad()
def paint(generator: Generator, count: int, first: int = 0, chunk: int = 8) -> Tensor:
    """Pictures of the seeds from `first` on, [count, 3, s, s] of -1..1 on the CPU."""
    device = next(generator.parameters()).device
    z = torch.cat([seed_z(first + i, generator.arch.z_dim) for i in range(count)]).to(device)
    ws = generator.mapping.truncate(generator.mapping(z))
    return torch.cat([generator.synthesis(part, "const").clamp(-1, 1).cpu() for part in ws.split(chunk)])


def sheet(pictures: Tensor, path: Path, across: int = 8) -> None:
    """Pictures as one JPEG."""
    count = len(pictures) // across * across
    side = pictures.shape[-1]
    grid = pictures[:count].view(-1, across, 3, side, side).permute(0, 3, 1, 4, 2).reshape(-1, across * side, 3)
    Image.fromarray(grid.add(1).mul(127.5).round().clamp(0, 255).byte().numpy()).save(path, quality=90)


class Course:
    """The losses over time: a table (`losses.csv`) and a plot (`losses.png`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows: list[dict[str, float]] = []
        table = folder / "losses.csv"
        if table.exists():
            with table.open(encoding="utf-8", newline="") as file:
                self.rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]

    def add(self, pictures: int, losses: Mapping[str, float]) -> None:
        """One point."""
        self.rows.append({"pictures": pictures, **losses})

    def write(self) -> None:
        """Table and plot."""
        names = ["pictures", *COLOURS]
        with (self._folder / "losses.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, names, extrasaction="ignore", restval="")
            table.writeheader()
            table.writerows(self.rows)
        if len(self.rows) > 1:
            self._plot()

    def _plot(self, width: int = 900, height: int = 320) -> None:
        from perform.outputs.chart import Canvas, save_chart

        canvas = Canvas(width, height, (16, 17, 22))
        xs = np.linspace(0, len(self.rows) - 1, width - 40)
        for number, (name, colour) in enumerate(COLOURS.items()):
            values = np.array([row.get(name, np.nan) for row in self.rows])
            known = np.flatnonzero(np.isfinite(values))
            if len(known) < 2:
                continue
            line = np.interp(xs, known, values[known])
            top = max(float(np.percentile(line, 99)), 1e-6)
            canvas.line(20, 40, height - 60, np.clip(line / top, 0, 1).astype(np.float32), colour)
            canvas.text(20 + 210 * number, 10, f"{name} {line[-1]:.3g} (of {top:.3g})", 14, colour)
        save_chart(self._folder / "losses.png", canvas.pixels())


def write_model(
    generator: Generator, folder: Path, training: Mapping[str, Any], licence: str, author: str,
    more: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """The model folder, whole or not at all. more: further entries of the card, or other ones."""
    with replacing(folder) as fresh:
        weights = write_weights(generator, fresh)
        arch = {k: list(v) if isinstance(v, tuple) else v for k, v in _arch(generator).items() if v not in (None, ())}
        entries = {
            "name": folder.name, "kind": "stylegan2", "title": folder.name.replace("_", " ").capitalize(),
            "author": author, "licence": licence, "weights": weights.name,
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(), "architecture": arch, "training": training,
            **(more or {}),
        }  # fmt: skip
        (fresh / "model.toml").write_text(card_text(entries), "utf-8")
    return folder


def _arch(generator: Generator) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(generator.arch)


def figures(generator: Generator, real: Tensor) -> dict[str, float]:
    """Distances to held-out pictures, detail, smoothness of walks."""
    from perform.generators.stylegan import Network
    from perform.train.distances import compare
    from perform.train.measure import walk_jump

    pictures = real.float() / 127.5 - 1
    painted = paint(generator, len(pictures), first=100)
    network = Network(generator)
    jumps = [walk_jump(network, 2 * i, 2 * i + 1) for i in range(3)]
    found = compare(pictures, painted)
    found["fine_power_ratio"] = round(fine_power(painted) / max(fine_power(pictures), 1e-12), 3)
    found["largest_over_median_step"] = round(max(jumps), 2)
    return found
