"""Small random networks of every family for tests of the instrument, and instruments that play them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from perform.core.card import Card
from perform.core.types import Moment, ParamFrame
from perform.generators.stylegan.alias_free import Generator3
from perform.generators.stylegan.alias_free.schedule import Recipe, planned
from perform.generators.stylegan.instrument import Instrument
from perform.generators.stylegan.load import Network
from perform.generators.stylegan.network import Architecture, Generator

CARD = Card("tiny", "stylegan2", Path("nowhere"), "x.safetensors", "")
START = Moment(0.0, 0.0, 0)


def centred(made: Any, classes: int = 0) -> None:
    """Give a mapping the mean of w that it has."""
    with torch.no_grad():
        z = torch.randn(512, made.arch.z_dim)
        c = torch.eye(classes)[torch.randint(classes, (512,))] if classes else None
        made.mapping.w_avg.copy_(made.mapping(z, c).mean(dim=0))


def stylegan2(seed: int = 3, noise: float = 0.3, **more: Any) -> Network:
    """32 px, noise that can be seen, styles that matter in every layer."""
    torch.manual_seed(seed)
    shape = {"z_dim": 32, "w_dim": 32, "resolution": 32, "channel_base": 512, "channel_max": 32}
    made = Generator(Architecture(**(shape | {"num_mapping_layers": 2} | more)))
    with torch.no_grad():
        for block in made.synthesis.blocks():
            for conv in block.convs:
                conv.noise_strength.fill_(noise)
                conv.affine.weight.mul_(2.0)
            if block.torgb is not None:
                block.torgb.weight.mul_(0.15)
    centred(made, more.get("c_dim", 0))
    return Network(made, CARD)


def stylegan3(seed: int = 4) -> Network:
    """32 px, six layers, waves that fit in the band."""
    arch, filters = planned(Recipe(32, channel_base=512, channel_max=16, num_layers=6), z_dim=16, w_dim=16)
    torch.manual_seed(seed)
    made = Generator3(arch)
    made.set_filters(filters)
    with torch.no_grad():
        waves = made.synthesis.input
        waves.affine.weight.mul_(0.1)
        waves.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        angles = torch.rand(len(waves.freqs)) * 2 * math.pi
        waves.freqs.copy_(torch.stack([angles.cos(), angles.sin()], 1) * arch.input.bandwidth)
        waves.phases.uniform_(-0.5, 0.5)
        for layer in made.synthesis.filtered():
            layer.affine.weight.mul_(2.0)
            layer.magnitude_ema.fill_(1.0)
    centred(made)
    return Network(made, CARD)


def instrument(network: Any, **request: Any) -> Instrument:
    """An instrument that plays a network."""
    loaded = request.pop("load", None) or (lambda *_, **__: network)
    made = Instrument(load=loaded)
    made.open(CARD, "cpu")
    made.prepare({"seed": 1, "warm": False} | request)
    return made


def still(made: Instrument, moment: Moment = START, **values: Any) -> np.ndarray:
    """One picture of the seed, standing, as whole numbers."""
    image: np.ndarray = made.render(ParamFrame({"walk": "hold", "glide_s": 0.0} | values), {}, moment).image
    return image.astype(int)
