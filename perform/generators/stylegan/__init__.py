"""StyleGAN: `load_network` opens a model folder; the instrument that plays it lies beside."""

from __future__ import annotations

from .load import Network, load_network, seed_z
from .network import Architecture, Generator

__all__ = ["Architecture", "Generator", "Network", "load_network", "seed_z"]
