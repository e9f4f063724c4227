"""StyleGAN2's two networks and the object that plays them ([K19] arXiv 1812.04948, [K20] arXiv 1912.04958)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from perform.core.errors import ModelError

from .layers import GAIN, Convolution, Residual, ToRGB, drawn, upsample
from .mapping import MappingNetwork, MappingShape
from .protocol import NOISES, Layer

ALONE = 64  # px; from here on the plain formula takes pictures one by one
WIRINGS = ("skip", "orig", "resnet")


@dataclass(frozen=True, slots=True)
class Architecture:
    """The numbers that fix a network's shape; the card's [architecture] table.

    wiring: how blocks make the picture, [K20] figure 7: "skip" sums the colours of all, "orig" and "resnet" take them
    from the last. img_channels: 1 grey, 3 colours, 4 with alpha. embed_features, layer_features: of the mapping; 0 is
    w_dim. widths: feature maps of each block, where they follow no rule.
    rows, columns: of the constant; 4 and 2 make a picture twice as high as wide, `resolution` being that of 4.
    """

    z_dim: int = 512
    w_dim: int = 512
    c_dim: int = 0
    num_mapping_layers: int = 8
    resolution: int = 256
    channel_base: int = 32768
    channel_max: int = 512
    mapping_lr_multiplier: float = 0.01
    conv_clamp: float | None = None
    wiring: str = "skip"
    img_channels: int = 3
    embed_features: int = 0
    layer_features: int = 0
    widths: tuple[int, ...] = ()
    rows: int = 4
    columns: int = 4

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "model") -> Architecture:
        """Read and check a card's table. Raises ModelError on a missing, unknown or unreasonable number."""
        known = cls.__dataclass_fields__
        unknown = sorted(set(table) - set(known))
        missing = [k for k in ("z_dim", "w_dim", "resolution", "channel_base", "channel_max") if k not in table]
        if unknown or missing:
            what = f"lacks {', '.join(missing)}" if missing else f"has unknown entries {', '.join(unknown)}"
            raise ModelError(f"{where}: [architecture] {what}")
        limits = {
            "z_dim": (1, 4096),
            "w_dim": (1, 4096),
            "c_dim": (0, 100_000),
            "num_mapping_layers": (1, 32),
            "resolution": (8, 4096),
            "channel_base": (64, 1 << 20),
            "channel_max": (1, 4096),
            "mapping_lr_multiplier": (1e-6, 10.0),
            "conv_clamp": (1e-3, 1e6),
            "img_channels": (1, 4),
            "embed_features": (0, 8192),
            "layer_features": (0, 8192),
            "rows": (1, 16),
            "columns": (1, 16),
        }
        for key, value in table.items():
            if key in ("wiring", "widths"):
                continue
            lo, hi = limits[key]
            kind = (int, float) if key in ("mapping_lr_multiplier", "conv_clamp") else int
            if isinstance(value, bool) or not isinstance(value, kind) or not lo <= value <= hi:
                raise ModelError(f"{where}: [architecture] {key} must be a number from {lo} to {hi}, not {value!r}")
        arch = cls(**{**table, "widths": tuple(table.get("widths", ()))})
        if arch.resolution & (arch.resolution - 1):
            raise ModelError(f"{where}: [architecture] resolution must be a power of two, not {arch.resolution}")
        if arch.wiring not in WIRINGS:
            raise ModelError(f"{where}: [architecture] wiring must be one of {', '.join(WIRINGS)}")
        good = all(type(width) is int and 1 <= width <= 4096 for width in arch.widths)
        if not good or len(arch.widths) not in (0, len(arch.sizes)):
            raise ModelError(f"{where}: [architecture] widths must be {len(arch.sizes)} whole numbers of 1..4096")
        return arch

    @property
    def sizes(self) -> list[int]:
        """Sides of the blocks in px: 4, 8, ... resolution."""
        return [1 << i for i in range(2, self.resolution.bit_length())]

    @property
    def num_ws(self) -> int:
        """How many w vectors steer one picture: two per block, one less at 4 px, one for the last colours."""
        return 2 * len(self.sizes)

    def channels(self, size: int) -> int:
        """Feature maps of the block of that side."""
        if self.widths:
            return self.widths[self.sizes.index(size)]
        return max(1, min(self.channel_base // size, self.channel_max))

    @property
    def mapping(self) -> MappingShape:
        """The shape of the mapping network."""
        return MappingShape(
            self.z_dim, self.w_dim, self.c_dim, self.num_ws, self.num_mapping_layers, self.mapping_lr_multiplier,
            self.embed_features or self.w_dim, self.layer_features or self.w_dim,
        )  # fmt: skip


class Block(nn.Module):
    """The layers of one resolution: up-sampling convolution, convolution, and colours where the wiring wants them."""

    def __init__(self, arch: Architecture, size: int) -> None:
        super().__init__()
        outputs, residual = arch.channels(size), arch.wiring == "resnet" and size > 4
        area = (size * arch.rows // 4, size * arch.columns // 4)
        if size == 4:
            self.const = nn.Parameter(drawn(outputs, arch.rows, arch.columns))
        else:
            inputs = arch.channels(size // 2)
            self.conv0 = Convolution(inputs, outputs, arch.w_dim, area, up=True, clamp=arch.conv_clamp)
        gain = GAIN * math.sqrt(0.5) if residual else GAIN
        self.conv1 = Convolution(outputs, outputs, arch.w_dim, area, clamp=arch.conv_clamp, gain=gain)
        has_colours = arch.wiring == "skip" or size == arch.resolution
        self.torgb = ToRGB(outputs, arch.w_dim, arch.img_channels, clamp=arch.conv_clamp) if has_colours else None
        self.skip = Residual(inputs, outputs) if residual else None
        self.size = size
        self.convs = [self.conv1] if size == 4 else [self.conv0, self.conv1]

    def forward(self, x: Tensor, ws: Tensor, noises: list[Tensor | None]) -> tuple[Tensor, Tensor | None]:
        """x [n, c, h, w], ws [n, 2 or more, w_dim] -> features [n, c', H, W] and colours [n, 3, H, W] float32."""
        straight = None if self.skip is None else self.skip(x)
        for index, (conv, noise) in enumerate(zip(self.convs, noises, strict=True)):
            x = conv(x, ws[:, index], noise)
        x = x if straight is None else straight + x
        return x, None if self.torgb is None else self.torgb(x, ws[:, len(self.convs)]).float()


class SynthesisNetwork(nn.Module):
    """ws to picture: a learned constant, then blocks of doubling side whose colours are summed ([K20] figure 7b)."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.arch = arch
        for size in arch.sizes:
            self.add_module(f"b{size}", Block(arch, size))

    def blocks(self, until: int | None = None) -> Iterator[Block]:
        """The blocks from 4 px up to `until` px."""
        for size in self.arch.sizes:
            if until is None or size <= until:
                block = self.get_submodule(f"b{size}")
                assert isinstance(block, Block)
                yield block

    @property
    def num_layers(self) -> int:
        """How many layers take noise: one at 4 px, two in every other block."""
        return 2 * len(self.arch.sizes) - 1

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in the order they run."""
        found = [Layer(0, "b4.const", "input", None, 4, 4, self.arch.channels(4))]
        ws = noise = 0
        for block in self.blocks():
            side, channels = block.size, self.arch.channels(block.size)
            for name in ("conv1",) if side == 4 else ("conv0", "conv1"):
                found.append(Layer(len(found), f"b{side}.{name}", "conv", ws, side, side, channels, noise))
                ws, noise = ws + 1, noise + 1
            if block.torgb is not None:
                colours = self.arch.img_channels
                found.append(Layer(len(found), f"b{side}.torgb", "colours", ws, side, side, colours))
        return tuple(found)

    def forward(
        self,
        ws: Tensor,
        noise: str = "const",
        *,
        until: int | None = None,
        dtype: torch.dtype = torch.float32,
        window: tuple[int, int, int] | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> [n, 3, side, side] in float32.

        For training: `until` stops at a smaller side, and `window` (row, column, side, in px of the picture, even)
        draws no more of the last block than a square, which needs noise "none".
        """
        count, last = len(ws), until or self.arch.resolution
        cut = None if window is None else Cut(window, last)
        const = self.get_submodule("b4").const.to(dtype)
        x, picture, index = const.expand(count, -1, -1, -1).contiguous(memory_format=torch.channels_last), None, 0
        for block in self.blocks(until):
            if cut is not None and block.size == last:
                assert picture is not None and noise == "none"
                x, picture = cut.before(x), cut.before(picture)
            noises = [draw_noise(conv, noise, count) for conv in block.convs]
            if block.size < ALONE or count == 1:
                x, colours = block(x, ws[:, index:], noises)
            else:  # picture by picture: its activations stay in the cache, and its style goes into the weights
                alone = zip(x.split(1), ws[:, index:].split(1), strict=True)
                parts = [block(one, own, [pick(n, i) for n in noises]) for i, (one, own) in enumerate(alone)]
                x = torch.cat([p[0] for p in parts])
                colours = None if block.torgb is None else torch.cat([p[1] for p in parts])
            if colours is not None:
                picture = colours if picture is None else upsample(picture) + colours
            index += len(block.convs)
        assert picture is not None
        return picture if cut is None else cut.after(picture)


class Cut:
    """A square of a block's picture, by way of a larger one of what goes in: its rim, which the block would not get
    right for want of what lies beyond, is cut off again. At the picture's own rim nothing is cut off."""

    RIM = 4
    """px of what goes in, which is half as large; more than a block's filters reach."""

    def __init__(self, window: tuple[int, int, int], side: int) -> None:
        row, column, self._part = window
        self._size = min(side // 2, self._part // 2 + 2 * self.RIM)
        self._row, self._column = (max(0, min(at // 2 - self.RIM, side // 2 - self._size)) for at in (row, column))
        self._down, self._across = row - 2 * self._row, column - 2 * self._column

    def before(self, x: Tensor) -> Tensor:
        """Of [n, c, side / 2, side / 2], what the square needs."""
        part = x[:, :, self._row : self._row + self._size, self._column : self._column + self._size]
        return part.contiguous(memory_format=torch.channels_last if x.shape[1] > 3 else torch.contiguous_format)

    def after(self, picture: Tensor) -> Tensor:
        """The square [n, 3, part, part]."""
        return picture[:, :, self._down : self._down + self._part, self._across : self._across + self._part]


def pick(noise: Tensor | None, index: int) -> Tensor | None:
    """One picture's noise out of a batch's; a stored pattern serves all."""
    return noise if noise is None or len(noise) == 1 else noise[index : index + 1]


def draw_noise(conv: Convolution, noise: str, count: int, generator: torch.Generator | None = None) -> Tensor | None:
    """Noise for one layer: None, the stored pattern [1, 1, size, size], or fresh chance [count, 1, size, size]."""
    if noise == "none":
        return None
    if noise == "const":
        return conv.noise_const[None, None]
    if noise != "random":
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, not {noise!r}")
    shape = (count, 1, *conv.noise_const.shape)
    return torch.randn(shape, generator=generator, device=conv.noise_const.device)


class Generator(nn.Module):
    """Mapping and synthesis together, as trained and as stored."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.arch = arch
        self.mapping = MappingNetwork(arch.mapping)
        self.synthesis = SynthesisNetwork(arch)

    def forward(
        self,
        z: Tensor,
        noise: str = "random",
        *,
        until: int | None = None,
        dtype: torch.dtype = torch.float32,
        window: tuple[int, int, int] | None = None,
    ) -> Tensor:
        """z [n, z_dim] -> pictures [n, 3, side, side], about -1..1."""
        ws = self.mapping.truncate(self.mapping(z))
        return self.synthesis(ws, noise, until=until, dtype=dtype, window=window)
