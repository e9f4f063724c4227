"""Finished pictures from the device to the show: the one place that waits for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Delivery:
    """From a CUDA card through pinned memory and an event, so that only this thread waits, for this picture."""

    def __init__(self) -> None:
        self._pinned: Tensor | None = None

    def __call__(self, pictures: Tensor) -> np.ndarray:
        """[n, h, w, 3] uint8 as an array of the caller's own."""
        if pictures.device.type != "cuda":
            return pictures.cpu().numpy().copy() if pictures.device.type == "cpu" else pictures.cpu().numpy()
        if self._pinned is None or self._pinned.shape != pictures.shape:
            self._pinned = torch.empty(pictures.shape, dtype=torch.uint8, pin_memory=True)
        self._pinned.copy_(pictures, non_blocking=True)
        done = torch.cuda.Event()
        done.record()
        done.synchronize()
        return self._pinned.numpy().copy()
