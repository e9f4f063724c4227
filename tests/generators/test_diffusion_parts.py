"""A model folder in diffusers layout becomes parts; broken ones are refused in one line."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from perform.core.card import check_hash, read_card
from perform.core.errors import ModelError
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.families.unet import words_to_ids
from perform.generators.diffusion.parts import Extras, one_step, variance_preserving

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def parts(tiny_diffusion):
    return open_parts(tiny_diffusion)


@pytest.fixture
def broken(tiny_diffusion, tmp_path):
    return shutil.copytree(tiny_diffusion, tmp_path / "broken")


def test_a_folder_becomes_parts(parts, tiny_diffusion):
    check_hash(read_card(tiny_diffusion))
    with torch.inference_mode():
        embedding = parts.text.encode("a red fish")
        extras = Extras.at_rest("cpu", torch.float32)
        out = parts.denoise(torch.randn(2, 4, 8, 8), torch.tensor([999.0, 500.0]), embedding, extras)
        image = parts.decoder.decode(out)
    assert out.shape == (2, 4, 8, 8) and image.shape == (2, 3, 64, 64)
    assert parts.decoder.encode(image).shape == (2, 4, 8, 8)


def test_extras_at_rest_are_the_model_itself_and_each_of_them_acts(parts):
    x, t = torch.randn(1, 4, 8, 8), torch.tensor([700.0])
    with torch.inference_mode():
        embedding = parts.text.encode("a red fish")
        rest = parts.denoise(x, t, embedding, Extras.at_rest("cpu", torch.float32))
        plain = parts.denoiser(x, t, encoder_hidden_states=embedding.tokens, return_dict=False)[0]
        assert torch.equal(rest, plain)
        for name, index in [
            *(("attention", n) for n in range(3)),
            *((n, k) for n in ("backbone", "skip") for k in (0, 1)),
        ]:
            extras = Extras.at_rest("cpu", torch.float32)
            getattr(extras, name)[index] = 0.4
            assert not torch.equal(parts.denoise(x, t, embedding, extras), rest), (name, index)


def test_one_step_finds_the_picture_again():
    schedule = variance_preserving(torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0))
    x0, noise = torch.randn(2, 4, 8, 8)
    for level in (0.1, 0.5, 0.95):
        index = schedule.nearest(level)
        signal, found = schedule.signal(index), schedule.levels[index]
        assert abs(found - level) < 0.01
        x = signal * x0 + found * noise
        models = {"epsilon": noise, "v_prediction": signal * noise - found * x0, "sample": x0}
        for prediction, model in models.items():
            cx, cm = one_step(prediction, signal, found)
            assert torch.allclose(cx * x + cm * model, x0, atol=1e-4)
    flow = 0.3 * noise + 0.7 * x0
    cx, cm = one_step("flow", 0.7, 0.3)
    assert torch.allclose(cx * flow + cm * (noise - x0), x0, atol=1e-5)


def test_a_long_prompt_is_cut_and_said(parts):
    parts.text.notices.clear()
    parts.text.encode("a red fish in the deep blue sea " * 40)
    assert len(parts.text.notices) == 1 and "left out" in parts.text.notices[0] and "\n" not in parts.text.notices[0]


def test_attention_by_hand_is_the_libraries_attention(parts, tiny_diffusion):
    from diffusers.models.attention_processor import AttnProcessor2_0

    theirs = open_parts(tiny_diffusion)
    assert {type(p).__name__ for p in parts.denoiser.attn_processors.values()} == {"PlainAttention"}
    theirs.denoiser.set_attn_processor(AttnProcessor2_0())
    x, t = torch.randn(2, 4, 8, 8), torch.tensor([700.0, 3.0])
    with torch.inference_mode():
        embedding, extras = parts.text.encode("a red fish"), Extras.at_rest("cpu", torch.float32)
        a, b = (each.denoise(x, t, embedding, extras) for each in (parts, theirs))
    assert torch.allclose(a, b, atol=1e-5)


def test_words_that_a_model_does_not_know_are_said():
    class Words:
        unk_token_id, bos_token_id, eos_token_id, pad_token_id = 3, 1, 2, 0

        def __call__(self, prompt, max_length=None, **_):
            ids = [1, *({"red": 5}.get(word, 3) for word in prompt.split()), 2]
            return {"input_ids": torch.tensor([ids + [0] * (max_length - len(ids))]) if max_length else ids}

    notices: list[str] = []
    assert words_to_ids(Words(), "red", 8, notices).shape == (1, 8) and not notices
    words_to_ids(Words(), "red xyzzy", 8, notices)
    assert len(notices) == 1 and "does not know" in notices[0]


def test_a_part_that_is_missing_is_named(broken):
    shutil.rmtree(broken / "vae")
    with pytest.raises(ModelError, match=r"vae.*missing"):
        open_parts(broken)


def test_weights_that_are_no_numbers_are_refused(broken):
    state = load_file(broken / UNET)
    state["conv_in.weight"][0] = float("nan")
    save_file(state, broken / UNET)
    with pytest.raises(ModelError, match=r"conv_in.weight holds NaN"):
        open_parts(broken)


@pytest.mark.parametrize("how", ["shape", "lacks", "cut"])
def test_weights_that_do_not_fit_are_refused(broken, how):
    state = load_file(broken / UNET)
    if how == "shape":
        state["conv_in.weight"] = state["conv_in.weight"][:, :2].contiguous()
    elif how == "lacks":
        del state["conv_in.weight"]
    save_file(state, broken / UNET)
    if how == "cut":
        (broken / UNET).write_bytes((broken / UNET).read_bytes()[:-100])
    with pytest.raises(ModelError) as told:
        open_parts(broken)
    assert "\n" not in str(told.value) and "unet" in str(told.value)


def test_pickled_weights_are_not_opened(broken):
    torch.save(load_file(broken / UNET), broken / "unet" / "diffusion_pytorch_model.bin")
    (broken / UNET).unlink()
    with pytest.raises(ModelError, match="safetensors"):
        open_parts(broken)


def test_a_family_that_is_not_known_is_named(broken):
    (broken / "model_index.json").write_text(json.dumps({"_class_name": "os.system"}))
    with pytest.raises(ModelError, match="no family"):
        open_parts(broken)


def test_a_card_of_many_files_stays_in_its_folder(broken):
    card = broken / "model.toml"
    (broken / "unet" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="not that of the card"):
        check_hash(read_card(broken))
    card.write_text(card.read_text().replace('"unet/config.json"', '"../config.json"'))
    with pytest.raises(ModelError, match="not inside"):
        read_card(broken)
