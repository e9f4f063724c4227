"""StyleGAN: `load_network` opens a model folder; the instrument that plays it lies beside."""

from __future__ import annotations

from .load import Network, load_network, seed_z
from .network import Architecture, Generator
from .protocol import Each, Layer, StyleNetwork

__all__ = ["Architecture", "Each", "Generator", "Layer", "Network", "StyleNetwork", "load_network", "seed_z"]
