"""What acts beside a diffusion model: LoRAs that come and go, and a picture whose style is taken."""

from __future__ import annotations

import shutil

import numpy as np
import torch
from safetensors.torch import save_file
from tiny_player import WORDS, paint, recorder

from perform.core.card import read_card
from perform.core.errors import ModelError
from perform.core.types import Moment, ParamFrame, Picture
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.instrument import Instrument


class Slots:
    """Stands in for LoRAs: scales what the network gives."""

    def __init__(self) -> None:
        self.there: dict[int, float] = {}

    def read(self, name: str) -> float:
        if name == "alien":
            raise ModelError("alien: is made for sdxl, this model is sd")
        return float(len(name))

    def put(self, slot: int, lora: float | None) -> bool:
        if lora is None:
            self.there.pop(slot, None)
        else:
            self.there[slot] = lora
        return True


def test_loras_come_and_go_and_one_that_does_not_fit_is_said(make, parts, monkeypatch):
    slots, right = Slots(), parts.denoise
    monkeypatch.setattr(parts, "loras", slots)
    monkeypatch.setattr(
        parts, "denoise", lambda x, t, e, extras: right(x, t, e, extras) + sum(extras.lora[n] for n in slots.there)
    )
    log: list = []
    instrument = make(recorder(log))
    plain = paint(instrument, 0)
    with_one = paint(instrument, 1, lora_2="ink")
    assert not np.array_equal(with_one, plain) and slots.there == {1: 3.0} and len(log) == 2
    assert not np.array_equal(paint(instrument, 2, lora_2="ink", lora_2_scale=0.2), with_one) and len(log) == 2
    assert np.array_equal(paint(instrument, 3, lora_2="ink", lora_2_scale=0.0), plain)
    assert not instrument.notices
    assert np.array_equal(paint(instrument, 4, lora_2="ink", lora_1="alien"), with_one)
    assert instrument.notices == ["alien: is made for sdxl, this model is sd"]
    assert np.array_equal(paint(instrument, 5), plain) and not slots.there


def test_a_picture_of_the_style_speaks(make, parts, monkeypatch):
    right = parts.denoise
    monkeypatch.setattr(parts, "image_prompt", lambda picture: picture.mean().view(1, 1, 1))
    monkeypatch.setattr(
        parts, "denoise",
        lambda x, t, e, extras: right(x, t, e, extras) + (
            0.0 if extras.image_tokens is None else extras.image_tokens.mean() * extras.image_scale
        ),
    )  # fmt: skip
    there = {"style": Picture(np.full((8, 8, 3), 200, np.uint8), None, 1, 0.0)}
    plain, styled = paint(make(), 0), paint(make(), 0, there)
    assert not np.array_equal(plain, styled)
    assert np.array_equal(paint(make(), 0, there, style_scale=0.0), plain)


def test_a_lora_file_acts_by_name_and_is_told_for_the_manifest(tiny_diffusion, tmp_path):
    folder = shutil.copytree(tiny_diffusion, tmp_path / "tiny")
    (folder / "loras").mkdir()
    where = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_q"
    torch.manual_seed(2)
    save_file({f"{where}.lora_A.weight": torch.randn(4, 32), f"{where}.lora_B.weight": torch.randn(32, 4)},
              folder / "loras" / "ink.safetensors")  # fmt: skip
    instrument = Instrument()
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({"warm": False})
    plain = paint(instrument, 0)
    assert instrument.used == ()
    inked = paint(instrument, 1, lora_1="ink")
    assert not np.array_equal(inked, plain)
    assert not np.array_equal(paint(instrument, 2, lora_1="ink", lora_1_scale=0.5), inked)
    (used,) = instrument.used
    assert used["lora"] == "ink" and len(used["sha256"]) == 64
    assert np.array_equal(paint(instrument, 3), plain) and instrument.used == () and not instrument.notices
    paint(instrument, 4, lora_2="gone")
    assert len(instrument.notices) == 1


def test_a_lora_that_is_read_comes_in_with_the_first_picture_of_a_beat(tiny_diffusion, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_diffusion, folder)
    (folder / "loras").mkdir()
    parts = open_parts(folder)
    where = next(n for n, m in parts.denoiser.named_modules() if n.endswith("attn2.to_k"))
    save_file({f"unet.{where}.lora_A.weight": torch.randn(2, 32),
               f"unet.{where}.lora_B.weight": torch.randn(parts.denoiser.get_submodule(where).out_features, 2)},
              folder / "loras" / "ink.safetensors")  # fmt: skip
    instrument = Instrument(load=lambda *_: parts)
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({"warm": False})
    playing = []
    for n in range(16):
        moment = Moment(0.1 * n, 0.1 if n else 0.0, n, beats=0.3 * n + 0.1, confidence=0.9)
        name = "" if n < 5 else "ink"  # asked for at beat 1.6
        instrument.render(ParamFrame({**WORDS, "lora_1": name}), {}, moment)
        playing.append(bool(parts.loras.used))
    assert playing == [n >= 7 for n in range(16)]  # 2.2 is the first of beat 2
