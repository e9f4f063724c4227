"""Muon: momentum made orthogonal, for weight matrices. It learns from a batch what Adam needs two or three for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

POLYNOMIAL = (3.4445, -4.7750, 2.0315)
TURNS = 5


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix [m, n] whose singular values all are about one (0.7 to 1.2), times the root of its longer
    side: entries of about one, as weights with the learning rate equalised have.

    Newton and Schulz's iteration with the polynomial of Jordan and others ("Muon", 2024), in bfloat16.
    """
    high = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if high else matrix
    x = (x / x.norm().clamp_min(1e-7)).bfloat16()
    a, b, c = POLYNOMIAL
    for _ in range(TURNS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    longer = max(matrix.shape) ** 0.5
    return (x.T if high else x).to(matrix.dtype) * longer


class Muon(torch.optim.Optimizer):
    """Steps of `lr` per entry. A convolution's kernel [out, in, h, w] counts as a matrix [out, in * h * w]."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step by the gradients that are there, with Nesterov's look ahead."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                way = weight.grad.lerp(state["momentum"], group["momentum"]).flatten(1)
                weight.add_(orthogonal(way).view_as(weight), alpha=-group["lr"])


def is_matrix(name: str, weight: Tensor) -> bool:
    """Whether a weight maps many numbers to many: not biases, the constant, or the three rows that make colours."""
    inner = "const" not in name and "torgb.weight" not in name
    return inner and weight.ndim > 1 and min(weight.flatten(1).shape) > 1
