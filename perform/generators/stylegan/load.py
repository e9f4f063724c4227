"""From a model folder to a network that plays. Reads safetensors only; nothing in a model is ever executed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from perform.core.card import Card, check_hash, read_card
from perform.core.errors import ModelError

from .alias_free import Architecture3, Generator3
from .alias_free.play import AliasFreeSynthesis
from .fused import FusedSynthesis
from .graphed import Graphed
from .layers import FullyConnected
from .network import Architecture, Generator
from .protocol import CELLS, NOISES, Each, Layer
from .weights import check_header, read_weights

AnyGenerator = Generator | Generator3
KINDS = {"stylegan2": (Architecture, Generator), "stylegan3": (Architecture3, Generator3)}
"""What a card's `kind` says -> its architecture and its network."""
MOST_CELLS = 64  # of a picture's shape: sixteen squares in a row


class Network:
    """A generator ready to play, as `StyleNetwork` describes: mapping and synthesis as the community knows them."""

    def __init__(self, generator: AnyGenerator, card: Card | None = None, dtype: torch.dtype = torch.float32) -> None:
        arch = generator.arch
        self.family = "stylegan3" if isinstance(generator, Generator3) else "stylegan2"
        self.has_transform = self.family == "stylegan3"
        self.generator = generator.eval().requires_grad_(False)
        self.card, self.arch, self.dtype = card, arch, dtype
        self.z_dim, self.w_dim, self.c_dim = arch.z_dim, arch.w_dim, arch.c_dim
        self.num_ws, self.resolution = arch.num_ws, arch.resolution
        self.device = generator.mapping.w_avg.device
        self._fused = play(generator, dtype)
        self.layers = self._fused.layers
        self.cells = (arch.rows, arch.columns) if isinstance(arch, Architecture) else (CELLS, CELLS)
        self.num_layers = sum(layer.noise is not None for layer in self.layers)
        self.graph = Graphed(self._fused, self.num_layers) if self.device.type == "cuda" else None

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

    def renew(self, layer: Layer) -> None:
        """Take over the weights of a layer that were changed in `generator`, but not its noise."""
        self._fused.renew(self.generator.synthesis, layer)
        if self.graph is not None:
            self.graph.forget()

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
        if self.graph is not None and noise != "random" and each is stop is shape is transform is None:
            picture = self.graph(ws.to(self.device), noise, gains)
            if picture is not None:
                return as_colours(picture)
        more = {"transform": transform} if self.has_transform else {}
        with exact(self.device, self.dtype):
            picture = self._fused(ws.to(self.device), noise, gains, generator, each, stop, shape, **more)
        return picture if stop is not None else as_colours(picture)

    def traced(self, ws: Tensor, noise: str = "const") -> Tensor:
        """ws [n, num_ws, w_dim] -> pictures [n, 3, h, w], slower than `synthesis`, but gradients with respect to ws can
        be taken through it: for looking for a latent."""
        ws = ws.to(self.device)
        if isinstance(self._fused, AliasFreeSynthesis):
            return as_colours(self._fused.traced(ws))
        return as_colours(self.generator.synthesis(ws, noise))

    def seed(self, number: int) -> Tensor:
        """z of a seed number, [1, z_dim]: the community's convention, so numbers agree with other tools."""
        return seed_z(number, self.z_dim)


def play(generator: AnyGenerator, dtype: torch.dtype) -> FusedSynthesis | AliasFreeSynthesis:
    """A generator's synthesis, prepared for play."""
    if isinstance(generator, Generator3):
        return AliasFreeSynthesis(generator.synthesis, dtype)
    return FusedSynthesis(generator.synthesis, dtype)


@contextmanager
def exact(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """float32 means float32: CUDA's convolutions would round to ten bits (TF32), a thousandth beside the reference."""
    if device.type != "cuda" or dtype != torch.float32:
        yield
        return
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def as_colours(picture: Tensor) -> Tensor:
    """Grey [n, 1, h, w] spread over three channels; alpha, and what comes after it, left out."""
    channels = picture.shape[1]
    return picture if channels == 3 else picture[:, :3] if channels > 3 else picture[:, :1].expand(-1, 3, -1, -1)


def folder_of(path: Path) -> Path:
    """The model folder of a path: itself, or that of a foreign checkpoint, converted once. Raises ModelError."""
    if not path.is_file():
        return path
    from .convert.cache import converted

    return converted(path)


def seed_z(number: int, z_dim: int) -> Tensor:
    """z [1, z_dim] float32 of a seed number: numpy's RandomState(number).randn, as all StyleGAN tools draw it."""
    return torch.from_numpy(np.random.RandomState(int(number) % (1 << 32)).randn(1, z_dim)).float()


def load_network(path: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> Network:
    """Open a model folder (card and safetensors), or a foreign checkpoint, which is converted into the user's cache
    first, once. dtype: of the activations; float32 unless told otherwise.

    Checks the hash, then names, shapes and sizes against what the card's architecture needs before a tensor is
    made, then that every number is finite. Raises ModelError, one line, when any of that fails.
    """
    card = read_card(folder_of(Path(path)))
    if card.kind not in KINDS:
        raise ModelError(f"{card.folder}: the card's kind is {card.kind!r}; this loader knows {', '.join(KINDS)}")
    architecture, network = KINDS[card.kind]
    arch = architecture.from_table(card.architecture, str(card.folder))
    check_hash(card)
    with torch.device("meta"):
        generator: AnyGenerator = network(arch)  # type: ignore[arg-type]
    expected = {k: tuple(v.shape) for k, v in generator.state_dict().items()}
    check_header(card.weights_path, expected)
    state = read_weights(card.weights_path, expected)
    generator.load_state_dict(state, assign=True)
    return Network(generator.to(device), card, dtype or torch.float32)
