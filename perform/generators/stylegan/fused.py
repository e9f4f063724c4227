"""The same synthesis, arranged for speed at play.

Measured on 2 CPU cores (Zen 4, oneDNN): channels_last throughout; transposed convolution followed by the depthwise
low-pass beats folding the low-pass into four sub-pixel kernels (four times the arithmetic) at every size; style
and demodulation go into the weights where a picture has far more activations than its layer has weights, and else onto
the activations, beside weights that were laid out once (`packed`); an up-sampling layer's demodulation and bias ride in
its low-pass; all styles come of two products (`modulation`); noise and leaky ReLU are done in place. bfloat16 about
halves the time where the CPU has it. Wide layers convolve by fewer products (`winograd`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .card import CardConvolution, coloured, kernels
from .double import doubled
from .layers import EPS, SLOPE, Convolution, ToRGB, blur_kernel
from .modulation import Known, Modulation
from .network import Block, SynthesisNetwork
from .packed import Packed
from .plane import extended
from .protocol import Each, Layer
from .winograd import Winograd, pays

LAST = torch.channels_last
Gains = list[float] | Tensor | None
"""Factors on each layer's noise; a tensor [num_layers] where a recorded graph reads them anew each time."""


class FusedConvolution:
    """One `Convolution`, prepared: gains folded, squared weights summed, kernels laid out."""

    def __init__(self, conv: Convolution, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.up, self.clamp, self.gain = conv.up, conv.clamp, conv.gain
        least = min(conv.weight.shape[:2])
        self.tile = 0 if conv.up else pays(least, conv.noise_const.shape[-1], dtype, conv.weight.device)
        self.side = conv.noise_const.shape[-1]
        self.renew(conv)
        self.strength = conv.noise_strength.detach().float() * self.gain
        self.const = (conv.noise_const.detach().float() * self.strength)[None, None].to(dtype)
        self.silent = bool(self.strength == 0)
        self.blur = blur_kernel(self.plain.shape[0], 4.0, self.weight) if conv.up else None

    def renew(self, conv: Convolution) -> None:
        """Take over the weights, but not the noise."""
        weight = conv.weight.detach().float()
        self.plain = weight  # [out, in, 3, 3] float32, for folding style and demodulation in
        self.squares = weight.square().sum((2, 3)).T.contiguous()
        self.level = self.squares.sum(0).add_(EPS).rsqrt_() if self.dtype == torch.float16 else None
        weight = weight if self.level is None else weight * self.level[:, None, None, None]
        shared = weight.transpose(0, 1).contiguous() if conv.up else weight.contiguous(memory_format=LAST)
        self.weight = shared.to(self.dtype)
        self.packed = Packed(self.weight, conv.up)
        self.fewer: Winograd | None = None
        self.bias = conv.bias.detach().float() * self.gain
        self.shift = self.bias[:, None, None].to(self.dtype)
        self.affine_weight = (conv.affine.weight * conv.affine.weight_gain).detach().float()
        self.affine_bias = (conv.affine.bias * conv.affine.bias_gain).detach().float()
        found = kernels(self.plain, self.dtype)
        self.card = None if found is None else CardConvolution(found, self)

    def __call__(self, x: Tensor, w: Tensor, noise: Tensor | None, known: Known | None = None) -> Tensor:
        """x [n, in, h, w], w [n, w_dim] float32, noise as it is to be added -> [n, out, H, W]. known: what w makes of
        the layer, where that was found already."""
        if self.card is not None:
            return self.card(x, w, noise)
        known = self._steered(w) if known is None else known
        one = len(x) == 1 and x.is_cpu and self.level is None
        if one and self.blur is not None:
            y = self._up_one(x, known)
        else:
            fewer = self._fewer(x)
            if one and fewer is None and self._folds(x.numel() + x.shape[2] * x.shape[3] * len(self.bias)):
                y = self._folded(x, known)
            else:
                x = x * known.scale
                y = self._convolve(x) if fewer is None else fewer(x)
                assert known.unscale is not None
                y = torch.addcmul(self.shift, y, known.unscale)
        if noise is not None:
            y.add_(noise)
        F.leaky_relu_(y, SLOPE)
        return y if self.clamp is None else y.clamp_(-self.clamp, self.clamp)

    def _steered(self, w: Tensor) -> Known:
        style = F.linear(w, self.affine_weight, self.affine_bias)
        demod = torch.addmm(style.new_full((), EPS), style.square(), self.squares).rsqrt_().mul_(self.gain)
        if self.level is not None:  # float16 ends at 65504: kernels of norm 1, styles of at most 1, the rest afterwards
            most = style.abs().amax(dim=1, keepdim=True).clamp_(min=EPS)
            style, demod = style / most, demod * most / self.level
        scale, unscale = (part[:, :, None, None].to(self.dtype) for part in (style, demod))
        return Known(style, scale, demod, unscale)

    def _fewer(self, x: Tensor) -> Winograd | None:
        """The convolution by fewer products, where that was measured to win; made when it is first played. Turning the
        weights costs less than one picture saves, so they may move every frame."""
        if self.tile and self.fewer is None:
            self.fewer = Winograd(self.plain, self.tile, self.dtype)
        return self.fewer if self.fewer is not None and self.fewer.fits(x) else None

    def _folds(self, activations: int) -> bool:
        """Whether style goes into the weights: so many activations cost more to scale than the weights do, with what it
        takes to lay them out anew."""
        return activations > self.plain.numel() * (4 if self.packed.works else 1)

    def _folded(self, x: Tensor, known: Known) -> Tensor:
        """One picture: style and demodulation ride in the weights, the bias in the convolution."""
        assert known.demod is not None
        weight = self.plain * (known.demod.T * known.style)[:, :, None, None]
        weight = weight.to(x.dtype).contiguous(memory_format=LAST)
        return F.conv2d(x, weight, self.shift.flatten(), padding=1)

    def _up_one(self, x: Tensor, known: Known) -> Tensor:
        """One picture, doubled: demodulation and bias ride in the low-pass."""
        if self._folds(x.numel()):
            y = F.conv_transpose2d(x, self.weight * known.scale.transpose(0, 1), stride=2)
        else:
            y = self.packed(x * known.scale)
        assert self.blur is not None and known.unscale is not None
        blur = self.blur * known.unscale.transpose(0, 1)
        return F.conv2d(y, blur, self.shift.flatten(), padding=1, groups=y.shape[1])

    def _convolve(self, x: Tensor) -> Tensor:
        y = self.packed(x)
        return F.conv2d(y, self.blur, padding=1, groups=y.shape[1]) if self.up else y


class FusedToRGB:
    """One `ToRGB`, prepared. Style always rides in the 1x1 weights: three rows of them are next to nothing."""

    squares: Tensor | None = None  # it does not demodulate
    gain = 1.0

    def __init__(self, layer: ToRGB, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.renew(layer)

    def renew(self, layer: ToRGB) -> None:
        """Take over the weights."""
        self.weight = layer.weight.detach().float()[None, :, :, 0, 0]
        self.bias = layer.bias.detach().float()
        self.affine_weight = (layer.affine.weight * layer.affine.weight_gain * layer.weight_gain).detach().float()
        self.affine_bias = (layer.affine.bias * layer.affine.bias_gain * layer.weight_gain).detach().float()
        self.clamp = layer.clamp
        self.card = kernels(self.weight, self.dtype) if self.weight.shape[1] == 3 else None

    def onto(self, picture: Tensor | None, x: Tensor, w: Tensor, known: Known | None = None) -> Tensor:
        """Its colours on top of the picture so far [n, 3, h / 2, w / 2], doubled. known: as a convolution has it."""
        if self.card is not None:
            return coloured(self.card, self, x, w, picture)
        colours = self(x, w, known)
        return colours if picture is None else doubled(picture, colours)

    def __call__(self, x: Tensor, w: Tensor, known: Known | None = None) -> Tensor:
        """x [n, in, h, w], w [n, w_dim] float32 -> [n, 3, h, w] in float32."""
        style = F.linear(w, self.affine_weight, self.affine_bias) if known is None else known.style
        weight = self.weight * style[:, None, :]
        n, channels, height, width = x.shape
        flat = x.reshape(n, channels, -1)
        y = torch.mm(weight[0].to(x.dtype), flat[0]) if n == 1 else torch.matmul(weight.to(x.dtype), flat)
        y = y.float().view(n, -1, height, width) + self.bias[:, None, None]
        return y if self.clamp is None else y.clamp(-self.clamp, self.clamp)


class FusedBlock:
    """One `Block`, prepared. straight: the other branch of a residual block."""

    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        self.convs = [FusedConvolution(conv, dtype) for conv in block.convs]
        self.torgb = None if block.torgb is None else FusedToRGB(block.torgb, dtype)
        self.straight = None if block.skip is None else block.skip


class FusedSynthesis:
    """A `SynthesisNetwork` prepared for play. It copies the weights: change them, and prepare anew."""

    def __init__(self, network: SynthesisNetwork, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._sizes = network.arch.sizes
        blocks = list(network.blocks())
        self.const = blocks[0].const.detach().to(dtype)[None].contiguous(memory_format=LAST)
        self.blocks = [FusedBlock(block, dtype) for block in blocks]
        self.layers = network.layers
        self.modulation: Modulation | None = None
        if self.const.is_cpu and dtype != torch.float16:  # a card's kernels make their own, and float16 scales them
            parts = {one.index: (self._part(one), one.ws) for one in self.layers if one.ws is not None}
            self.modulation = Modulation(parts, dtype)

    def _part(self, layer: Layer) -> FusedConvolution | FusedToRGB:
        """What plays a layer that listens to a w."""
        size, _, part = layer.name.removeprefix("b").partition(".")
        block = self.blocks[self._sizes.index(int(size))]
        if layer.kind == "colours":
            assert block.torgb is not None
            return block.torgb
        return block.convs[-1 if part == "conv1" else 0]

    def renew(self, network: SynthesisNetwork, layer: Layer) -> None:
        """Take over one layer's weights anew; the noise, which an instrument may hold, stays what it is."""
        if layer.kind == "input":
            self.const.copy_(network.get_submodule("b4").const[None])
            return
        self._part(layer).renew(network.get_submodule(layer.name))  # type: ignore[arg-type]
        if self.modulation is not None:
            self.modulation.renew(layer.index)

    @torch.inference_mode()
    def __call__(
        self,
        ws: Tensor,
        noise: str = "const",
        gains: Gains = None,
        generator: torch.Generator | None = None,
        each: Each | None = None,
        stop: int | None = None,
        shape: tuple[int, int] | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> [n, channels, h, w] float32. The rest is as `StyleNetwork.synthesis` has it."""
        ws, run = ws.float(), _Run(self.layers, noise, gains, generator, each, stop)
        known = {} if self.modulation is None else self.modulation(ws)
        x, picture = self.const, None
        if shape is not None and shape != tuple(x.shape[2:]):
            x = extended(x, *shape).contiguous(memory_format=LAST)
        x = run.ran(x.expand(len(ws), -1, -1, -1))
        if run.over:
            return x.float()
        for block in self.blocks:
            straight = None if block.straight is None else block.straight(x)
            for conv in block.convs:
                x = conv(x, ws[:, run.layer.ws], run.noise(conv, x), known.get(run.layer.index))
                if straight is not None and conv is block.convs[-1]:
                    x = x.add_(straight)
                x = run.ran(x)
                if run.over:
                    return x.float()
            if block.torgb is None:
                continue
            picture = run.ran(block.torgb.onto(picture, x, ws[:, run.layer.ws], known.get(run.layer.index)))
            if run.over:
                return picture
        assert picture is not None
        return picture


class _Run:
    """Where one pass through the network is."""

    def __init__(
        self,
        layers: tuple[Layer, ...],
        noise: str,
        gains: Gains,
        generator: torch.Generator | None,
        each: Each | None,
        stop: int | None,
    ) -> None:
        self._layers, self._at = layers, 0
        self._noise, self._gains, self._generator = noise, gains, generator
        self._each, self._stop = each, stop
        self.over = False

    @property
    def layer(self) -> Layer:
        """The layer that runs now."""
        return self._layers[self._at]

    def ran(self, x: Tensor) -> Tensor:
        """Takes a layer's output, gives what goes on; the next layer is on."""
        layer = self.layer
        self._at += 1
        self.over = layer.index == self._stop
        return x if self._each is None else self._each(layer, x)

    def noise(self, conv: FusedConvolution, x: Tensor) -> Tensor | None:
        """What is to be added to the output that comes of x, with its strength; None when that is nothing."""
        index = self.layer.noise
        gain: float | Tensor = 1.0 if self._gains is None or index is None else self._gains[index]
        moves = isinstance(gain, Tensor)  # its value is not asked for: a graph could not know the answer
        if self._noise == "none" or conv.silent or (not moves and gain == 0.0):
            return None
        height, width = (side * 2 if conv.up else side for side in x.shape[2:])
        if self._noise == "const":
            stored = conv.const
            if tuple(stored.shape[2:]) != (height, width):
                stored = extended(stored, height, width)
            return stored if not moves and gain == 1.0 else stored * gain
        shape = (len(x), 1, height, width)
        drawn = torch.randn(shape, generator=self._generator, device=x.device)
        return drawn.mul_(conv.strength * gain).to(conv.dtype)
