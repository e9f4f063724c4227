"""Every control of the latent instrument: its rest value leaves the picture bit for bit, another value changes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import CARD, instrument, stylegan2, stylegan3

from perform.core.types import Moment, ParamFrame
from perform.generators.stylegan import rows
from perform.generators.stylegan.instrument import PARAMS, ROWS, Instrument
from perform.generators.stylegan.paint import REST, plan
from perform.generators.stylegan.saved import Latent, save_latent
from perform.train.control_strips import NOT_SHOWN, all_strips

LATER = Moment(0.4, 0.4, 12, 0.8, 0.2)
LOOP = {"walk": "loop", "loop_beats": 4}
TONE = {"chroma_mix": 0.8, "chroma_3": 0.7}
BENT = {"bend_1": "translate", "bend_1_amount": 0.5, "bend_1_layer": 2}

# row -> (another value, what else must be set for it to have work to do, kind of network)
CONTROLS: Mapping[str, tuple[Any, Mapping[str, Any], str]] = {
    "seed": (5, {}, ""),
    "walk": ("drift", {"speed": 8.0}, ""),
    "space": ("z", {"walk": "drift", "speed": 8.0}, ""),
    "speed": (8.0, {"walk": "drift"}, ""),
    "even": (1.0, LOOP | {"seed": 6}, ""),
    "push": (1.0, {}, ""),
    "reach": (0.3, {"walk": "drift", "speed": 8.0}, ""),
    "plane_x": (0.5, {"walk": "plane"}, ""),
    "plane_y": (-0.5, {"walk": "plane"}, ""),
    "loop_beats": (4, {"walk": "loop"}, ""),
    "keyframes": (2, LOOP, ""),
    "keys": ("4 fish 9", LOOP, "saved"),
    "ease": (1.0, LOOP, ""),
    "jump": (1, {}, ""),
    "jump_on": ("onset", {"walk": "jump", "push": 0.9}, ""),
    "glide_s": (5.0, {}, ""),
    "psi": (0.3, {}, ""),
    "cutoff": (2, {"psi": 0.3}, ""),
    "centre": ("centre_2", {"psi": 0.3}, ""),
    "class_1": (2, {}, "classes"),
    "class_2": (1, {"class_mix": 0.5}, "classes"),
    "class_mix": (0.5, {"class_2": 2}, "classes"),
    "latent": ("fish", {}, "saved"),
    "latent_mix": (0.5, {"latent": "fish"}, "saved"),
    "latent_at": (0.2, {"latent": "fish"}, "saved"),
    "seed_to": (9, {"seed_at": 0.5}, ""),
    "seed_at": (0.6, {"seed_to": 9}, ""),
    "mix_seed": (1001, {"middle": 1.0}, ""),
    **{name: (1.0, {}, "") for name in ("coarse", "middle", "fine")},
    **{f"{name}_move": (1.0, {}, "") for name in ("coarse", "middle", "fine")},
    "directions": ("pca", {"direction_1": 1.0}, ""),
    "direction_layers": ("fine", {"direction_1": 1.0}, ""),
    **{f"direction_{n}": (1.0, {}, "") for n in range(1, 9)},
    "chroma_mix": (1.0, TONE, ""),
    "chroma_seed": (7, TONE, ""),
    "chroma_layers": ("middle", TONE, ""),
    **{f"chroma_{n}": (1.0, TONE, "") for n in range(12)},
    **{f"noise_{name}": (2.0, {}, "") for name in ("coarse", "middle", "fine")},
    "noise_drift": (1.0, {}, ""),
    "noise_beats": (2, {}, ""),
    **{f"noise_layer_{n}": (2.0, {}, "large" if n > 6 else "") for n in range(20)},
    "input_x": (0.3, {}, ""),
    "input_y": (-0.3, {}, ""),
    "input_turn": (40.0, {}, ""),
    "input_zoom": (1.6, {}, ""),
    "width": (7, {}, ""),
    "height": (6, {}, ""),
    "fill": ("stretch", {"width": 8}, ""),
    **{f"rgb_{name}": (0.2, {}, "") for name in ("coarse", "middle", "fine")},
    "tap": ("maps", {}, ""),
    "tap_layer": (1, {"tap": "pca"}, ""),
    "tap_channel": (4, {"tap": "maps"}, ""),
    "tap_mix": (0.4, {"tap": "rgb", "tap_layer": 1}, ""),
    **{f"bend_{n}": ("invert", {f"bend_{n}_amount": 0.7, f"bend_{n}_layer": 2}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_amount": (0.6, {f"bend_{n}_layer": 2}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_layer": (0, {f"bend_{n}_amount": 0.6}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_angle": (90.0, {f"bend_{n}": "shear", f"bend_{n}_amount": 0.6}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_on": ("cluster", {f"bend_{n}_amount": 0.6}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_part": (0.9, {f"bend_{n}_amount": 0.6, f"bend_{n}_on": "random"}, "") for n in (1, 2, 3)},
    **{f"bend_{n}_pick": (3, {f"bend_{n}_amount": 0.6, f"bend_{n}_on": "random"}, "") for n in (1, 2, 3)},
    "blend_model": ("kin", {"blend_middle": 0.5}, "two"),
    **{f"blend_{name}": (1.0, {"blend_model": "kin"}, "two") for name in (*rows.LAYERS, "mapping")},
}  # fmt: skip
NEEDS_JUMP = {"glide_s"}


@cache
def network(kind: str) -> Any:
    if kind == "classes":
        return stylegan2(c_dim=4)
    if kind == "large":  # twenty layers that take noise: more than a model of 1024 px has
        return stylegan2(resolution=4096, channel_base=64, channel_max=2, z_dim=4, w_dim=4)
    return stylegan2()


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    plain = network("")
    way = np.concatenate([plain.mapping(plain.seed(n)).numpy() for n in (71, 72, 73)])
    save_latent(folder / "fish", Latent("fish", way, "tiny"))
    return folder


def made_for(kind: str, latents: Path) -> Instrument:
    if kind == "two":
        both = {"first": network(""), "kin": stylegan2(seed=8)}
        load = lambda folder, **_: both.get(Path(folder).name, both["first"])  # noqa: E731
        return instrument(both["first"], load=load, find_model=Path)
    return instrument(network(kind), find_latent=lambda name: latents / name)


def test_no_control_is_forgotten() -> None:
    assert set(CONTROLS) == set(ROWS) - {"noise_picture", "picture_style"}  # they need one: see test_picture_noise


def run(name: str, kind: str, latents: Path, **values: Any) -> np.ndarray:
    """Two pictures' worth of playing: the change comes with the second."""
    made = made_for(kind, latents)
    common = {"walk": "hold", "glide_s": 0.0, "psi": 1.0} | dict(CONTROLS[name][1])
    begin = {k: v for k, v in common.items() if k != "push"}
    made.render(ParamFrame(begin), {}, Moment(0.0, 0.0, 0))
    if name in NEEDS_JUMP:
        values = values | {"seed": 9}
    image: np.ndarray = made.render(ParamFrame(common | values), {}, LATER).image
    assert not made.notices
    return image.astype(int)


@pytest.mark.parametrize("name", [n for n in CONTROLS if CONTROLS[n][2] != "large"])
def test_it_rests_and_it_moves(name: str, latents: Path) -> None:
    full, _, kind = CONTROLS[name]
    rest = run(name, kind, latents)
    given = {"glide_s": 0.0, "psi": 1.0, "walk": "hold"} | dict(CONTROLS[name][1])
    assert np.array_equal(rest, run(name, kind, latents, **{name: given.get(name, ROWS[name].default)}))
    other = run(name, kind, latents, **{name: full})
    assert other.shape != rest.shape or np.abs(rest - other).mean() > 0.5


def test_all_rest_values_at_once_are_the_bare_network() -> None:
    """With every row at its default, a picture is what the network alone makes of the seed's w."""
    plain = network("")
    made = instrument(plain)
    voice = made._voice
    assert voice is not None
    values = {row.name: row.default for row in PARAMS}
    shown = made.render(ParamFrame(values | {"walk": "hold"}), {}, Moment(0.0, 0.0, 0)).image
    ws = plain.mapping(plain.seed(1), psi=float(ROWS["psi"].default)).double()  # type: ignore[arg-type]
    bare = (plain.synthesis(ws)[0] * 127.5 + 128).clamp(0, 255).byte().permute(1, 2, 0).numpy()
    assert np.abs(shown.astype(int) - bare.astype(int)).max() <= 1
    assert plan(values, voice._study, voice.tables.ws_group) is REST


@pytest.mark.parametrize("layer", range(7, 20))
def test_grain_of_layers_that_only_large_models_have(layer: int) -> None:
    from perform.generators.stylegan.compose import noise_gains

    class Tables:
        noise_group = np.zeros(20, int)

    gains = noise_gains(Tables(), {f"noise_{n}": 1.0 for n in rows.LAYERS} | {f"noise_layer_{layer}": 1.5})  # type: ignore[arg-type]
    assert gains == [1.5 if n == layer else 1.0 for n in range(20)]


@pytest.mark.parametrize(
    "name", ["input_x", "input_turn", "width", "tap", "bend_1_amount", "coarse_move", "direction_1"]
)
def test_the_same_controls_play_a_stylegan3(name: str) -> None:
    made = instrument(waves())
    values = {"psi": 1.0, "walk": "hold", "tap_layer": 2, "bend_1_layer": 2}
    full = CONTROLS[name][0]
    rest = made.render(ParamFrame(values), {}, Moment(0.0, 0.0, 0)).image.astype(int)
    other = made.render(ParamFrame(values | {name: full}), {}, Moment(0.0, 0.0, 0)).image.astype(int)
    again = made.render(ParamFrame(values), {}, Moment(0.0, 0.0, 0)).image.astype(int)
    assert np.array_equal(rest, again)
    assert other.shape == ((32, 56, 3) if name == "width" else (32, 32, 3))
    assert name == "width" or np.abs(rest - other).mean() > 0.5


@cache
def waves() -> Any:
    return stylegan3()


def test_a_stylegan3_is_moved_where_it_grows_and_not_resampled() -> None:
    made = instrument(waves())
    values = {"psi": 1.0, "walk": "hold"}
    rest = made.render(ParamFrame(values), {}, Moment(0.0, 0.0, 0)).image.astype(float)
    for name, axis in (("input_x", 1), ("input_y", 0)):
        there = made.render(ParamFrame(values | {name: 0.25}), {}, Moment(0.0, 0.0, 0)).image.astype(float)
        shifted = np.roll(rest, 8, axis=axis)
        inner = (slice(12, 28), slice(12, 28))
        assert np.abs(there - shifted)[inner].mean() < 0.15 * np.abs(rest - shifted)[inner].mean(), name


def test_rows_that_a_model_has_no_use_for_are_not_shown() -> None:
    plain = {row.name: row for row in rows.for_card("stylegan2", {"resolution": 128, "c_dim": 0})}
    assert not any(name.startswith("class_") for name in plain)
    assert sum(name.startswith("noise_layer_") for name in plain) == 11
    classes = {row.name: row for row in rows.for_card("stylegan2", {"resolution": 32, "c_dim": 7})}
    assert classes["class_2"].hi == 6 and "class_mix" in classes
    alias_free = {row.name for row in rows.for_card("stylegan3", {})}
    assert not any(name.startswith(("noise_", "rgb_", "class_")) for name in alias_free) and "input_x" in alias_free
    made = Instrument(load=lambda *_, **__: network(""))
    made.open(CARD, "cpu")
    assert len(made.PARAMS) < len(PARAMS)


def test_the_page_shows_every_control() -> None:
    shown = {name for strip in all_strips() for name in strip.rows}
    per_slot = {n for n in ROWS if n.startswith(("bend_2", "bend_3", "noise_layer_"))} | {"bend_1"}
    assert set(ROWS) - per_slot <= shown | set(NOT_SHOWN)
    assert not shown & set(NOT_SHOWN)
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "stylegan_controls.md").read_text("utf-8")
    for name in ROWS:
        assert f"`{name}`" in text or name in per_slot or name.startswith("chroma_"), name
    pictures = list((docs / "stylegan").glob("*.jpg"))
    assert sum(p.stat().st_size for p in pictures) < 1_500_000
    for picture in pictures:
        assert f"stylegan/{picture.name}" in text
