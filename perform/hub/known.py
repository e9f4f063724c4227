"""Short names of few-step models that perform plays, with what their authors say of the terms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """repo: on the hub, with the file where only one of it is meant. steps: that it is made for. tiny: a tiny decoder
    for it. note: of its terms, in a few words. lora: a LoRA and no whole model."""

    repo: str
    steps: int = 1
    tiny: str = ""
    note: str = ""
    lora: bool = False


KNOWN = {
    "sd_turbo": Known("stabilityai/sd-turbo", 1, "madebyollin/taesd", "Stability AI community licence"),
    "sdxl_turbo": Known("stabilityai/sdxl-turbo", 1, "madebyollin/taesdxl", "Stability AI community licence"),
    "sd15_lcm": Known("SimianLuo/LCM_Dreamshaper_v7", 4, "madebyollin/taesd", "CreativeML OpenRAIL-M"),
    "sd15": Known("stable-diffusion-v1-5/stable-diffusion-v1-5", 4, "madebyollin/taesd", "CreativeML OpenRAIL-M"),
    "sdxl": Known("stabilityai/stable-diffusion-xl-base-1.0", 4, "madebyollin/taesdxl", "CreativeML OpenRAIL++-M"),
    "sana_sprint": Known("Efficient-Large-Model/Sana_Sprint_0.6B_1024px_diffusers", 2, "", "NVIDIA, research only"),
    "flux2_klein": Known("black-forest-labs/FLUX.2-klein-4B", 4, "", "Apache-2.0"),
    "z_image_turbo": Known("Tongyi-MAI/Z-Image-Turbo", 8, "madebyollin/taef1", "Apache-2.0"),
    "lcm_lora": Known("latent-consistency/lcm-lora-sdv1-5", 4, "", "OpenRAIL++-M", lora=True),
    "lcm_lora_sdxl": Known("latent-consistency/lcm-lora-sdxl", 4, "", "OpenRAIL++-M", lora=True),
    "hyper_sd": Known("ByteDance/Hyper-SD:Hyper-SD15-1step-lora.safetensors", 1, "",
                      "no stated licence: ask its authors", lora=True),
    "sdxl_lightning": Known("ByteDance/SDXL-Lightning:sdxl_lightning_4step_lora.safetensors", 4, "", "OpenRAIL++-M",
                            lora=True),
    "tcd_lora": Known("h1t/TCD-SD15-LoRA", 4, "", "MIT", lora=True),
}  # fmt: skip
TINY = {"sd": "madebyollin/taesd", "sdxl": "madebyollin/taesdxl"}
"""Family -> the tiny decoder that fits every model of it."""
