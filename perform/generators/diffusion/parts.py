"""What a few-step diffusion model consists of, whatever its family: a denoiser, a tiny autoencoder, a text encoder and
the few numbers of its schedule. A further family is another maker of `Parts`, and nothing else.

Formulas. Variance-preserving ([H20], Ho et al. 2020): x = √ᾱ·x0 + √(1−ᾱ)·n. Flow ([L22], Lipman et al. 2022):
x = (1−σ)·x0 + σ·n, the model giving n − x0. One step of either is x0 = cx·x + cm·(what the model gave).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

LORAS = 4
"""Slots for LoRAs, each with a scale of its own."""
PREDICTIONS = ("epsilon", "v_prediction", "sample", "flow")


@dataclass(frozen=True, slots=True)
class Embedding:
    """A prompt as the denoiser takes it. tokens [n, length, d]; pooled [n, p] or None; mask [n, length] (1 where there
    is a word) or None."""

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None

    def to(self, device: Any, dtype: Any = None) -> Embedding:
        """The same there; the mask keeps its own dtype."""
        pooled = None if self.pooled is None else self.pooled.to(device, dtype)
        mask = None if self.mask is None else self.mask.to(device)
        return Embedding(self.tokens.to(device, dtype), pooled, mask)


@dataclass(frozen=True, slots=True)
class Residuals:
    """What a ControlNet adds: to each skip connection, in their order, and to the middle."""

    down: tuple[Tensor, ...]
    mid: Tensor


@dataclass(slots=True)
class Extras:
    """What the music moves inside a denoiser: tensors on its device, written in place, so that a captured graph sees
    each change. All ones (loras: zeros) leave the model as it was trained.

    attention [3]: factor on what cross-attention adds, in the way down, the middle and the way up (of a transformer:
    its first, middle and last third). backbone [2], skip [2]: gains on the way up, of the coarsest block and of the
    others: on the first half of its channels, and on its skip connections (after FreeU, Si et al. 2023). lora [LORAS]:
    scale of each slot. control []: factor on `residuals`. image_scale []: factor on what an image prompt adds.
    """

    attention: Tensor
    backbone: Tensor
    skip: Tensor
    lora: Tensor
    control: Tensor
    image_scale: Tensor
    residuals: Residuals | None = None
    image_tokens: Tensor | None = None

    @classmethod
    def at_rest(cls, device: Any, dtype: Any) -> Extras:
        """Tensors that change nothing."""

        def ones(*shape: int) -> Tensor:
            return torch.ones(shape, device=device, dtype=dtype)

        return cls(ones(3), ones(2), ones(2), torch.zeros(LORAS, device=device, dtype=dtype), ones(), ones())


class Text(Protocol):
    """Words to embeddings. notices: one line for each thing that could not be had, e.g. words left out at the end."""

    notices: list[str]

    def encode(self, prompt: str) -> Embedding:
        """A prompt as an embedding with n = 1, on the denoiser's device."""


class Decoder(Protocol):
    """Pictures [n, 3, h, w] about -1..1 <-> latents [n, c, h/factor, w/factor], scaled as the denoiser knows them."""

    def encode(self, image: Tensor) -> Tensor:
        """Pictures to latents."""

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to pictures."""


class Denoise(Protocol):
    """The network. Called under inference mode, maybe while a graph is captured: no host sync, no shape from values."""

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, extras: Extras) -> Tensor:
        """x [n, c, h, w], t [n] float32 -> what the model predicts [n, c, h, w]."""


class Control(Protocol):
    """A ControlNet: its picture and the noisy latent to what it adds."""

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, picture: Tensor) -> Residuals:
        """x [n, c, h, w], t [n], picture [n, 3, h, w] 0..1 -> residuals, unscaled."""


class Loras(Protocol):
    """LoRAs in a model's networks: each has a slot, whose scale is `Extras.lora[slot]`."""

    def read(self, name: str) -> Any:
        """A LoRA's weights, ready for these networks. Slow: called in the background. Raises ModelError, e.g. for one
        of another family."""

    def put(self, slot: int, lora: Any | None) -> bool:
        """Let a slot play what `read` gave, or nothing. Quick: called between two pictures. Returns whether something
        was laid out anew, so that a recording has to be made again."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How noisy a time t is. levels [T] float32: √(1−ᾱ) of a variance-preserving model, σ of a flow; growing.
    times [T] float32: what the model is told for each, e.g. 0..999."""

    levels: tuple[float, ...]
    times: tuple[float, ...]
    flow: bool = False

    def nearest(self, level: float) -> int:
        """The index whose level is nearest to one of 0..1 (the levels grow, so it is found by halving)."""
        lo, hi = 0, len(self.levels) - 1
        while hi - lo > 1:
            mid = (lo + hi) // 2
            lo, hi = (mid, hi) if self.levels[mid] <= level else (lo, mid)
        return lo if level - self.levels[lo] <= self.levels[hi] - level else hi

    def signal(self, index: int) -> float:
        """The factor on x0 at an index: √ᾱ, or 1−σ."""
        level = self.levels[index]
        return 1.0 - level if self.flow else math.sqrt(max(1.0 - level * level, 0.0))


def variance_preserving(alphas_cumprod: Sequence[float] | Tensor) -> Schedule:
    """The schedule of ᾱ [T] (falling), told to the model as 0..T−1."""
    alphas = [float(a) for a in alphas_cumprod]
    return Schedule(tuple(math.sqrt(1.0 - a) for a in alphas), tuple(float(t) for t in range(len(alphas))))


def one_step(prediction: str, signal: float, level: float) -> tuple[float, float]:
    """(cx, cm) of x0 = cx·x + cm·model. Raises KeyError for no such prediction."""
    return {
        "epsilon": (1.0 / max(signal, 1e-4), -level / max(signal, 1e-4)),
        "v_prediction": (signal, -level),
        "sample": (0.0, 1.0),
        "flow": (1.0, -level),
    }[prediction]


@dataclass(slots=True)
class Parts:
    """A model, ready to play.

    family: "sd", "sdxl", "sana", … prediction: one of PREDICTIONS. factor: pixels per latent cell. native: side of
    the pictures that it was made for, px. multiple: sizes must be whole multiples of this, px. steps: as it is made
    for. starts: index into the schedule at which text-to-image starts. guided: whether guidance says anything to it.
    control, image_prompt, loras: where the model has something like that. image_prompt takes a picture [1, 3, h, w]
    0..1 and gives tokens [1, m, d]. used: what was loaded besides the model, for manifests. networks: everything with
    weights, by name, for LoRAs, hashes and memory. notices: what could not be had, one line each; whoever shows them
    takes them out.
    """

    family: str
    denoise: Denoise
    decoder: Decoder
    text: Text
    schedule: Schedule
    prediction: str
    latent_channels: int
    device: Any
    dtype: Any
    factor: int = 8
    native: int = 512
    multiple: int = 64
    steps: int = 1
    starts: int = -1
    guided: bool = True
    denoiser: Any = None
    control: Control | None = None
    image_prompt: Callable[[Tensor], Tensor] | None = None
    loras: Loras | None = None
    used: tuple[Mapping[str, Any], ...] = ()
    networks: Mapping[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
