"""From a trained generator to what a model folder holds: half-precision safetensors, and a sheet for the eye."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file

from perform.generators.stylegan.network import Generator


@torch.no_grad()
def mean_w(generator: Generator, count: int = 20_000) -> None:
    """Set w_avg to the mean of w over latents of a fixed seed."""
    z = torch.randn(count, generator.arch.z_dim, generator=torch.Generator().manual_seed(0))
    z = z.to(generator.mapping.w_avg.device)
    generator.mapping.w_avg.copy_(generator.mapping(z).mean(0))


@torch.no_grad()
def sheet(generator: Generator, side: int, path: Path, across: int = 8, down: int = 4) -> None:
    """A contact sheet of seeds 0, 1, 2, ... as PNG."""
    from perform.generators.stylegan.load import seed_z

    z = torch.cat([seed_z(i, generator.arch.z_dim) for i in range(across * down)])
    pictures = torch.cat([generator(part, "const", until=side) for part in z.split(8)])
    grid = pictures.view(down, across, 3, side, side).permute(0, 3, 1, 4, 2).reshape(down * side, across * side, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid.add(1).mul(127.5).round().clamp(0, 255).byte().numpy()).save(path)


def cut(generator: Generator, side: int) -> Generator:
    """The same generator without the blocks above `side` px."""
    if side >= generator.arch.resolution:
        return generator
    smaller = Generator(replace(generator.arch, resolution=side))
    own = smaller.state_dict()
    smaller.load_state_dict({k: v for k, v in generator.state_dict().items() if k in own})
    return smaller


def write_weights(generator: Generator, folder: Path) -> Path:
    """weights.safetensors (float16) in `folder`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().half().contiguous() for k, v in generator.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    (folder / "weights.safetensors").chmod(0o644)  # the writer keeps it to its owner; a model is for all
    return folder / "weights.safetensors"
