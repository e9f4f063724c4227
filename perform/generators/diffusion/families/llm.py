"""Language models as text encoders, for the families that have one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from .opened import network, open_tokenizer


class LanguageModel:
    """Tokenizer and model of a folder. chat: words go through the model's own chat template first."""

    def __init__(self, folder: Path, kind: Any, device: Any, dtype: torch.dtype, length: int) -> None:
        self.notices: list[str] = []
        self.model = network(kind, folder / "text_encoder", device, dtype)
        self.tokenizer = open_tokenizer(folder / "tokenizer")
        self._device, self.length = device, length

    def chat(self, prompt: str, *, thinking: bool) -> str:
        """The prompt as the model's template wraps it."""
        if not getattr(self.tokenizer, "chat_template", None):
            raise ModelError("the tokenizer has no chat template; the model is not complete")
        told = [{"role": "user", "content": prompt}]
        wrapped = self.tokenizer.apply_chat_template(
            told, tokenize=False, add_generation_prompt=True, enable_thinking=thinking
        )
        return str(wrapped)

    def hidden(self, prompt: str, layers: Sequence[int], length: int | None = None) -> tuple[list[Tensor], Tensor]:
        """(the hidden states [1, length, d] of `layers`, mask [1, length]). Words beyond the length are left out."""
        length = length or self.length
        count = len(self.tokenizer(prompt, truncation=False, verbose=False)["input_ids"])
        if count > length:
            self.notices.append(f"the prompt is longer than {length} tokens; its end is left out")
        ids = self.tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        mask = ids["attention_mask"].to(self._device)
        with torch.inference_mode():
            out = self.model(
                input_ids=ids["input_ids"].to(self._device), attention_mask=mask, output_hidden_states=True,
                use_cache=False,
            )  # fmt: skip
        return [out.hidden_states[layer] for layer in layers], mask


def thirds(blocks: Sequence[Any], denoise: Any, pick: int | None) -> None:
    """Let `Extras.attention` scale what each third of a transformer's blocks adds to the picture.

    pick: which of a block's outputs is the picture's stream, and by the same place its input; None: the only one.
    """

    def gained(place: int, name: str | None) -> Any:
        def hook(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
            extras = denoise.extras
            if extras is None:
                return out
            before = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
            after = out if name is None else out[pick]
            if before.shape != after.shape:
                return out
            moved = before + extras.attention[place].to(after.dtype) * (after - before)
            if name is None:
                return moved
            return tuple(moved if n == pick else part for n, part in enumerate(out))

        return hook

    for number, block in enumerate(blocks):
        place = min(3 * number // max(len(blocks), 1), 2)
        block.register_forward_hook(gained(place, None if pick is None else "several"), with_kwargs=True)
