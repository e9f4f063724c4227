"""Saved latents and second models: files that survive, files that do not, fades, and what is loaded beside the show."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import instrument, still, stylegan2, stylegan3

from perform.core.errors import ModelError
from perform.core.types import Moment, ParamFrame
from perform.generators.background import Background
from perform.generators.stylegan.blend import Blend
from perform.generators.stylegan.saved import FILE, TENSORS, Latent, fitting, read_latent, save_latent


@pytest.fixture(scope="module")
def network() -> Any:
    return stylegan2()


def ws_of(network: Any, *seeds: int) -> np.ndarray:
    found: np.ndarray = np.concatenate([network.mapping(network.seed(n)).numpy() for n in seeds])
    return found


def test_a_latent_comes_back_as_it_was_saved(tmp_path: Path, network: Any) -> None:
    kept = Latent(
        "fish", ws_of(network, 1, 2), "tiny", "ab12", 'a "fish"\nof mine', "me", "CC0", {"steps": 300, "lr": 0.1}
    )
    found = read_latent(save_latent(tmp_path / "fish", kept))
    assert np.array_equal(found.ws, kept.ws) and found.made == {"steps": 300, "lr": 0.1}
    assert (found.name, found.title, found.model_sha256) == ("fish", 'a "fish"\nof mine', "ab12")
    assert np.array_equal(found.at(1.0), kept.ws[1]) and np.array_equal(found.at(-3.0), kept.ws[0])
    assert np.allclose(found.at(0.5), kept.ws.mean(axis=0))


def spoil_card(folder: Path) -> None:
    (folder / FILE).write_text("name = [")


def spoil_newer(folder: Path) -> None:
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace("version = 1", "version = 99"))


def spoil_bytes(folder: Path) -> None:
    (folder / TENSORS).write_bytes((folder / TENSORS).read_bytes()[:-9])


def spoil_nan(folder: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"ws": np.full((1, 8, 32), np.nan, np.float32)}, folder / TENSORS)
    text = (folder / FILE).read_text().splitlines()
    (folder / FILE).write_text("\n".join(line for line in text if not line.startswith("sha256")))


def spoil_gone(folder: Path) -> None:
    (folder / TENSORS).unlink()


@pytest.mark.parametrize("spoil", [spoil_card, spoil_newer, spoil_bytes, spoil_nan, spoil_gone])
def test_a_broken_latent_is_one_line_and_the_show_goes_on(tmp_path: Path, network: Any, spoil: Any) -> None:
    folder = save_latent(tmp_path / "fish", Latent("fish", ws_of(network, 1)))
    spoil(folder)
    with pytest.raises(ModelError) as caught:
        read_latent(folder)
    assert "\n" not in str(caught.value)
    made = instrument(network, find_latent=lambda name: tmp_path / name)
    plain = still(made)
    assert np.array_equal(plain, still(made, latent="fish"))
    assert len(made.notices) == 1 and not made.notices


def test_a_latent_of_another_shape_is_refused_by_name(network: Any) -> None:
    with pytest.raises(ModelError, match=r"latent big: of ffhq, \[18, 512\], but this model needs \[8, 32\]"):
        fitting(Latent("big", np.zeros((1, 18, 512), np.float32), "ffhq"), 8, 32)
    for wrong in (np.zeros((8, 32)), np.zeros((1, 8, 0)), np.zeros((1, 8, 32), int)):
        with pytest.raises(ModelError):
            save_latent("nowhere", Latent("x", wrong))


def test_a_held_latent_is_shown_as_it_was_saved_and_fades(tmp_path: Path, network: Any) -> None:
    save_latent(tmp_path / "fish", Latent("fish", ws_of(network, 77)))
    made = instrument(network, find_latent=lambda name: tmp_path / name)
    wanted = still(instrument(network), seed=77, psi=1.0)
    assert np.abs(still(made, latent="fish", psi=0.2) - wanted).max() <= 1  # psi rules the walk alone
    made = instrument(network, find_latent=lambda name: tmp_path / name)
    values = {"walk": "hold", "glide_s": 1.0, "psi": 1.0}
    run = [(0.0, {}), (0.1, {"latent": "fish"}), (0.6, {"latent": "fish"}), (2.0, {"latent": "fish"})]
    images = [
        made.render(ParamFrame(values | more), {}, Moment(t, t, n)).image.astype(int) for n, (t, more) in enumerate(run)
    ]
    far = [np.abs(image - wanted).mean() for image in images]
    assert far[0] == far[1] > far[2] > far[3] and far[3] < 0.1


def test_without_a_folder_to_look_in_it_says_so(network: Any) -> None:
    made = instrument(network)
    still(made, latent="fish", blend_model="kin")
    assert len(made.notices) == 2


# --- two models


@pytest.mark.parametrize("make", [stylegan2, stylegan3])
def test_blended_ends_are_the_models_and_the_middle_is_neither(make: Any) -> None:
    first, second = make(), make(seed=9)
    ws = first.mapping(first.seed(3))
    if make is stylegan2:  # noise stays that of the first: without it the ends can be compared
        ends = [n.synthesis(ws, noise="none") for n in (first, second)]
    else:
        ends = [n.synthesis(ws) for n in (first, second)]
    with torch.inference_mode():
        blend = Blend(first, second)
        shown = [blend.at((t, t, t)).synthesis(ws, noise="none") for t in (0.0, 1.0, 0.5, 1.0, 0.0)]
    for index, end in ((0, 0), (1, 1), (3, 1), (4, 0)):
        if make is stylegan3 and end == 1:
            continue  # the waves themselves are no weights: they stay those of the first
        assert torch.allclose(shown[index], ends[end], atol=1e-5)
    assert not torch.allclose(shown[2], ends[0], atol=0.05) and not torch.allclose(shown[2], ends[1], atol=0.05)


def test_layers_are_taken_group_by_group() -> None:
    first, second = stylegan2(noise=0.0), stylegan2(seed=9, noise=0.0)
    blend = Blend(first, second)
    network = blend.at((1.0, 0.0, 0.0))
    mine, theirs = network.generator.synthesis.state_dict(), second.generator.synthesis.state_dict()
    own = first.generator.synthesis.state_dict()
    assert torch.equal(mine["b4.conv1.weight"], theirs["b4.conv1.weight"])
    assert torch.equal(mine["b8.conv1.weight"], theirs["b8.conv1.weight"])
    assert torch.equal(mine["b32.conv0.weight"], own["b32.conv0.weight"])
    assert torch.equal(first.generator.synthesis.state_dict()["b4.conv1.weight"], own["b4.conv1.weight"])


def test_grain_flows_on_in_a_blended_network(network: Any) -> None:
    both = {"kin": stylegan2(seed=8)}
    made = instrument(network, load=lambda folder, **_: both.get(Path(folder).name, network), find_model=Path)
    values = {"blend_model": "kin", "blend_fine": 0.5}
    assert np.abs(still(made, **values) - still(made, **values, noise_fine=2.0)).mean() > 0.5
    rest = still(made, **values)
    assert np.array_equal(rest, still(made, **values))
    assert np.array_equal(still(made), still(instrument(network)))


@pytest.mark.parametrize("other", [{"resolution": 16}, {"channel_max": 16}])
def test_models_of_another_architecture_are_refused_in_one_line(network: Any, other: dict[str, Any]) -> None:
    both = {"odd": stylegan2(**other)}
    made = instrument(network, load=lambda folder, **_: both.get(Path(folder).name, network), find_model=Path)
    assert np.array_equal(still(made, blend_model="odd", blend_fine=1.0), still(instrument(network)))
    assert any("not of one architecture" in line for line in made.notices)


# --- beside the show


def test_a_live_show_paints_on_while_something_loads(network: Any) -> None:
    gate, begun = threading.Event(), threading.Event()

    def load(folder: Any, **_: Any) -> Any:
        if Path(folder).name != "kin":
            return network
        begun.set()
        gate.wait(20.0)
        return stylegan2(seed=8)

    made = instrument(network, load=load, find_model=Path, live=True)
    values = {"blend_model": "kin", "blend_coarse": 1.0}
    plain = still(made)
    assert np.array_equal(plain, still(made, **values)) and begun.wait(20.0)
    gate.set()
    for _ in range(400):
        if not np.array_equal(plain, still(made, **values)):
            return
        threading.Event().wait(0.05)
    pytest.fail("the second model never came in")


def test_the_newest_wish_wins_and_failures_are_told_once() -> None:
    def fails() -> None:
        raise RuntimeError("no such thing\nand more")

    patient = Background(patient=True)
    assert patient.want("x", "a", lambda: 1) == ("a", 1)
    assert patient.want("x", "a", lambda: 2) == ("a", 1)
    assert patient.want("x", "b", fails) == (None, None)
    assert patient.want("x", "b", lambda: 3) == (None, None)
    assert list(patient.notices) == ["no such thing"]
    patient.drop("x")
    assert patient.want("x", "b", lambda: 4) == ("b", 4)
    gates = {"slow": threading.Event(), "quick": threading.Event()}
    live = Background(patient=False)
    assert live.want("y", "slow", lambda: gates["slow"].wait(20.0)) == (None, None)
    live.want("y", "quick", lambda: "done")
    for _ in range(400):
        if live.want("y", "quick", lambda: "again")[1] == "done":
            break
        threading.Event().wait(0.05)
    gates["slow"].set()
    threading.Event().wait(0.2)
    assert live.want("y", "quick", lambda: "again") == ("quick", "done")
