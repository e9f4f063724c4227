"""StyleGAN3's synthesis, arranged for speed at play: plain torch, no compiled code.

The formulas are those of [K21]: section 3.2 and appendix D.1 for the modulated convolution, equation 4 and figure 4b
for the filtered activation, appendix F for the input. Arranged: style and demodulation ride in the weights or on the
activations, whichever are fewer; low-passes go phase by phase (`filters`); gains are folded into kernels.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..card import Fir, fits, kernels, up_to
from ..layers import EPS, GAIN, SLOPE
from ..protocol import CELLS, Each, Layer
from .filters import down_reads, up_phases
from .network import FilteredLayer, Synthesis3, Waves

LAST = torch.channels_last


class PlayedWaves:
    """The input, prepared."""

    def __init__(self, waves: Waves) -> None:
        self.shape = waves.shape
        self.affine_weight = (waves.affine.weight * waves.affine.weight_gain).detach().float()
        self.affine_bias = waves.affine.bias.detach().float()
        self.mix = (waves.weight / math.sqrt(waves.shape.channels)).detach().float().T.contiguous()
        self.freqs, self.phases = waves.freqs.float(), waves.phases.float()
        self.transform = waves.transform.float()

    def __call__(self, w: Tensor, transform: Tensor | None, shape: tuple[int, int]) -> Tensor:
        """w [n, w_dim] -> [n, channels, h, w] float32, channels last. shape: rows and columns of the picture in cells.

        w gives a turn and a shift of the whole plane (four numbers, of which the first two are its cosine and sine);
        `transform` then places the picture in it. A wave that this makes too fine for the grid is faded out.
        """
        turn = F.linear(w, self.affine_weight, self.affine_bias)
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        cos, sin, x, y = turn.unbind(dim=1)
        zero, one = torch.zeros_like(cos), torch.ones_like(cos)
        turned = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], dim=1).view(-1, 3, 3)
        shifted = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], dim=1).view(-1, 3, 3)
        placed = turned @ shifted @ self.transform
        placed = placed if transform is None else placed @ transform.to(placed)
        freqs = self.freqs @ placed[:, :2, :2]
        phases = self.phases + (self.freqs @ placed[:, :2, 2:])[..., 0]
        band, rate = self.shape.bandwidth, self.shape.rate
        heard = (1 - (freqs.norm(dim=2) - band) / (rate / 2 - band)).clamp(0, 1)
        down, along = (self._places(cells, w.device) for cells in shape)
        angle = (freqs[:, None, None, :, 0] * along[:, None] + freqs[:, None, None, :, 1] * down[:, None, None]
                 + phases[:, None, None])  # fmt: skip
        if angle.requires_grad:  # slopes are asked for: nothing may be written over
            waves = (angle * (2 * math.pi)).sin() * heard[:, None, None]
        else:
            waves = angle.mul_(2 * math.pi).sin_().mul_(heard[:, None, None])
        return (waves @ self.mix).permute(0, 3, 1, 2)

    def _places(self, cells: int, device: torch.device) -> Tensor:
        """Where the samples of one axis lie, in picture sides from the middle."""
        count = self.shape.size + self.shape.rate * (cells - CELLS) // CELLS
        return (torch.arange(count, device=device, dtype=torch.float32) - (count - 1) / 2) / self.shape.rate


class FilteredActivation:
    """Low-pass to a finer grid, leaky ReLU and clamp there, low-pass to the grid that goes out."""

    def __init__(self, layer: FilteredLayer, dtype: torch.dtype) -> None:
        shape = layer.shape
        self.shape, self.clamp, self.slope = shape, shape.clamp, 1.0 if shape.colours else SLOPE
        gain = 1.0 if shape.colours else GAIN  # a leaky ReLU commutes with it, so it rides in the first low-pass
        first = _taps(layer, "up_filter") if shape.up_taps > 1 else np.ones(1)
        second = _taps(layer, "down_filter") if shape.down_taps > 1 else np.ones(1)
        self.plain = shape.up == shape.down == shape.up_taps == shape.down_taps == 1
        self.gain = gain
        phases = up_phases(first * (shape.up * math.sqrt(gain)), shape.up, shape.pad_before)
        self.offset, self.reach = phases.offset, phases.taps.shape[1]
        reads, self.length = down_reads(shape.down_taps, shape.up, shape.down)

        found = None if shape.colours else kernels(layer.weight, dtype)
        wide = shape.outputs if found is None else up_to(shape.outputs)
        self.card: tuple[Fir, Fir] | None = None
        if found is not None and second.ndim == 1 and not self.plain:
            self.card = (Fir(found, phases.taps, phases.offset, 1, layer.weight),
                         Fir(found, second[None, ::-1], 0, shape.down, layer.weight))  # fmt: skip

        def laid_out(rows: np.ndarray) -> list[Tensor]:
            return [_kernel(row, wide, layer.weight, dtype) for row in rows]

        self.up_x = laid_out(phases.taps[:, None])
        self.up_y = laid_out(phases.taps[:, :, None])
        self.down_x: list[list[Tensor]] = []
        self.down_y: list[list[Tensor]] = []
        self.round: list[list[list[list[Tensor]]]] = []
        if second.ndim == 1:
            turned = np.append(second[::-1], 0.0)[reads]  # [phase that goes out, phase of the grid, length]
            self.down_x = [laid_out(part[:, None]) for part in turned]
            self.down_y = [laid_out(part[:, :, None]) for part in turned]
        else:
            turned = np.pad(second[::-1, ::-1], (0, 1))
            self.round = [[[laid_out(np.stack([turned[np.ix_(y, x)] for x in along])) for y in down] for along in reads]
                          for down in reads]  # fmt: skip

    def __call__(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x [n, c, h, w], with bias [c] still to be added, or added -> [n, c, h', w']."""
        shape = self.shape
        if self.plain:
            before, after = shape.pad_before, shape.pad_after
            x = x if before == after == 0 else F.pad(x, (before, after, before, after))
            return self._bent(x if self.gain == 1.0 else x * self.gain)
        high, wide = x.shape[2:]
        grid = [side * shape.up + shape.pad_before + shape.pad_after - shape.up_taps + 1 for side in (high, wide)]
        out = [(side - shape.down_taps) // shape.down + 1 for side in grid]
        if self.card is not None and not x.requires_grad and fits(x, grid):
            x = x.contiguous(memory_format=LAST)
            up, down = self.card
            x = up(up(x, 2, grid[0], bias=bias), 3, grid[1], self.slope, self.clamp)
            return down(down(x, 2, out[0]), 3, out[1])
        if bias is not None and self.card is not None:
            x = x + bias[:, None, None]
        ratio = shape.up // shape.down
        each = [-(-side // ratio) + self.length - 1 for side in out]  # samples of a phase that are read
        ends = [count + self.reach - 1 + self.offset - side for count, side in zip(each, (high, wide), strict=True)]
        x = F.pad(x, (-self.offset, ends[1], -self.offset, ends[0]))
        rows = [F.conv2d(x, kernel, groups=x.shape[1]) for kernel in self.up_y]
        fine = [[self._bent(F.conv2d(row, kernel, groups=x.shape[1])) for kernel in self.up_x] for row in rows]
        parts = [[self._joined(fine, by, bx) for bx in range(ratio)] for by in range(ratio)]
        return parts[0][0] if ratio == 1 else _woven(parts)[:, :, : out[0], : out[1]]

    def _bent(self, x: Tensor) -> Tensor:
        if x.requires_grad:
            x = F.leaky_relu(x, self.slope)
            return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)
        x = x if self.slope == 1.0 else F.leaky_relu_(x, self.slope)
        return x if self.clamp is None else x.clamp_(-self.clamp, self.clamp)

    def _joined(self, fine: list[list[Tensor]], by: int, bx: int) -> Tensor:
        """One phase of what goes out: short kernels over all phases of the fine grid, summed."""
        channels = fine[0][0].shape[1]
        if self.round:
            kernels = self.round[by][bx]
            return _sum([F.conv2d(fine[y][x], kernels[y][x], groups=channels)
                         for y in range(len(fine)) for x in range(len(fine))])  # fmt: skip
        along = [_sum([F.conv2d(x, kernel, groups=channels) for x, kernel in zip(row, self.down_x[bx], strict=True)])
                 for row in fine]  # fmt: skip
        return _sum([F.conv2d(row, kernel, groups=channels)
                     for row, kernel in zip(along, self.down_y[by], strict=True)])  # fmt: skip


class PlayedLayer:
    """One `FilteredLayer`, prepared: weights at unit power, gains folded."""

    def __init__(self, layer: FilteredLayer, dtype: torch.dtype) -> None:
        self.shape, self.dtype = layer.shape, dtype
        self.renew(layer)
        self.activate = FilteredActivation(layer, dtype)

    def renew(self, layer: FilteredLayer) -> None:
        """Take over the weights; the filters stay."""
        shape, dtype = self.shape, self.dtype
        weight, gain = layer.weight.detach().float(), layer.magnitude_ema.detach().float().rsqrt()
        self.affine_weight = (layer.affine.weight * layer.affine.weight_gain).detach().float()
        self.affine_bias = layer.affine.bias.detach().float()
        if shape.colours:
            self.weight, self.gain, self.squares = weight, gain / math.sqrt(weight[0].numel()), None
        else:
            self.weight, self.gain = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt(), gain
            self.squares = self.weight.square().sum((2, 3)).T.contiguous()
        self.bias = layer.bias.detach().float().to(dtype)
        self.above = self.more = 0
        if kernels(weight, dtype) is not None:  # channels of zeros, up to the numbers that a card is fast with
            self.above = up_to(weight.shape[1]) - weight.shape[1]
            self.more = 0 if shape.colours else up_to(len(weight)) - len(weight)
            self.weight = F.pad(self.weight, (0, 0, 0, 0, 0, self.above, 0, self.more))
            self.bias = F.pad(self.bias, (0, self.more))
        self.shared = self.weight.to(dtype).contiguous(memory_format=LAST)

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        """x [n, inputs, h, w], w [n, w_dim] float32 -> [n, outputs, h', w'], on a card with channels of zeros after
        the layer's own, which x may have, too."""
        style = F.linear(w, self.affine_weight, self.affine_bias)
        if self.squares is None:
            after = style.new_ones(len(style), self.shape.outputs) * self.gain
        else:
            style = style * style.square().mean(dim=1, keepdim=True).rsqrt()
            after = (style.square() @ self.squares + EPS).rsqrt() * self.gain
        if self.above or self.more:
            style, after = F.pad(style, (0, self.above)), F.pad(after, (0, self.more))
        if x.shape[1] < style.shape[1]:
            x = F.pad(x, (0, 0, 0, 0, 0, style.shape[1] - x.shape[1])).contiguous(memory_format=LAST)
        if len(x) == 1 and x.numel() > self.weight.numel():
            weight = self.weight * (after[0][:, None] * style[0])[:, :, None, None]
            late = self.activate.card is not None
            y = self._convolve(x, weight.to(x.dtype), None if late else self.bias)
            if late:
                return self.activate(y, self.bias)
        else:
            y = self._convolve(x * style[:, :, None, None].to(x.dtype), self.shared, None)
            scale = after[:, :, None, None].to(y.dtype)
            y = (y * scale if y.requires_grad else y.mul_(scale)).add_(self.bias[:, None, None])
        return self.activate(y)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Padded so that all of the kernel passes over each sample; a kernel of one is a plain product."""
        if self.shape.kernel == 1:
            return F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
        return F.conv2d(x, weight.contiguous(memory_format=LAST), bias, padding=self.shape.kernel - 1)


class AliasFreeSynthesis:
    """A `Synthesis3` prepared for play. It copies the weights: change them, and prepare anew."""

    def __init__(self, network: Synthesis3, dtype: torch.dtype) -> None:
        self.dtype, self.scale = dtype, network.arch.output_scale
        self.waves = PlayedWaves(network.input)
        self.played = [PlayedLayer(layer, dtype) for layer in network.filtered()]
        self.layers = network.layers

    def renew(self, network: Synthesis3, layer: Layer) -> None:
        """Take over one layer's weights anew."""
        if layer.kind == "input":
            self.waves = PlayedWaves(network.input)
        else:
            self.played[layer.index - 1].renew(network.filtered()[layer.index - 1])

    @torch.inference_mode()
    def __call__(
        self,
        ws: Tensor,
        noise: str = "const",
        gains: list[float] | Tensor | None = None,
        generator: torch.Generator | None = None,
        each: Each | None = None,
        stop: int | None = None,
        shape: tuple[int, int] | None = None,
        transform: Tensor | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> [n, channels, h, w] float32, as `StyleNetwork.synthesis` has it; there is no
        noise in these networks."""
        return self.traced(ws, each, stop, shape, transform)

    def traced(
        self,
        ws: Tensor,
        each: Each | None = None,
        stop: int | None = None,
        shape: tuple[int, int] | None = None,
        transform: Tensor | None = None,
    ) -> Tensor:
        """The same, and gradients can be taken through it."""
        ws = ws.float()
        x = self.waves(ws[:, 0], transform, shape or (CELLS, CELLS)).to(self.dtype)
        x = x if each is None else each(self.layers[0], x)
        own = x.shape[1]
        for layer, played in zip(self.layers[1:], self.played, strict=True):
            if layer.index > (len(self.layers) if stop is None else stop):
                break
            x, own = played(x, ws[:, layer.index]), played.shape.outputs
            x = x.float() * self.scale if layer.kind == "colours" else x
            x = x if each is None else each(layer, x[:, :own])
        return x[:, :own].float()


def _taps(layer: FilteredLayer, name: str) -> np.ndarray:
    return layer.get_buffer(name).detach().cpu().double().numpy()


def _kernel(taps: np.ndarray, channels: int, like: Tensor, dtype: torch.dtype) -> Tensor:
    """taps [high, wide] as a depthwise kernel, [channels, 1, high, wide]."""
    kernel = torch.from_numpy(np.ascontiguousarray(taps)).to(like.device, dtype)
    return kernel.expand(channels, 1, -1, -1).contiguous(memory_format=LAST)


def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total.add_(part)
    return total


def _woven(parts: list[list[Tensor]]) -> Tensor:
    """parts[y][x], each [n, c, h, w], as one picture in which they take turns, channels last."""
    n, c, h, w = parts[0][0].shape
    ratio = len(parts)
    out = torch.empty((n, h, ratio, w, ratio, c), dtype=parts[0][0].dtype, device=parts[0][0].device)
    for y, row in enumerate(parts):
        for x, part in enumerate(row):
            out[:, :, y, :, x] = part.permute(0, 2, 3, 1)
    return out.view(n, h * ratio, w * ratio, c).permute(0, 3, 1, 2)
