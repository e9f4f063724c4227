"""The layers of StyleGAN2, written from the papers.

[K19] Karras, Laine, Aila: A Style-Based Generator Architecture for GANs, arXiv 1812.04948.
[K20] Karras et al.: Analyzing and Improving the Image Quality of StyleGAN, arXiv 1912.04958.

One module serves training and playing. `forward` is the formula with shared weights: style scales the incoming
activations, one convolution serves the whole batch, and demodulation scales what comes out ([K20] eq. 1 to 3,
rearranged: (W · s) * x = W * (s · x), and the norm of W · s is sqrt(W² · s²)). Parameter names are those that
public StyleGAN2 checkpoints use, so that reading one is a copy key for key.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-8
SLOPE = 0.2
GAIN = math.sqrt(2.0)  # keeps the variance through a leaky ReLU of slope 0.2
FIR = (0.125, 0.375, 0.375, 0.125)  # [1, 3, 3, 1], sum 1 ([K20] appendix B)


def drawn(*shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers to begin training from. On the meta device nothing is drawn, since weights from a file take
    their place: drawing there would load torch's compiler, over a second of every start."""
    out = torch.empty(shape)
    return out if out.is_meta else out.normal_().mul_(scale)


def normalise(x: Tensor) -> Tensor:
    """x [n, features] scaled to unit mean square ([K19] section 4: latents live on the hypersphere)."""
    return x * (x.square().mean(dim=1, keepdim=True) + EPS).rsqrt()


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with the gain that keeps unit variance."""
    return F.leaky_relu(x, SLOPE) * GAIN


def blur_kernel(channels: int, gain: float, like: Tensor) -> Tensor:
    """The separable [1, 3, 3, 1] low-pass as a depthwise kernel [channels, 1, 4, 4] of sum `gain`."""
    tap = torch.tensor(FIR, dtype=torch.float64)
    kernel = (torch.outer(tap, tap) * gain).to(like.device, like.dtype)
    return kernel.expand(channels, 1, 4, 4).contiguous()


def upsample(x: Tensor) -> Tensor:
    """x [n, c, h, w] -> [n, c, 2h, 2w] through the [1, 3, 3, 1] filter, zero outside the picture.

    The filter is exactly bilinear interpolation but for the border, where bilinear repeats the edge; a ring of
    zeros round the picture mends that.
    """
    up = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=2, mode="bilinear", align_corners=False)
    return up[:, :, 2:-2, 2:-2]


class FullyConnected(nn.Module):
    """Linear layer with the learning rate equalised at run time ([K19] appendix C)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        activation: bool = False,
        lr_multiplier: float = 1.0,
        bias_start: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(outputs, inputs, scale=1.0 / lr_multiplier))
        self.bias = nn.Parameter(torch.full((outputs,), bias_start / lr_multiplier))
        self.activation = activation
        self.weight_gain = lr_multiplier / math.sqrt(inputs)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """x [n, inputs] -> [n, outputs]."""
        y = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return activate(y) if self.activation else y


class Convolution(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU; doubles the picture's side when `up` ([K20] figure 2d)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        w_dim: int,
        area: tuple[int, int],
        *,
        up: bool = False,
        clamp: float | None = None,
        gain: float = GAIN,
    ) -> None:
        """area: rows and columns of its output. gain: of the activation; a residual block halves the power of both
        its branches."""
        super().__init__()
        self.up, self.gain = up, gain
        self.clamp = None if clamp is None else clamp * gain / GAIN
        self.affine = FullyConnected(w_dim, inputs, bias_start=1.0)
        self.weight = nn.Parameter(drawn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", drawn(*area))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """x [n, inputs, h, w], w [n, w_dim], noise [n or 1, 1, H, W] or None -> [n, outputs, H, W]."""
        style = self.affine(w)
        demod = (style.square() @ self.weight.square().sum((2, 3)).T + EPS).rsqrt()
        # the activation's gain is applied before it, where it costs nothing: leaky ReLU commutes with it
        demod, bias = demod * self.gain, (self.bias * self.gain).to(x.dtype)
        if len(x) == 1 and x.numel() > self.weight.numel():  # fewer weights than activations: scale those
            scaled = self.weight * (demod[0][:, None] * style[0][None, :])[:, :, None, None]
            y = self.convolve(x, scaled.to(x.dtype), bias)
        else:
            y = self.convolve(x * style[:, :, None, None].to(x.dtype), self.weight.to(x.dtype))
            y = torch.addcmul(bias[:, None, None], y, demod[:, :, None, None].to(y.dtype))
        if noise is not None:
            y = y + (noise * (self.noise_strength * self.gain)).to(y.dtype)
        y = F.leaky_relu(y, SLOPE)
        return y if self.clamp is None else y.clamp(-self.clamp, self.clamp)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolution alone. Up-sampling: transposed by 2, then the low-pass of gain 4 ([K20] appendix B)."""
        if not self.up:
            return F.conv2d(x, weight, bias, padding=1)
        y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        y = F.conv2d(y, blur_kernel(y.shape[1], 4.0, y), padding=1, groups=y.shape[1])
        return y if bias is None else y + bias[:, None, None]  # inside the depthwise convolution its slope is slow


class ToRGB(nn.Module):
    """1x1 modulated convolution to colours, without demodulation ([K20] section 2.2 and figure 7b)."""

    def __init__(self, inputs: int, w_dim: int, channels: int = 3, *, clamp: float | None = None) -> None:
        super().__init__()
        self.clamp = clamp
        self.weight_gain = 1.0 / math.sqrt(inputs)
        self.affine = FullyConnected(w_dim, inputs, bias_start=1.0)
        self.weight = nn.Parameter(drawn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [n, inputs, h, w], w [n, w_dim] -> [n, channels, h, w]."""
        style = (self.affine(w) * self.weight_gain)[:, :, None, None]
        if len(x) == 1:
            y = F.conv2d(x, (self.weight * style).to(x.dtype), self.bias.to(x.dtype))
        else:
            y = F.conv2d(x * style.to(x.dtype), self.weight.to(x.dtype), self.bias.to(x.dtype))
        return y if self.clamp is None else y.clamp(-self.clamp, self.clamp)


class Residual(nn.Module):
    """The straight branch of a residual block: a 1x1 convolution, doubled in side ([K20] figure 7c)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(outputs, inputs, 1, 1))
        self.weight_gain = math.sqrt(0.5 / inputs)

    def forward(self, x: Tensor) -> Tensor:
        """x [n, inputs, h, w] -> [n, outputs, 2h, 2w], at half power."""
        return upsample(F.conv2d(x, (self.weight * self.weight_gain).to(x.dtype)))
