"""Tiny decoders in families that come with a full one."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import tiny_families

from perform.generators.diffusion.families import open_parts


@torch.inference_mode()
def test_z_image_takes_a_tiny_decoder(tmp_path):
    from diffusers import AutoencoderTiny

    folder = tiny_families.make("zimage", tmp_path)
    assert any("tiny decoder" in line for line in open_parts(folder).notices)
    tiny = AutoencoderTiny(
        encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1), latent_channels=4,
    )  # fmt: skip
    tiny.save_pretrained(folder / "vae_tiny")
    parts = open_parts(folder)
    x = torch.randn(1, parts.latent_channels, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(parts.decoder.decode(x), tiny.decode(x).sample, atol=1e-5)
    assert not parts.notices and parts.decoder.encode(parts.decoder.decode(x)).shape == x.shape
