"""Calls recorded once as a CUDA graph, and played again with one word: at batch 1 a card computes each layer faster
than Python can ask for the next. What a recording reads lies in tensors of its own, written in place before a playing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM = 3  # runs before a recording: cuDNN chooses its kernels in them

Record = Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]
"""Runs a call once or more and remembers it: gives what plays it again, and the tensor that each playing fills."""


def record_cuda(call: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """Record with a CUDA graph, on a stream of its own, so that other threads' work goes on beside it."""
    stream, before = torch.cuda.Stream(), torch.cuda.current_stream()
    stream.wait_stream(before)
    with torch.cuda.stream(stream):
        for _ in range(WARM):
            call()
    before.wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        out = call()
    return graph.replay, out
