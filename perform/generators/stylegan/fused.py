"""The same synthesis, arranged for speed at play.

Measured on 2 CPU cores (Zen 4, oneDNN): channels_last throughout; transposed convolution followed by the depthwise
low-pass beats folding the low-pass into four sub-pixel kernels (four times the arithmetic) at every size; style
and demodulation go into the weights where a picture has more activations than its layer has weights, and onto the
activations where it has fewer; bias, noise and leaky ReLU are done in place. bfloat16 about halves the time where
the CPU has it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import EPS, GAIN, SLOPE, Convolution, ToRGB, blur_kernel, upsample
from .network import SynthesisNetwork, draw_noise

LAST = torch.channels_last


class FusedConvolution:
    """One `Convolution`, prepared: gains folded, squared weights summed, kernels laid out."""

    def __init__(self, conv: Convolution, dtype: torch.dtype) -> None:
        self.conv, self.dtype = conv, dtype
        self.up, self.clamp = conv.up, conv.clamp
        weight = conv.weight.detach().float()
        self.plain = weight  # [out, in, 3, 3] float32, for folding style and demodulation in
        shared = weight.transpose(0, 1).contiguous() if conv.up else weight.contiguous(memory_format=LAST)
        self.weight = shared.to(dtype)
        self.squares = weight.square().sum((2, 3)).T.contiguous()
        self.bias = conv.bias.detach().float() * GAIN
        self.affine_weight = (conv.affine.weight * conv.affine.weight_gain).detach().float()
        self.affine_bias = (conv.affine.bias * conv.affine.bias_gain).detach().float()
        self.strength = conv.noise_strength.detach().float() * GAIN
        self.const = (conv.noise_const.detach().float() * self.strength)[None, None].to(dtype)
        self.silent = bool(self.strength == 0)
        self.blur = blur_kernel(weight.shape[0], 4.0, self.weight) if conv.up else None

    def __call__(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """x [n, in, h, w], w [n, w_dim] float32, noise as it is to be added -> [n, out, H, W]."""
        style = F.linear(w, self.affine_weight, self.affine_bias)
        demod = torch.addmm(style.new_full((), EPS), style.square(), self.squares).rsqrt_().mul_(GAIN)
        if len(x) == 1 and x.numel() + demod.numel() * x.shape[2] * x.shape[3] > self.plain.numel():
            y = self._folded(x, style, demod)
        else:
            y = self._convolve(x * style[:, :, None, None].to(x.dtype), self.weight)
            y = y.mul_(demod[:, :, None, None].to(y.dtype)).add_(self.bias[:, None, None].to(y.dtype))
        if noise is not None:
            y.add_(noise)
        F.leaky_relu_(y, SLOPE)
        return y if self.clamp is None else y.clamp_(-self.clamp, self.clamp)

    def _folded(self, x: Tensor, style: Tensor, demod: Tensor) -> Tensor:
        """One picture: style and demodulation ride in the weights, the bias in the convolution."""
        weight = self.plain * (demod[0][:, None] * style[0][None, :])[:, :, None, None]
        bias = self.bias.to(x.dtype)
        if not self.up:
            return F.conv2d(x, weight.to(x.dtype).contiguous(memory_format=LAST), bias, padding=1)
        return self._convolve(x, weight.to(x.dtype).transpose(0, 1), bias)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if not self.up:
            return F.conv2d(x, weight, bias, padding=1)
        y = F.conv_transpose2d(x, weight, stride=2)
        return F.conv2d(y, self.blur, bias, padding=1, groups=y.shape[1])


class FusedToRGB:
    """One `ToRGB`, prepared. Style always rides in the 1x1 weights: three rows of them are next to nothing."""

    def __init__(self, layer: ToRGB, dtype: torch.dtype) -> None:
        self.weight = layer.weight.detach().float()[None, :, :, 0, 0]
        self.bias = layer.bias.detach().float()
        self.affine_weight = (layer.affine.weight * layer.affine.weight_gain * layer.weight_gain).detach().float()
        self.affine_bias = (layer.affine.bias * layer.affine.bias_gain * layer.weight_gain).detach().float()
        self.clamp, self.dtype = layer.clamp, dtype

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        """x [n, in, h, w], w [n, w_dim] float32 -> [n, 3, h, w] in float32."""
        style = F.linear(w, self.affine_weight, self.affine_bias)
        weight = self.weight * style[:, None, :]
        n, channels, height, width = x.shape
        if n == 1:
            y = F.conv2d(x, weight[0, :, :, None, None].to(x.dtype), self.bias.to(x.dtype)).float()
        else:
            y = torch.matmul(weight.to(x.dtype), x.reshape(n, channels, -1)).float()
            y = y.view(n, -1, height, width) + self.bias[:, None, None]
        return y if self.clamp is None else y.clamp(-self.clamp, self.clamp)


class FusedSynthesis:
    """A `SynthesisNetwork` prepared for play. It copies the weights: change them, and prepare anew."""

    def __init__(self, network: SynthesisNetwork, dtype: torch.dtype) -> None:
        self.dtype = dtype
        blocks = list(network.blocks())
        self.const = blocks[0].const.detach().to(dtype)[None].contiguous(memory_format=LAST)
        self.blocks = [([FusedConvolution(c, dtype) for c in b.convs], FusedToRGB(b.torgb, dtype)) for b in blocks]

    @torch.inference_mode()
    def __call__(
        self,
        ws: Tensor,
        noise: str = "const",
        gains: list[float] | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> [n, 3, h, w] float32. gains: one factor per noise layer."""
        ws = ws.float()
        x, picture, index = self.const.expand(len(ws), -1, -1, -1), None, 0
        for convs, torgb in self.blocks:
            for conv in convs:
                gain = 1.0 if gains is None else gains[index]
                x = conv(x, ws[:, index], self._noise(conv, noise, gain, len(ws), generator))
                index += 1
            colours = torgb(x, ws[:, index])
            picture = colours if picture is None else upsample(picture).add_(colours)
        assert picture is not None
        return picture

    def _noise(
        self, conv: FusedConvolution, noise: str, gain: float, count: int, generator: torch.Generator | None
    ) -> Tensor | None:
        """What is to be added to the layer's output, with its strength; None when that is nothing."""
        if noise == "none" or gain == 0.0 or conv.silent:
            return None
        if noise == "const":
            return conv.const if gain == 1.0 else conv.const * gain
        drawn = draw_noise(conv.conv, noise, count, generator)
        assert drawn is not None
        return (drawn * (conv.strength * gain)).to(self.dtype)
