"""The numbers that fix a StyleGAN3's shape, layer by layer, as a card states them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self

from perform.core.errors import ModelError

from ..mapping import MappingShape

MOST_LAYERS = 128
NAME = re.compile(r"L\d{1,3}_\d{1,5}_\d{1,5}")


@dataclass(frozen=True, slots=True)
class InputShape:
    """The waves that everything begins with: `channels` of them, on `size` by `size` samples at `rate` samples per
    picture side, of at most `bandwidth` waves per picture side."""

    channels: int
    size: int
    rate: int
    bandwidth: float

    LIMITS: ClassVar = {"channels": (1, 4096), "size": (1, 4096), "rate": (1, 4096), "bandwidth": (1e-3, 1e5)}


@dataclass(frozen=True, slots=True)
class LayerShape:
    """One layer. Sizes in samples with margin, rates in samples per picture side. up, down: how the activation's own
    grid lies to what comes in and goes out; up_taps, down_taps: lengths of its low-passes, 1 without. pad: zeros
    before and after, on that grid. radial: the second low-pass is round, not separable. colours: the last layer, a
    plain one."""

    name: str
    inputs: int
    outputs: int
    in_size: int
    out_size: int
    in_rate: int
    out_rate: int
    kernel: int
    up: int
    down: int
    up_taps: int
    down_taps: int
    pad_before: int
    pad_after: int
    radial: bool = False
    colours: bool = False
    clamp: float | None = None

    LIMITS: ClassVar = {
        "inputs": (1, 8192), "outputs": (1, 8192), "in_size": (1, 8192), "out_size": (1, 8192), "in_rate": (1, 8192),
        "out_rate": (1, 8192), "kernel": (1, 7), "up": (1, 8), "down": (1, 8), "up_taps": (1, 256),
        "down_taps": (1, 256), "pad_before": (-4096, 4096), "pad_after": (-4096, 4096), "clamp": (1e-3, 1e6),
    }  # fmt: skip

    @property
    def grid(self) -> int:
        """How many samples the activation works on."""
        return (self.in_size + self.kernel - 1) * self.up + self.pad_before + self.pad_after - self.up_taps + 1

    def fits(self) -> bool:
        """Whether sizes, rates, lengths and zeros belong together."""
        made = self.grid - self.down_taps == (self.out_size - 1) * self.down
        rates = self.in_rate * self.up == self.out_rate * self.down
        return made and rates and self.up % self.down == 0


@dataclass(frozen=True, slots=True)
class Architecture3:
    """A StyleGAN3 generator; the card's [architecture] table. class_table: width of the table of classes (StyleGAN-XL),
    0: labels go through a linear layer. class_means: each class has a mean of w. embed_features: of the embedded
    class, 0 is w_dim. output_scale: of the picture."""

    z_dim: int
    w_dim: int
    resolution: int
    input: InputShape
    layers: tuple[LayerShape, ...]
    c_dim: int = 0
    num_mapping_layers: int = 2
    mapping_lr_multiplier: float = 0.01
    img_channels: int = 3
    output_scale: float = 0.25
    class_table: int = 0
    class_means: bool = False
    embed_features: int = 0

    LIMITS: ClassVar = {
        "z_dim": (1, 4096), "w_dim": (1, 4096), "resolution": (8, 8192), "c_dim": (0, 100_000),
        "num_mapping_layers": (1, 32), "mapping_lr_multiplier": (1e-6, 10.0), "img_channels": (1, 4),
        "output_scale": (1e-6, 1e3), "class_table": (0, 8192), "embed_features": (0, 8192),
    }  # fmt: skip

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "model") -> Self:
        """Read and check a card's table. Raises ModelError on a missing, unknown or unreasonable number."""
        input_, layers = table.get("input"), table.get("layers")
        if not isinstance(input_, Mapping) or not isinstance(layers, Sequence) or not 1 <= len(layers) <= MOST_LAYERS:
            raise ModelError(f"{where}: [architecture] needs a table `input` and a list of 1..{MOST_LAYERS} `layers`")
        rest = {k: v for k, v in table.items() if k not in ("input", "layers")}
        arch = cls(
            **_checked(cls, rest, where, ("input", "layers")),
            input=InputShape(**_checked(InputShape, input_, f"{where}: input")),
            layers=tuple(
                LayerShape(**_checked(LayerShape, one, f"{where}: layer {n}")) for n, one in enumerate(layers)
            ),
        )
        arch.check(where)
        return arch

    def check(self, where: str = "model") -> None:
        """Raises ModelError unless each layer takes what the one before gives."""
        if not self.input.bandwidth < self.input.rate / 2:
            raise ModelError(f"{where}: the input's bandwidth is not below half its rate")
        channels, size, rate = self.input.channels, self.input.size, self.input.rate
        for n, layer in enumerate(self.layers):
            if (layer.inputs, layer.in_size, layer.in_rate) != (channels, size, rate) or not layer.fits():
                raise ModelError(f"{where}: layer {n} ({layer.name}) does not fit what comes before it, or itself")
            if layer.colours != (n == len(self.layers) - 1):
                raise ModelError(f"{where}: the last layer, and no other, gives colours")
            channels, size, rate = layer.outputs, layer.out_size, layer.out_rate
        if (channels, size, rate) != (self.img_channels, self.resolution, self.resolution):
            raise ModelError(f"{where}: the last layer does not give {self.img_channels} x {self.resolution} px")
        if len({layer.name for layer in self.layers}) != len(self.layers):
            raise ModelError(f"{where}: two layers have one name")

    def table(self) -> dict[str, Any]:
        """As `from_table` takes it."""
        return {**asdict(self), "layers": [asdict(layer) for layer in self.layers]}

    @property
    def num_ws(self) -> int:
        """How many w vectors steer one picture: one for the input, one for each layer."""
        return 1 + len(self.layers)

    @property
    def mapping(self) -> MappingShape:
        """The shape of the mapping network."""
        return MappingShape(
            self.z_dim, self.w_dim, self.c_dim, self.num_ws, self.num_mapping_layers, self.mapping_lr_multiplier,
            self.embed_features or self.w_dim, self.w_dim, self.class_table, self.class_means,
        )  # fmt: skip


def _checked(kind: Any, table: Any, where: str, apart: Sequence[str] = ()) -> dict[str, Any]:
    """A table's entries, each of the kind and size that its field has. Raises ModelError."""
    if not isinstance(table, Mapping):
        raise ModelError(f"{where}: must be a table")
    known = {f.name: f for f in fields(kind) if f.name not in apart}
    missing = sorted(k for k, f in known.items() if k not in table and f.default is MISSING)
    unknown = sorted(set(table) - set(known))
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has unknown entries {', '.join(unknown)[:80]}"
        raise ModelError(f"{where}: [architecture] {what}")
    for key, value in table.items():
        wanted = known[key].type
        if key == "name":
            good = isinstance(value, str) and NAME.fullmatch(value) is not None
        elif wanted == "bool":
            good = isinstance(value, bool)
        else:
            lo, hi = kind.LIMITS[key]
            number = int if wanted == "int" else (int, float)
            good = isinstance(value, number) and not isinstance(value, bool) and lo <= value <= hi
        if not good:
            raise ModelError(f"{where}: [architecture] {key} cannot be {value!r}")
    return dict(table)
