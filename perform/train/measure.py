"""What a model's pictures are worth, in figures, against the pictures it was taught. `python -m perform.train.measure`

All distances are taken in a fixed space of random features: three layers of random convolutions, of a fixed seed, at
three sizes, averaged over a 4x4 grid. Such a space knows colour, contrast, direction and layout, nobody trained it,
and it is the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from perform.core.card import Card
from perform.generators.stylegan import Network, load_network, seed_z
from perform.train import rules

SEEDS = 64
WALKS, STEPS = 6, 60
SMALLEST = 32  # px that the layers need
LATER = 10_000  # the training pictures' seeds start here: other pictures than the model's, of the same rules


def random_layers(width: int = 24) -> list[Tensor]:
    """Kernels [out, in, 3, 3] of three layers, drawn once for all."""
    chance = np.random.RandomState(7)
    shapes = [(width, 3), (width, width), (width, width)]
    return [torch.from_numpy(chance.randn(o, i, 3, 3) / (9 * i) ** 0.5).float() for o, i in shapes]


@torch.no_grad()
def features(pictures: Tensor) -> Tensor:
    """Pictures [n, 3, side, side] -> [n, features], each layer at each size weighing alike."""
    if pictures.shape[-1] < SMALLEST:
        pictures = F.interpolate(pictures, size=SMALLEST, mode="bilinear", align_corners=False)
    parts = []
    for side in (pictures.shape[-1], pictures.shape[-1] // 2, pictures.shape[-1] // 4):
        x = F.adaptive_avg_pool2d(pictures, side)
        for kernel in random_layers():
            x = F.leaky_relu(F.conv2d(x, kernel, padding=1), 0.2) * 2**0.5
            parts.append(F.adaptive_avg_pool2d(x, 4).flatten(1))
            x = F.avg_pool2d(x, 2)
    return torch.cat(parts, 1)


def pairwise(points: Tensor) -> Tensor:
    """All distances between different rows of [n, d], [n (n - 1) / 2]."""
    return torch.pdist(points.double())


def fine_power(pictures: Tensor) -> float:
    """Mean power in the upper half of the spectrum (from half the highest frequency up), of the brightness."""
    grey = pictures.double().mean(1)
    side = grey.shape[-1]
    window = torch.hann_window(side, periodic=False, dtype=torch.float64)
    grey = (grey - grey.mean((1, 2), keepdim=True)) * window[:, None] * window
    power = torch.fft.fft2(grey).abs().square() / side**2
    frequency = torch.fft.fftfreq(side, dtype=torch.float64).abs()
    upper = torch.maximum(frequency[:, None], frequency[None, :]) >= 0.25
    return float(power[:, upper].sum(1).mean())


def show(network: Network, ws: Tensor) -> Tensor:
    """Pictures [n, 3, side, side] with the stored noise, a few at a time."""
    return torch.cat([network.synthesis(part, "const") for part in ws.split(4)]).clamp(-1, 1)


def walk_jump(network: Network, first: int, second: int) -> float:
    """Largest step over median step, in features, on the straight way in w from one seed to another."""
    ends = network.mapping(torch.cat([seed_z(first, network.z_dim), seed_z(second, network.z_dim)]))
    way = torch.linspace(0, 1, STEPS)[:, None, None]
    return unevenness(features(show(network, ends[:1].lerp(ends[1:], way))))


def unevenness(points: Tensor) -> float:
    """Largest step over median step along a path of features [n, d]."""
    steps = (points[1:] - points[:-1]).norm(dim=1)
    return float(steps.max() / steps.median().clamp_min(1e-9))


def taught_families(card: Card | None) -> tuple[str, ...]:
    """Which families of rules a model was taught: all that its card does not say otherwise of."""
    return tuple(card.training.get("families", rules.FAMILIES)) if card is not None else rules.FAMILIES


def measure(
    network: Network, count: int = SEEDS, walks: int = WALKS, among: Sequence[str] | None = None
) -> dict[str, float]:
    """The figures, beside the families of rules that it was taught. Aims: distance >= 0.7, nearest >= 1, fine >= 0.5,
    jump <= 4.

    The nearest two are held against the first percentile of all training distances. As many training pictures do not
    reach 1 themselves, for their nearest two are by nature below that percentile; their own figure stands beside.
    """
    among = among or taught_families(network.card)
    z = torch.cat([seed_z(i, network.z_dim) for i in range(count)])
    taught_z = torch.cat([seed_z(LATER + i, network.z_dim) for i in range(count)])
    made = show(network, network.mapping(z))
    taught = torch.cat([rules.draw(part, network.resolution, 1, among) for part in taught_z.split(8)])
    own, theirs = pairwise(features(made)), pairwise(features(taught))
    jumps = [walk_jump(network, 2 * i, 2 * i + 1) for i in range(walks)]
    return {
        "seeds": count,
        "distance_ratio": round(float(own.mean() / theirs.mean()), 3),
        "nearest_ratio": round(float(own.min() / theirs.quantile(0.01)), 3),
        "nearest_ratio_of_training": round(float(theirs.min() / theirs.quantile(0.01)), 3),
        "fine_power_ratio": round(fine_power(made) / fine_power(taught), 3),
        "largest_over_median_step": round(max(jumps), 2),
    }


def record(folder: Path, figures: dict[str, float]) -> None:
    """Write the figures into the model's card, in place of those that stand there."""
    card = folder / "model.toml"
    table = ", ".join(f"{key} = {value}" for key, value in figures.items())
    lines = [
        f"measures = {{ {table} }}" if line.startswith("measures = ") else line
        for line in card.read_text("utf-8").splitlines()
    ]
    card.write_text("\n".join(lines) + "\n", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command: print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="perform.train.measure", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("--record", action="store_true", help="write them into its card as well")
    options = parser.parse_args(arguments)
    figures = measure(load_network(options.model))
    if options.record:
        record(options.model, figures)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
