"""A CUDA graph's stand-in on a CPU: notes every operation with the tensors it read and wrote, and plays it again.

Like a graph it knows addresses and no Python: a number that a frame took from the host stays what it was when it was
noted, and what is written into a tensor in place is seen. Whatever would wait for the device or the host is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = ("_local_scalar_dense", "is_nonzero", "nonzero", "equal.default", "item", "allclose", "masked_select")


class Tape(TorchDispatchMode):
    """Notes operations while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[Any, Any, Any, list[tuple[int, Tensor]]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        assert not any(word in str(func) for word in WAITS), f"{func} waits for the device"
        assert "lift_fresh" not in str(func), "a tensor comes from the host"
        out = func(*args, **kwargs)
        read = {_storage(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        leaves = [(n, leaf) for n, leaf in enumerate(tree_leaves(out)) if isinstance(leaf, Tensor)]
        self.steps.append((func, args, kwargs, [(n, leaf) for n, leaf in leaves if _storage(leaf) not in read]))
        return out

    def play(self) -> None:
        """All again, into the same tensors."""
        for func, args, kwargs, fresh in self.steps:
            leaves = tree_leaves(func(*args, **kwargs))
            for n, tensor in fresh:
                tensor.copy_(leaves[n])


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def taped(tapes: list[Tape]) -> Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]:
    """Records as `record_cuda` does; what was recorded is added to `tapes`."""

    def record(call: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        call()
        tape = Tape()
        with tape:
            out = call()
        tapes.append(tape)
        return tape.play, out

    return record
