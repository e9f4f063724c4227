"""A small residual discriminator ([K20] arXiv 1912.04958, section 4.1 and figure 7c), sized for a CPU."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from perform.generators.stylegan.layers import GAIN, SLOPE, FullyConnected


class Conv(nn.Module):
    """3x3 or 1x1 convolution with the learning rate equalised at run time, in the input's precision."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if side > 1 else None
        self.gain, self.pad = 1 / math.sqrt(inputs * side * side), side // 2

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """x [n, inputs, h, w] -> [n, outputs, h, w]."""
        bias = None if self.bias is None else self.bias.to(x.dtype) * gain
        return F.conv2d(x, (self.weight * (self.gain * gain)).to(x.dtype), bias, padding=self.pad)


class Down(nn.Module):
    """Two convolutions, halved, added to a straight path, halved."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0, self.conv1 = Conv(inputs, inputs, 3), Conv(inputs, outputs, 3)
        self.skip = Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x [n, inputs, h, w] -> [n, outputs, h/2, w/2]."""
        y = F.leaky_relu(self.conv0(x, GAIN), SLOPE)
        y = F.leaky_relu(self.conv1(F.avg_pool2d(y, 2)), SLOPE)
        return y + self.skip(F.avg_pool2d(x, 2), math.sqrt(0.5))


class Discriminator(nn.Module):
    """Pictures [n, 3, size, size] to one logit each, with the spread of the batch as a last channel."""

    def __init__(self, size: int, base: int = 2048, most: int = 96) -> None:
        super().__init__()
        self.colours = Conv(3, min(base // size, most), 3)
        downs = []
        while size > 4:
            downs.append(Down(min(base // size, most), min(base // (size // 2), most)))
            size //= 2
        self.downs = nn.ModuleList(downs)
        last = min(base // 4, most)
        self.conv = Conv(last + 1, last, 3)
        self.fc = FullyConnected(last * 16, last, activation=True)
        self.out = FullyConnected(last, 1)

    def forward(self, x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Logits [n]; the inner layers run in `dtype`."""
        x = x.to(dtype).contiguous(memory_format=torch.channels_last)
        x = F.leaky_relu(self.colours(x, GAIN), SLOPE)
        for down in self.downs:
            x = down(x)
        x = x.float()
        n = len(x)
        group = math.gcd(n, 4)
        spread = x.view(group, -1, *x.shape[1:]).var(0, unbiased=False).add(1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat([x, spread.repeat(group)[:, None, None, None].expand(n, 1, *x.shape[2:])], 1)
        x = F.leaky_relu(self.conv(x, GAIN), SLOPE)
        return self.out(self.fc(x.flatten(1)))[:, 0]


class Critic(nn.Module):
    """Looks at pictures in turn: at the whole of them made small, and, where they are larger, at a part close by.

    Both looks are `look` px wide, so a larger picture costs the opponent no more.
    """

    def __init__(self, look: int) -> None:
        super().__init__()
        self.look, self.turn = look, 0
        self.whole, self.close = Discriminator(look), Discriminator(look)
        self.register_buffer("has_looked_close", torch.zeros((), dtype=torch.bool))

    def forward(self, picture: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Pictures [n, 3, side, side] -> logits [n]. Odd turns look close, where there is anything to come close to."""
        spare = picture.shape[-1] - self.look
        if not spare:
            return self.whole(picture, dtype)
        if self.turn % 2 == 0:
            return self.whole(F.adaptive_avg_pool2d(picture, self.look), dtype)
        if not self.has_looked_close:  # edges and light look alike at both scales: start from what is known
            self.close.load_state_dict(self.whole.state_dict())
            self.has_looked_close.fill_(True)
        y, x = torch.randint(spare + 1, (2,)).tolist()
        return self.close(picture[:, :, y : y + self.look, x : x + self.look], dtype)
