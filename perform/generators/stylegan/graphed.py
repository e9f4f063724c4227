"""A whole synthesis recorded once as a CUDA graph, and played again with one call: at batch 1 a card computes each
layer faster than Python can ask for the next.

What the music moves lies in tensors of the graph's own, written in place before each playing: ws and the gains of the
noise. Weights that change (`forget`) are played layer by layer until they have held still for some pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from perform.generators.recorded import Record, record_cuda

STILL = 30  # pictures without a change of weights before the next recording


class Synthesis(Protocol):
    """What is recorded: `FusedSynthesis` and `AliasFreeSynthesis`."""

    def __call__(self, ws: Tensor, noise: str, gains: Tensor | None) -> Tensor:
        """ws [n, num_ws, w_dim], gains [num_layers] or None -> [n, channels, h, w] float32."""


class Graphed:
    """A synthesis for one shape of ws, recorded when it is first asked for."""

    def __init__(self, synthesis: Synthesis, num_layers: int, record: Record = record_cuda) -> None:
        self._synthesis, self._num_layers, self._record = synthesis, num_layers, record
        self._kept: dict[tuple[tuple[int, ...], str], tuple[Callable[[], None], Tensor, Tensor, Tensor]] = {}
        self._wait = 0
        self.failed: str | None = None  # why nothing is recorded any more

    def forget(self) -> None:
        """The weights have changed: what was recorded reads the old ones."""
        self._kept.clear()
        self._wait = STILL

    @torch.inference_mode()
    def __call__(self, ws: Tensor, noise: str, gains: list[float] | None) -> Tensor | None:
        """ws [n, num_ws, w_dim] -> [n, channels, h, w] float32, the caller's own; None: play it layer by layer."""
        if self.failed is not None or self._wait > 0:
            self._wait = max(self._wait - 1, 0)
            return None
        key = (tuple(ws.shape), noise)
        if key not in self._kept:
            try:
                self._kept = {key: self._recorded(ws, noise)}  # one at a time: each holds the memory of a whole pass
            except (RuntimeError, NotImplementedError) as error:
                self.failed = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                return None
        replay, out, into_ws, into_gains = self._kept[key]
        into_ws.copy_(ws)
        if self._num_layers:
            into_gains.copy_(torch.tensor(gains or [1.0] * self._num_layers))
        replay()
        return out.clone()

    def _recorded(self, ws: Tensor, noise: str) -> tuple[Callable[[], None], Tensor, Tensor, Tensor]:
        into_ws = ws.detach().float().clone()
        into_gains = torch.ones(self._num_layers, device=ws.device)
        played = into_gains if self._num_layers else None
        replay, out = self._record(lambda: self._synthesis(into_ws, noise, played))
        return replay, out, into_ws, into_gains
