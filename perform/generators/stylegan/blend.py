"""Two models of one architecture as one: weights mixed layer by layer, as far as each group of layers is asked to.

Averaging the weights of networks that grew from one parent gives networks between them; taking the coarse layers of
one and the fine ones of the other joins the form of one with the skin of the other (Pinkney and Adler 2020,
"Resolution Dependent GAN Interpolation", section 2). Models that are no kin give pictures of neither.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from perform.core.errors import ModelError

from .latents import layer_groups

STEP = 1.0 / 512.0  # a smaller change of an amount is not worth new weights


class Blend:
    """A third network between two, renewed where an amount changes. network: what is to be painted with; it shares the
    noise of `first`, so that an instrument's grain flows on in it."""

    def __init__(self, first: Any, second: Any) -> None:
        check_kin(first, second)
        self.second = second
        self._ends = (_weights(first), _weights(second))
        self.network = type(first)(copy.deepcopy(first.generator), first.card, first.dtype)
        self._noises = list(zip(_noisy(self.network), _noisy(first), strict=True))
        for own, lent in self._noises:
            own.const, own.strength = lent.const, lent.strength
        self._mine = _weights(self.network)
        group_of = layer_groups(first.num_ws, first.num_ws)
        steered = {layer.index: (layer.ws or 0) - (layer.kind == "colours") for layer in first.layers}
        self._groups = {index: int(group_of[max(ws, 0)]) for index, ws in steered.items()}
        self._amounts = {layer.index: 0.0 for layer in first.layers}

    def at(self, amounts: tuple[float, float, float]) -> Any:
        """The network that is so far (0..1: coarse, middle, fine layers) on its way from the first to the second."""
        for layer in self.network.layers:
            wanted, now = amounts[self._groups[layer.index]], self._amounts[layer.index]
            if abs(wanted - now) >= STEP or (wanted in (0.0, 1.0) and wanted != now):
                self._mix(layer, wanted)
                self._amounts[layer.index] = wanted
        for own, lent in self._noises:  # the instrument switches lent noise on and off in the first network
            own.silent = lent.silent
        return self.network

    def _mix(self, layer: Any, amount: float) -> None:
        names = [n for n in self._mine if n == layer.name or n.startswith(layer.name + ".")]
        if layer.name.endswith("conv1"):  # the other branch of a residual block goes along
            names += [n for n in self._mine if n.startswith(layer.name.removesuffix("conv1") + "skip.")]
        first, second = self._ends
        for name in names:
            torch.lerp(first[name], second[name], amount, out=self._mine[name])
        self.network.renew(layer)


def _weights(network: Any) -> dict[str, torch.Tensor]:
    """What is mixed, by name: all that was learnt but the noise, which stays that of the first model."""
    synthesis = network.generator.synthesis
    found = {name: value.data for name, value in synthesis.named_parameters() if not name.endswith("noise_strength")}
    return found | {name: value for name, value in synthesis.named_buffers() if name.endswith("magnitude_ema")}


def _noisy(network: Any) -> list[Any]:
    """The prepared layers that hold noise."""
    return [conv for block in getattr(network._fused, "blocks", ()) for conv in block.convs]


def check_kin(first: Any, second: Any) -> None:
    """Raises ModelError unless the weights of two networks can be mixed."""
    if not (hasattr(first, "renew") and hasattr(second, "renew")):
        raise ModelError(f"{_name(second)}: networks of this make cannot be blended")
    shapes = [{k: tuple(v.shape) for k, v in n.generator.state_dict().items()} for n in (first, second)]
    if shapes[0] != shapes[1]:
        raise ModelError(
            f"{_name(second)} cannot be blended with {_name(first)}: they are not of one architecture; their cards' "
            "[architecture] must be the same"
        )


def _name(network: Any) -> str:
    return str(getattr(getattr(network, "card", None), "name", "the model"))


def amounts_of(p: Any) -> tuple[float, float, float]:
    """What the rows ask for: coarse, middle, fine."""
    return float(p["blend_coarse"]), float(p["blend_middle"]), float(p["blend_fine"])


def no_second(name: str) -> ModelError:
    """The error of an instrument that was given no way to find models."""
    return ModelError(f"blend_model {name}: this instrument was given no folder to look in")
