"""StyleGAN3's generator as it is stored: names of parameters are those that public checkpoints use."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..layers import FullyConnected, drawn
from ..mapping import MappingNetwork
from ..protocol import Layer
from .shape import Architecture3, InputShape, LayerShape


class Waves(nn.Module):
    """The input: fixed waves, placed by w and by `transform`, mixed by `weight` ([K21] section 3.1 and appendix F)."""

    def __init__(self, shape: InputShape, w_dim: int) -> None:
        super().__init__()
        self.shape = shape
        self.weight = nn.Parameter(drawn(shape.channels, shape.channels))
        self.affine = FullyConnected(w_dim, 4)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", drawn(shape.channels, 2))
        self.register_buffer("phases", drawn(shape.channels))


class FilteredLayer(nn.Module):
    """Modulated convolution and an activation between two low-passes ([K21] figure 4b)."""

    def __init__(self, shape: LayerShape, w_dim: int) -> None:
        super().__init__()
        self.shape = shape
        self.weight = nn.Parameter(drawn(shape.outputs, shape.inputs, shape.kernel, shape.kernel))
        self.bias = nn.Parameter(torch.zeros(shape.outputs))
        self.affine = FullyConnected(w_dim, shape.inputs, bias_start=1.0)
        self.register_buffer("magnitude_ema", torch.ones(()))
        if shape.up_taps > 1:
            self.register_buffer("up_filter", torch.zeros(shape.up_taps))
        if shape.down_taps > 1:
            self.register_buffer("down_filter", torch.zeros((shape.down_taps,) * (2 if shape.radial else 1)))


class Synthesis3(nn.Module):
    """ws to picture; holds the weights, `AliasFreeSynthesis` plays them."""

    def __init__(self, arch: Architecture3) -> None:
        super().__init__()
        self.arch = arch
        self.input = Waves(arch.input, arch.w_dim)
        for shape in arch.layers:
            self.add_module(shape.name, FilteredLayer(shape, arch.w_dim))

    def filtered(self) -> list[FilteredLayer]:
        """Its layers in the order they run."""
        return [self.get_submodule(shape.name) for shape in self.arch.layers]  # type: ignore[misc]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in the order they run."""
        first = self.arch.input
        found = [Layer(0, "input", "input", 0, first.size, first.rate, first.channels)]
        for n, one in enumerate(self.arch.layers, 1):
            kind = "colours" if one.colours else "conv"
            found.append(Layer(n, one.name, kind, n, one.out_size, one.out_rate, one.outputs))
        return tuple(found)


class Generator3(nn.Module):
    """Mapping and synthesis together, as stored."""

    def __init__(self, arch: Architecture3) -> None:
        super().__init__()
        self.arch = arch
        self.mapping = MappingNetwork(arch.mapping)
        self.synthesis = Synthesis3(arch)

    def set_filters(self, filters: dict[str, Tensor]) -> None:
        """Put low-passes in place, `L0_36_512.up_filter` and so on: for a network that no checkpoint brought."""
        self.synthesis.load_state_dict(filters, strict=False)
