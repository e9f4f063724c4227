"""Attention on a CPU as two plain products, which is quicker there than the fused kernel for few words or small heads.

Measured on one core of an AVX-512 machine, bfloat16, in ms (fused, plain): 256 places by 24 words in 48 heads of 3
numbers 1.47, 0.71; 1024 places by themselves in 2 heads of 32 numbers 3.63, 2.04.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

FEW = 128
"""Keys up to which float32 is quicker than bfloat16."""
MOST_SCORES = 1 << 25
"""Numbers of a whole score table, beyond which the fused kernel, which never makes one, is better."""


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """q [n, heads, places, d], k and v [n, heads, keys, d] -> [n, heads, places, d]."""
    if q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2] > MOST_SCORES:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v)
    dtype = q.dtype
    if k.shape[2] <= FEW:
        q, k, v = q.float(), k.float(), v.float()
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return (scores.softmax(-1) @ v).to(dtype)


class PlainAttention:
    """A processor of diffusers' Attention modules, for those that have nothing but queries, keys and values."""

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, *_: Any, **__: Any,
    ) -> Tensor:  # fmt: skip
        """hidden_states [n, places, d] -> the same shape."""
        words = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        count, places, _width = hidden_states.shape

        def heads(x: Tensor) -> Tensor:
            return x.view(count, -1, attn.heads, x.shape[-1] // attn.heads).transpose(1, 2)

        out = attend(heads(attn.to_q(hidden_states)), heads(attn.to_k(words)), heads(attn.to_v(words)))
        out = out.transpose(1, 2).reshape(count, places, -1)
        found: Tensor = attn.to_out[1](attn.to_out[0](out))
        return found


def use_plain(network: Any) -> None:
    """Let all attention of a U-Net that is of the plain kind go this way."""
    chosen = {}
    for name, module in network.named_modules():
        if f"{name}.processor" in network.attn_processors:
            odd = (module.group_norm, module.spatial_norm, module.norm_cross, module.norm_q, module.norm_k,
                   module.add_k_proj, module.add_q_proj)  # fmt: skip
            plain = all(part is None for part in odd) and not module.residual_connection
            plain = plain and float(module.rescale_output_factor) == 1.0
            chosen[f"{name}.processor"] = PlainAttention() if plain else module.processor
    network.set_attn_processor(chosen)
