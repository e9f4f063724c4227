"""From a model folder to a network that plays. Reads safetensors only; nothing in a model is ever executed."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from perform.core.card import Card, check_hash, read_card
from perform.core.errors import ModelError

from .fused import FusedSynthesis
from .layers import FullyConnected
from .network import Architecture, Generator
from .protocol import NOISES, Each, Layer

MOST_CELLS = 64  # of a picture's shape: sixteen squares in a row

HEADER_LIMIT = 10 << 20  # bytes; a header is a few kB, more is an attack or a wreck
ENTRY_LIMIT = 20_000
DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes per number


class Network:
    """A generator ready to play, as `StyleNetwork` describes: mapping and synthesis as the community knows them."""

    family = "stylegan2"
    has_transform = False

    def __init__(self, generator: Generator, card: Card | None = None, dtype: torch.dtype = torch.float32) -> None:
        arch = generator.arch
        self.generator = generator.eval().requires_grad_(False)
        self.card, self.arch, self.dtype = card, arch, dtype
        self.z_dim, self.w_dim, self.c_dim = arch.z_dim, arch.w_dim, arch.c_dim
        self.num_ws, self.resolution = arch.num_ws, arch.resolution
        self.num_layers = generator.synthesis.num_layers
        self.device = generator.mapping.w_avg.device
        self._fused = FusedSynthesis(generator.synthesis, dtype)
        self.layers = self._fused.layers

    @property
    def w_avg(self) -> Tensor:
        """The mean of w, [w_dim] float32; of a model with a mean for each class, the mean of those."""
        return self.w_centres.mean(dim=0)

    @property
    def w_centres(self) -> Tensor:
        """The means of w that psi draws to, [1 or c_dim, w_dim]."""
        stored = self.generator.mapping.w_avg
        return stored if stored.ndim == 2 else stored[None]

    def style_weight(self, layer: Layer) -> Tensor:
        """The linear map from w to a layer's styles, [inputs, w_dim], without its bias."""
        affine: FullyConnected = self.generator.synthesis.get_submodule(f"{layer.name}.affine")  # type: ignore
        return affine.weight * affine.weight_gain

    @torch.inference_mode()
    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """z [n, z_dim], c [n, c_dim] or None -> [n, num_ws, w_dim]; psi draws the first `cutoff` to the mean."""
        mapping = self.generator.mapping
        z = torch.as_tensor(z, dtype=torch.float32, device=self.device)
        c = None if c is None else torch.as_tensor(c, dtype=torch.float32, device=self.device)
        return mapping.truncate(mapping(z, c), psi, cutoff, c)

    def synthesis(
        self,
        ws: Tensor,
        noise: str = "const",
        noise_gain: Tensor | None = None,
        generator: torch.Generator | None = None,
        *,
        each: Each | None = None,
        stop: int | None = None,
        shape: tuple[int, int] | None = None,
        transform: Tensor | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> pictures [n, 3, h, w] float32, about -1..1. See `StyleNetwork.synthesis`."""
        if noise not in NOISES:
            raise ValueError(f"noise must be one of {', '.join(NOISES)}, not {noise!r}")
        gains = None if noise_gain is None else [float(g) for g in noise_gain]
        if gains is not None and len(gains) != self.num_layers:
            raise ValueError(f"noise_gain needs {self.num_layers} values, one per layer, not {len(gains)}")
        if stop is not None and not 0 <= stop < len(self.layers):
            raise ValueError(f"stop must be a layer of 0..{len(self.layers) - 1}, not {stop}")
        if shape is not None and not all(1 <= cells <= MOST_CELLS for cells in shape):
            raise ValueError(f"shape must be two numbers of 1..{MOST_CELLS} cells, not {shape}")
        if transform is not None and not self.has_transform:
            raise ValueError(f"a {self.family} has no transform of its input")
        more = {"transform": transform} if self.has_transform else {}
        picture = self._fused(ws.to(self.device), noise, gains, generator, each, stop, shape, **more)
        return picture if stop is not None else as_colours(picture)

    def seed(self, number: int) -> Tensor:
        """z of a seed number, [1, z_dim]: the community's convention, so numbers agree with other tools."""
        return seed_z(number, self.z_dim)


def as_colours(picture: Tensor) -> Tensor:
    """Grey [n, 1, h, w] spread over three channels; alpha, and what comes after it, left out."""
    channels = picture.shape[1]
    return picture if channels == 3 else picture[:, :3] if channels > 3 else picture[:, :1].expand(-1, 3, -1, -1)


def seed_z(number: int, z_dim: int) -> Tensor:
    """z [1, z_dim] float32 of a seed number: numpy's RandomState(number).randn, as all StyleGAN tools draw it."""
    return torch.from_numpy(np.random.RandomState(int(number) % (1 << 32)).randn(1, z_dim)).float()


def load_network(path: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> Network:
    """Open a model folder (card and safetensors). dtype: of the activations; float32 unless told otherwise.

    Checks the hash, then names, shapes and sizes against what the card's architecture needs before a tensor is
    made, then that every number is finite. Raises ModelError, one line, when any of that fails.
    """
    card = read_card(path)
    if card.kind != "stylegan2":
        raise ModelError(f"{card.folder}: the card's kind is {card.kind!r}; this loader knows stylegan2")
    arch = Architecture.from_table(card.architecture, str(card.folder))
    check_hash(card)
    with torch.device("meta"):
        expected = {k: tuple(v.shape) for k, v in Generator(arch).state_dict().items()}
    check_header(card.weights_path, expected)
    state = read_weights(card.weights_path, expected)
    with torch.device("meta"):
        generator = Generator(arch)
    generator.load_state_dict(state, assign=True)
    return Network(generator.to(device), card, dtype or torch.float32)


def check_header(path: Path, expected: dict[str, tuple[int, ...]]) -> None:
    """Compare the file's header with the shapes the architecture needs, reading nothing else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0] if size >= 8 else 0
        if not 2 <= length <= min(HEADER_LIMIT, size - 8):
            raise ModelError(f"{path}: not a whole safetensors file; fetch or export the model again")
        try:
            header = json.loads(file.read(length))
            entries = {k: v for k, v in header.items() if k != "__metadata__"}
            found = {k: (str(v["dtype"]), tuple(map(int, v["shape"]))) for k, v in entries.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ModelError(f"{path}: its safetensors header cannot be read; export the model again") from None
    if len(found) > ENTRY_LIMIT:
        raise ModelError(f"{path}: {len(found)} tensors, more than {ENTRY_LIMIT}; this is no generator")
    for name in sorted(set(expected) ^ set(found)):
        word = "lacks" if name in expected else "holds a tensor that the card's architecture does not have:"
        raise ModelError(f"{path}: {word} {name}; card and weights do not belong together")
    total = 0
    for name, (dtype, shape) in found.items():
        if dtype not in DTYPES or shape != expected[name]:
            raise ModelError(f"{path}: {name} is {dtype} {list(shape)}, the card needs {list(expected[name])} floats")
        total += DTYPES[dtype] * int(np.prod(shape, dtype=np.int64))
    if 8 + length + total != size:
        raise ModelError(f"{path}: {size} bytes long, {8 + length + total} expected; fetch the model again")


def read_weights(path: Path, expected: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tensors as float32, every one of them finite and of the expected shape."""
    try:
        state = {k: v.float() for k, v in load_file(path).items()}
    except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
        raise ModelError(f"{path}: cannot be read ({str(error).splitlines()[0][:120]})") from None
    for name, value in state.items():
        if not torch.isfinite(value).all():
            raise ModelError(f"{path}: {name} holds NaN or infinity; the model is broken, export it again")
    return {name: state[name] for name in expected}
