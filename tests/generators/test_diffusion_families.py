"""Each family's one step against diffusers' own pipeline on the same folder, and what may lie beside a U-Net."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
import tiny_families

from perform.core.card import read_card
from perform.core.errors import ModelError
from perform.core.types import Moment, ParamFrame, Picture
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.instrument import Instrument
from perform.generators.diffusion.lora import LiveLoras
from perform.generators.diffusion.parts import Extras, one_step

PROMPT = "a red fish in the blue night"
FAMILIES = ("sdxl", "sana", "flux2", "zimage")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("families")
    return {name: tiny_families.make(name, place / name) for name in FAMILIES}


def latent(parts, rows=8, columns=8, seed=1):
    return torch.randn(1, parts.latent_channels, rows, columns, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def ours(parts, x, extras=None, prompt=PROMPT):
    """One step from pure noise, as the loop's formula has it: (x0, picture)."""
    at = parts.starts % len(parts.schedule.levels)
    level, signal = parts.schedule.levels[at], parts.schedule.signal(at)
    cx, cm = one_step(parts.prediction, signal, level)
    t = torch.tensor([parts.schedule.times[at]])
    extras = extras or Extras.at_rest("cpu", torch.float32)
    x0 = cx * x + cm * parts.denoise(x, t, parts.text.encode(prompt), extras)
    return x0, parts.decoder.decode(x0)


def near(a, b, tolerance=2e-4):
    assert float((a - b).norm() / b.norm()) < tolerance


def loaded(folder, **kinds):
    """The parts of a folder by diffusers' and transformers' own classes."""
    return {what: kind.from_pretrained(folder / what) for what, kind in kinds.items()}


def quiet(pipeline):
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def sdxl_pipeline(folder, parts, x, common):
    import diffusers
    import transformers

    schedule = diffusers.DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, timestep_spacing="trailing",
        clip_sample=False, set_alpha_to_one=True,
    )  # fmt: skip
    made = diffusers.StableDiffusionXLPipeline(
        **loaded(
            folder, tokenizer=transformers.AutoTokenizer, tokenizer_2=transformers.AutoTokenizer,
            vae=diffusers.AutoencoderTiny, unet=diffusers.UNet2DConditionModel,
            text_encoder=transformers.CLIPTextModel, text_encoder_2=transformers.CLIPTextModelWithProjection,
        ), scheduler=schedule, force_zeros_for_empty_prompt=True, add_watermarker=False,
    )  # fmt: skip
    return quiet(made)(PROMPT, guidance_scale=0.0, latents=x, **common).images


def transformer_parts(folder, net, vae, text, schedule):
    from transformers import AutoTokenizer

    return loaded(folder, tokenizer=AutoTokenizer, transformer=net, vae=vae, text_encoder=text, scheduler=schedule)


def sana_pipeline(folder, parts, x, common):
    import diffusers
    from transformers import Gemma2Model

    made = diffusers.SanaSprintPipeline(**transformer_parts(
        folder, diffusers.SanaTransformer2DModel, diffusers.AutoencoderDC, Gemma2Model, diffusers.SCMScheduler,
    ))  # fmt: skip
    return quiet(made)(
        PROMPT, latents=x, use_resolution_binning=False, complex_human_instruction=None, intermediate_timesteps=None,
        **common,
    ).images  # fmt: skip


def flux2_pipeline(folder, parts, x, common):
    import diffusers
    from transformers import Qwen3ForCausalLM

    made = diffusers.Flux2KleinPipeline(**transformer_parts(
        folder, diffusers.Flux2Transformer2DModel, diffusers.AutoencoderKLFlux2, Qwen3ForCausalLM,
        diffusers.FlowMatchEulerDiscreteScheduler,
    ), is_distilled=True)  # fmt: skip
    layers = parts.text._layers
    return quiet(made)(prompt=PROMPT, latents=x, guidance_scale=1.0, text_encoder_out_layers=layers, **common).images


def zimage_pipeline(folder, parts, x, common):
    import diffusers
    from transformers import Qwen3Model

    made = diffusers.ZImagePipeline(**transformer_parts(
        folder, diffusers.ZImageTransformer2DModel, diffusers.AutoencoderKL, Qwen3Model,
        diffusers.FlowMatchEulerDiscreteScheduler,
    ))  # fmt: skip
    words = [parts.text.encode(PROMPT).tokens[0]]
    return quiet(made)(prompt_embeds=words, latents=x, guidance_scale=0.0, **common).images


PIPELINES = {"sdxl": sdxl_pipeline, "sana": sana_pipeline, "flux2": flux2_pipeline, "zimage": zimage_pipeline}


@torch.inference_mode()
def theirs(name, folder, parts, x):
    """The picture of diffusers' pipeline, [1, 3, h, w] of -1..1."""
    side = {"height": x.shape[2] * parts.factor, "width": x.shape[3] * parts.factor}
    common = {"num_inference_steps": 1, "output_type": "pt", **side}
    return PIPELINES[name](folder, parts, x, common) * 2 - 1


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore")
def test_one_step_is_the_pipelines(name, folders):
    parts = open_parts(folders[name])
    assert parts.family == name
    x = latent(parts, 16, 16)
    _, picture = ours(parts, x)
    near(picture.clamp(-1, 1), theirs(name, folders[name], parts, x))


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_plays_and_is_steered(name, folders):
    instrument = Instrument()
    instrument.open(read_card(folders[name]), "cpu")
    instrument.prepare({"threads": 1})
    side = {"width": 32, "height": 32}

    def paint(n=0, pictures=None, **values):
        return instrument.render(ParamFrame({**side, "prompt_1": PROMPT, "steps": 1, **values}), pictures or {},
                                 Moment(0.1 * n, 0.1 if n else 0.0, n)).image  # fmt: skip

    plain = paint()
    assert plain.shape == (32, 32, 3) and np.array_equal(plain, paint())
    for values in ({"seed": 9}, {"prompt_1": "blue smoke"}, {"steps": 2}, {"attention_mid": 0.0}):
        assert not np.array_equal(plain, paint(**values)), values
    held = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    assert not np.array_equal(plain, paint(pictures={"image": Picture(held, None, 1, 0.0)}, strength=0.5))
    assert np.array_equal(plain, paint())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_with_a_part_missing_is_one_line(name, folders, tmp_path):
    import shutil

    for part in ("vae", "tokenizer", "unet" if name == "sdxl" else "transformer"):
        folder = tmp_path / part
        shutil.copytree(folders[name], folder)
        shutil.rmtree(folder / part)
        with pytest.raises(ModelError, match=part) as error:
            open_parts(folder)
        assert len(str(error.value).splitlines()) == 1


def test_a_folder_with_other_weights_or_code_is_refused(folders, tmp_path):
    import shutil

    folder = tmp_path / "m"
    shutil.copytree(folders["sdxl"], folder)
    path = next((folder / "unet").glob("*.safetensors"))
    path.rename(path.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(ModelError, match="no safetensors"):
        open_parts(folder)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "my_pipeline.Evil"}))
    with pytest.raises(ModelError, match="no family that perform plays"):
        open_parts(folder)


# What may lie beside a U-Net


@pytest.fixture
def tiny(tmp_path):
    from perform.generators.diffusion.tiny import write_tiny

    return write_tiny(tmp_path / "base")


def lora_file(path, unet, form, rank=3, wide=None, alpha=2.0):
    """A LoRA over all cross-attention keys and one convolution, in one of the forms in use."""
    from safetensors.torch import save_file

    chance = torch.Generator().manual_seed(4)
    weights = {}
    for name, module in unet.named_modules():
        if name.endswith(("attn2.to_k", "to_out.0", "conv1")):
            linear = isinstance(module, torch.nn.Linear)
            inside = (wide if wide and name.endswith("to_k") else module.in_features) if linear else module.in_channels
            out = module.out_features if linear else module.out_channels
            down = torch.randn(rank, inside, *([] if linear else [3, 3]), generator=chance) * 0.3
            up = torch.randn(out, rank, *([] if linear else [1, 1]), generator=chance) * 0.3
            if form == "peft":
                weights |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
            elif form == "old":
                weights |= {f"unet.{name}.lora.down.weight": down, f"unet.{name}.lora.up.weight": up}
            else:
                flat = "lora_unet_" + name.replace(".", "_")
                weights |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up,
                            f"{flat}.alpha": torch.tensor(alpha)}  # fmt: skip
    save_file(weights, path)
    return weights


@pytest.mark.parametrize("form", ["peft", "old", "kohya"])
def test_a_lora_is_what_adding_it_to_the_weights_is(form, tiny):
    parts = open_parts(tiny)
    x = latent(parts)
    plain, _ = ours(parts, x)
    lora_file(tiny.parent / "mine.safetensors", parts.denoiser, form)
    found = parts.loras.read("mine")
    assert parts.loras.put(0, found)
    extras = Extras.at_rest("cpu", torch.float32)
    near(ours(parts, x, extras)[0], plain, 1e-6)  # at scale 0 nothing changes
    extras.lora[0] = 0.7
    live, _ = ours(parts, x, extras)
    merged = open_parts(tiny)
    with torch.no_grad():
        for where, (down, up) in found.pairs.items():
            module = merged.denoiser.get_submodule(where)
            added = (up.flatten(1) @ down.flatten(1)).view(module.weight.shape)
            module.weight += 0.7 * added
    near(live, ours(merged, x)[0], 1e-4)
    assert float((live - plain).norm() / plain.norm()) > 1e-2
    assert parts.loras.put(0, None) and torch.equal(ours(parts, x, extras)[0], plain)


@pytest.mark.parametrize("name", [n for n in FAMILIES if n != "sdxl"])
@torch.inference_mode()
def test_a_transformer_plays_a_lora_too(name, folders):
    from safetensors.torch import save_file

    parts, merged = open_parts(folders[name]), open_parts(folders[name])
    chance, weights = torch.Generator().manual_seed(5), {}
    for where, module in parts.denoiser.named_modules():
        if where.endswith(("to_q", "to_v")):
            down = torch.randn(2, module.in_features, generator=chance) * 0.3
            up = torch.randn(module.out_features, 2, generator=chance) * 0.3
            weights |= {f"transformer.{where}.lora_A.weight": down, f"transformer.{where}.lora_B.weight": up}
            merged.denoiser.get_submodule(where).weight += 0.5 * up @ down
    save_file(weights, folders[name].parent / f"of_{name}.safetensors")
    x, extras = latent(parts), Extras.at_rest("cpu", torch.float32)
    plain, _ = ours(parts, x, extras)
    parts.loras.put(1, parts.loras.read(f"of_{name}"))
    near(ours(parts, x, extras)[0], plain, 1e-6)
    extras.lora[1] = 0.5
    live, _ = ours(parts, x, extras)
    near(live, ours(merged, x)[0], 1e-4)
    assert weights and float((live - plain).norm() / plain.norm()) > 1e-3


def test_several_loras_add_up_and_swap_without_new_places(tiny):
    parts = open_parts(tiny)
    lora_file(tiny.parent / "one.safetensors", parts.denoiser, "peft")
    lora_file(tiny.parent / "two.safetensors", parts.denoiser, "kohya")
    one, two = parts.loras.read("one"), parts.loras.read("two")
    assert parts.loras.put(0, one) and parts.loras.put(1, two)
    extras = Extras.at_rest("cpu", torch.float32)
    extras.lora[:2] = torch.tensor([1.0, -1.0])
    both, _ = ours(parts, latent(parts), extras)
    assert not parts.loras.put(0, two)  # same places and ranks: what was recorded goes on to hold
    near(ours(parts, latent(parts), extras)[0], ours(parts, latent(parts))[0], 1e-4)
    assert float((both - ours(parts, latent(parts))[0]).abs().max()) > 1e-3
    assert {u["lora"] for u in parts.loras.used} == {"two"} and all(len(u["sha256"]) == 64 for u in parts.loras.used)


@pytest.mark.parametrize(("make", "said"), [
    (lambda p, u: lora_file(p, u, "peft", wide=768), "it is made for Stable Diffusion 1.5"),
    (lambda p, u: p.write_bytes(b"no safetensors"), "cannot be read"),
    (lambda p, u: __import__("safetensors.torch").torch.save_file({"x": torch.zeros(2)}, p), "holds no LoRA"),
    (lambda p, u: None, "is not there"),
])  # fmt: skip
def test_a_lora_that_does_not_fit_is_one_line(tiny, make, said):
    parts = open_parts(tiny)
    make(tiny.parent / "bad.safetensors", parts.denoiser)
    with pytest.raises(ModelError, match=said) as error:
        parts.loras.read("bad")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["../base", "/etc/passwd", "a/b", "", "x" * 200])
def test_a_lora_is_named_and_never_a_path(tiny, name):
    with pytest.raises(ModelError):
        open_parts(tiny).loras.read(name)


def test_a_nan_lora_is_refused(tiny):
    from safetensors.torch import save_file

    parts = open_parts(tiny)
    weights = lora_file(tiny.parent / "nan.safetensors", parts.denoiser, "peft")
    weights[next(iter(weights))][0] = float("nan")
    save_file(weights, tiny.parent / "nan.safetensors")
    with pytest.raises(ModelError, match="NaN"):
        parts.loras.read("nan")


def test_sdxl_names_of_the_first_release_are_understood(folders):
    parts = open_parts(folders["sdxl"])
    assert isinstance(parts.loras, LiveLoras)
    lora_file(folders["sdxl"].parent / "xl.safetensors", parts.denoiser, "kohya")
    assert parts.loras.read("xl").pairs


@torch.inference_mode()
def test_a_controlnet_guides_as_in_diffusers(tiny):
    from diffusers import ControlNetModel, UNet2DConditionModel

    tiny_families.controlnet(tiny)
    parts = open_parts(tiny)
    x, picture = latent(parts), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    embedding, t = parts.text.encode(PROMPT), torch.tensor([999.0])
    residuals = parts.control(x, t, embedding, picture)
    extras = Extras.at_rest("cpu", torch.float32)
    extras.residuals = residuals
    extras.control.fill_(0.6)
    got = parts.denoise(x, t, embedding, extras)
    net, unet = (
        ControlNetModel.from_pretrained(tiny / "controlnet"),
        UNet2DConditionModel.from_pretrained(tiny / "unet"),
    )
    down, mid = net(x, t, encoder_hidden_states=embedding.tokens, controlnet_cond=picture, conditioning_scale=0.6,
                    return_dict=False)  # fmt: skip
    wanted = unet(x, t, encoder_hidden_states=embedding.tokens, down_block_additional_residuals=down,
                  mid_block_additional_residual=mid, return_dict=False)[0]  # fmt: skip
    near(got, wanted, 1e-4)


def test_a_controlnet_of_another_family_is_refused(tiny, folders, tmp_path):
    tiny_families.controlnet(tiny)
    other = tmp_path / "xl"
    import shutil

    shutil.copytree(folders["sdxl"], other)
    shutil.copytree(tiny / "controlnet", other / "controlnet")
    with pytest.raises(ModelError, match="another family"):
        open_parts(other)


@torch.inference_mode()
@pytest.mark.filterwarnings("ignore")
def test_an_image_prompt_speaks_as_in_diffusers(tiny):
    from diffusers import UNet2DConditionModel

    weights = tiny_families.image_prompt(tiny)
    parts = open_parts(tiny)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    words = parts.image_prompt(picture)
    assert words.shape == (1, 4, 32)
    x, embedding, t = latent(parts), parts.text.encode(PROMPT), torch.tensor([999.0])
    extras = Extras.at_rest("cpu", torch.float32)
    plain = parts.denoise(x, t, embedding, extras)
    extras.image_tokens = words
    extras.image_scale.fill_(0.8)
    got = parts.denoise(x, t, embedding, extras)
    assert float((got - plain).norm() / plain.norm()) > 1e-3
    unet = UNet2DConditionModel.from_pretrained(tiny / "unet")
    proj = {k.removeprefix("image_proj."): v for k, v in weights.items() if k.startswith("image_proj.")}
    adapter = {k.removeprefix("ip_adapter."): v for k, v in weights.items() if k.startswith("ip_adapter.")}
    unet._load_ip_adapter_weights([{"image_proj": proj, "ip_adapter": adapter}])
    for processor in unet.attn_processors.values():
        if hasattr(processor, "scale"):
            processor.scale = [0.8] * len(processor.scale)
    seen = parts.image_prompt._eye((picture - parts.image_prompt._mean) / parts.image_prompt._spread).image_embeds
    wanted = unet(x, t, encoder_hidden_states=embedding.tokens, added_cond_kwargs={"image_embeds": [seen[:, None]]},
                  return_dict=False)[0]  # fmt: skip
    near(got, wanted, 1e-3)
