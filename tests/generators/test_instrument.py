"""The latent instrument: every knob moves the picture, nothing else does, and failures are one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from perform.core.card import Card, read_card
from perform.core.contracts import Generator
from perform.core.errors import ModelError, PerformError
from perform.core.routes import Route
from perform.core.types import Frame, Moment, ParamFrame
from perform.generators import make
from perform.generators.stylegan import calibrate, latents
from perform.generators.stylegan.instrument import PARAMS, ROUTES, ROWS, Instrument, checked
from perform.generators.stylegan.load import Network
from perform.generators.stylegan.network import Architecture
from perform.generators.stylegan.network import Generator as Untrained

CARD = Card("tiny", "stylegan2", Path("nowhere"), "x.safetensors", "")
START = Moment(0.0, 0.0, 0)


def tiny_network(noise: float = 0.3, fine: float = 1.0) -> Network:
    """A random StyleGAN2 of 32 px whose noise can be seen. fine: part of the styles that reach its last layers."""
    torch.manual_seed(3)
    arch = Architecture(z_dim=32, w_dim=32, resolution=32, channel_base=512, channel_max=32, num_mapping_layers=2)
    made = Untrained(arch)
    with torch.no_grad():
        for block in made.synthesis.blocks():
            for conv in block.convs:
                conv.noise_strength.fill_(noise)
                conv.affine.weight.mul_(2.0)
            block.torgb.weight.mul_(0.15)
        for layer in (*block.convs, block.torgb):  # those of the last block
            layer.affine.weight.mul_(fine)
        z = torch.randn(512, arch.z_dim)
        made.mapping.w_avg.copy_(made.mapping(z).mean(dim=0))
    return Network(made, CARD)


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


def instrument(network: Any, **request: Any) -> Instrument:
    made = Instrument(load=lambda *_, **__: network)
    made.open(CARD, "cpu")
    made.prepare({"seed": 1, "warm": False} | request)
    return made


def still(made: Instrument, **values: Any) -> np.ndarray:
    """One picture of the seed, standing."""
    image: np.ndarray = made.render(ParamFrame({"walk": "hold", "glide_s": 0.0} | values), {}, START).image
    return image.astype(int)


def second(frames: int = 31, fps: int = 30) -> list[Moment]:
    return [Moment(n / fps, 1 / fps if n else 0.0, n, n / fps * 2, n / fps / 2 % 1.0) for n in range(frames)]


# --- the family


def test_found_by_kind_and_fits_the_contract() -> None:
    for kind in ("stylegan2", "stylegan"):
        made = make(kind)
        assert isinstance(made, Instrument) and isinstance(made, Generator)
    assert made.PICTURES_IN == ("picture",) and made.PICTURES_OUT == ("main",)


def test_rows_are_documented_and_routes_reach_them() -> None:
    assert len(ROWS) == len(PARAMS)
    for row in PARAMS:
        assert row.doc and row.name.isidentifier() and row.name == row.name.lower()
        if row.kind != "trigger":
            assert row.checked(row.default) == row.default
    for table in ROUTES:
        route = Route(**table)
        assert route.target in ROWS and ROWS[route.target].live


# --- the picture


def test_a_frame_is_an_array_of_its_own(network: Network) -> None:
    made = instrument(network)
    one, two = (made.render(ParamFrame({}), {}, START) for _ in range(2))
    assert isinstance(one, Frame) and one.image.shape == (32, 32, 3)
    assert one.image.dtype == np.uint8 and one.image.flags.c_contiguous and one.image.flags.writeable
    assert two.sequence == one.sequence + 1 and one.moment is START
    one.image[:] = 0
    assert two.image.any()
    assert one.image.__dlpack_device__() == (1, 0)


@pytest.mark.parametrize("seed", [0, 1, 123_456])
def test_seed_numbers_agree_with_other_tools(network: Network, seed: int) -> None:
    wanted = np.random.RandomState(seed).randn(1, 32).astype(np.float32)
    assert np.array_equal(latents.seed_z(seed, 32), wanted)
    with torch.inference_mode():
        picture = network.synthesis(network.mapping(torch.from_numpy(wanted)))[0]
    plain = (picture * 127.5 + 128).clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy().astype(int)
    assert np.abs(still(instrument(network), seed=seed, psi=1.0) - plain).max() <= 1


def test_psi_nothing_is_the_mean_and_the_cutoff_spares_the_rest(network: Network) -> None:
    made = instrument(network)
    assert np.array_equal(still(made, seed=1, psi=0.0), still(made, seed=2, psi=0.0))
    assert np.array_equal(still(made, seed=1, psi=0.0, cutoff=0), still(made, seed=1, psi=1.0))
    assert not np.array_equal(still(made, seed=1, psi=0.0, cutoff=3), still(made, seed=2, psi=0.0, cutoff=3))
    assert np.array_equal(still(made, psi=0.3, cutoff=network.num_ws), still(made, psi=0.3))


# control -> (rest, full, what else must be set for it to have work to do)
CONTROLS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "seed": (1, 5, {}),
    "push": (0.0, 1.0, {}),
    "psi": (1.0, 0.0, {}),
    "mix_seed": (1000, 1001, {"middle": 1.0}),
    **{name: (0.0, 1.0, {}) for name in ("coarse", "middle", "fine")},
    **{f"{name}_move": (0.0, 1.0, {}) for name in ("coarse", "middle", "fine")},
    **{f"noise_{name}": (1.0, 2.0, {}) for name in ("coarse", "middle", "fine")},
    **{f"direction_{n}": (0.0, end, {}) for n in range(1, 5) for end in (1.0,)},
}


@pytest.mark.parametrize("name", CONTROLS)
def test_each_control_rests_and_moves(network: Network, name: str) -> None:
    rest, full, more = CONTROLS[name]
    common = {"psi": 1.0, "walk": "hold", "glide_s": 0.0} | more
    later = Moment(0.2, 0.2, 1)

    def run(**values: Any) -> np.ndarray:
        made = instrument(network)
        made.render(ParamFrame(common | {"push": 0.0}), {}, START)
        return made.render(ParamFrame(common | values), {}, later).image.astype(int)

    assert np.array_equal(run(), run(**{name: rest}))
    assert np.abs(run() - run(**{name: full})).mean() > 1.0


def test_moves_stay_in_their_own_layers(network: Network) -> None:
    tables = latents.compute(network)
    assert tables.ws_group.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]  # 4 and 8 px, 16 px, 32 px and the last colours
    assert tables.noise_group.tolist() == [0, 0, 0, 1, 1, 2, 2]
    big = latents.layer_groups(18, 18)  # 1024 px: nine sizes, three in each group
    assert big.tolist() == [0] * 5 + [1] * 6 + [2] * 7


def test_directions_are_as_long_as_w_varies(network: Network) -> None:
    tables = latents.compute(network)
    with torch.inference_mode():
        w = network.mapping(torch.randn(4096, 32))[:, 0].numpy()
    inverse = np.linalg.pinv(np.cov(w.T), rcond=1e-6)
    for axes in (*tables.group_axes, tables.axes):
        assert np.allclose([a @ inverse @ a for a in axes], 1.0, atol=0.4)


@pytest.mark.parametrize("group", [0, 1, 2])
def test_the_sway_leads_one_deviation_away_and_never_along(network: Network, group: int) -> None:
    tables = latents.compute(network)
    anchors = latents.Anchors(network)
    for seed in range(5):
        style = anchors(seed)
        at = tables.group_readers[group] @ style
        for turn in (0.0, 1.0, 2.5):
            way = tables.group_readers[group] @ tables.sway(group, style, turn)
            assert abs(np.linalg.norm(way) - 1.0) < 1e-3 and abs(way @ at) < 1e-3 * np.linalg.norm(at)
    assert np.isfinite(tables.sway(group, np.zeros(32), 0.0)).all()


def test_a_hard_bend_turns_and_does_not_blow_up() -> None:
    style, bend = np.array([3.0, 0.0]), np.array([0.0, 4.0])
    assert np.array_equal(latents.bent(style, np.zeros(2)), style)
    assert np.isclose(np.linalg.norm(latents.bent(style, bend)), 4.0)
    assert np.array_equal(latents.bent(style, -style), np.zeros(2))


def test_the_depth_of_moves_is_measured_and_large_models_on_a_cpu_are_spared(network: Network) -> None:
    tables, anchors = latents.compute(network), latents.Anchors(network)
    moves = calibrate.measure_moves(network, tables, anchors, 1.0)
    assert all(calibrate.LEAST <= d <= calibrate.MOST for d in moves.depths)
    assert moves.layers.shape == (3, network.num_ws) and moves.layers.any(axis=1).all()

    class Large:
        resolution, w_avg = 1024, network.w_avg

    assert calibrate.measure_moves(Large(), tables, anchors, 1.0).depths == (calibrate.PLAIN,) * 3


def test_a_model_whose_fine_layers_are_dead_moves_in_coarser_ones() -> None:
    dead = tiny_network(fine=0.0)
    made = instrument(dead)
    assert np.abs(still(made) - still(made, fine_move=1.0)).mean() > 1.0
    assert calibrate.LEAST <= made._voice.moves.depths[2] <= calibrate.MOST


def test_a_model_without_noise_is_lent_some_above_one() -> None:
    made = instrument(tiny_network(noise=0.0))
    rest = still(made)
    for name in ("noise_coarse", "noise_middle", "noise_fine"):
        assert np.array_equal(rest, still(made, **{name: 0.0}))
        assert np.abs(rest - still(made, **{name: 2.0})).mean() > 1.0
    assert np.array_equal(rest, still(made))


def test_grain_flows_and_closes(network: Network) -> None:
    made = instrument(tiny_network())
    run = [Moment(n / 4, 0.25 if n else 0.0, n) for n in range(5)]
    images = [made.render(ParamFrame({"walk": "hold", "noise_drift": 1.0}), {}, m).image.astype(int) for m in run]
    assert np.abs(images[0] - images[1]).mean() > 1.0
    assert np.abs(images[0] - images[4]).max() <= 1
    standing = made.render(ParamFrame({"walk": "hold"}), {}, Moment(3.0, 2.0, 5)).image.astype(int)
    assert np.abs(standing - images[4]).max() <= 1


# --- in time


def test_twice_the_same_show_is_the_same_bytes() -> None:
    shows = []
    for _ in range(2):
        made = instrument(tiny_network())
        frames = []
        for m in second():
            music = {"coarse_move": m.beats % 1.0, "push": 1.0 - m.beats % 1.0, "noise_drift": 0.5, "jump_on": "beat"}
            frames.append(made.render(ParamFrame(music), {}, m).image)
        shows.append(np.stack(frames))
    assert np.array_equal(*shows)
    assert np.abs(np.diff(shows[0].astype(int), axis=0)).mean() > 0.5


def test_the_loop_closes_to_the_pixel() -> None:
    made = instrument(tiny_network())
    params = ParamFrame({"walk": "loop", "loop_beats": 4, "noise_drift": 0.4, "coarse_move": 0.5, "fine": 0.5})
    run = [Moment(n / 8, 0.125 if n else 0.0, n, n / 4) for n in range(33)]
    images = [made.render(params, {}, m).image.astype(int) for m in run]
    for n in range(16):
        assert np.abs(images[n] - images[n + 16]).max() <= 1
    assert np.abs(images[0] - images[8]).mean() > 1.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30, -1e30, "loud", None, (1.0, 2.0), True])
def test_mad_values_never_reach_the_network(network: Network, bad: Any) -> None:
    values = checked(ParamFrame({row.name: bad for row in PARAMS}))
    for row in PARAMS:
        if row.kind in ("float", "int"):
            assert row.lo <= values[row.name] <= row.hi
    made = instrument(network)
    for m in second(3):
        shape = made.render(ParamFrame({row.name: bad for row in PARAMS}), {}, m).image.shape
        assert shape[2] == 3 and 32 <= min(shape[:2]) and shape[0] * shape[1] <= 4 * 32 * 32


# --- the models that ship

CARDS = sorted(p.parent for p in (Path(__file__).parents[2] / "models").glob("*/model.toml"))
SHIPPED = [folder for folder in CARDS if read_card(folder).kind == "stylegan2"]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda p: p.name)
def test_every_move_shows_in_every_shipped_model(folder: Path) -> None:
    card = read_card(folder)
    made = Instrument()
    made.open(card, "cpu")
    made.prepare({"warm": False})
    rest = still(made, seed=3)
    assert np.array_equal(rest, still(made, seed=3))
    moves = {f"{name}_move": 1.0 for name in ("coarse", "middle", "fine")}
    for name, value in {
        **moves,
        "coarse": 1.0,
        "middle": 1.0,
        "direction_1": -1.0,
        "direction_2": -1.0,
        "psi": 0.0,
    }.items():
        assert np.abs(rest - still(made, seed=3, **{name: value})).mean() > 4.0, name


# --- failures


class Broken:
    """A network that works until it is told not to."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def synthesis(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        if self.broken:
            raise RuntimeError("CUDA error: out of memory\nand much more")
        return self._network.synthesis(*args, **kwargs)


def test_a_failing_network_is_one_line_and_it_paints_on(network: Network) -> None:
    broken = Broken(network)
    made = instrument(broken)
    broken.broken = True
    with pytest.raises(PerformError, match=r"tiny: painting failed \(RuntimeError: CUDA error: out of memory\)"):
        made.render(ParamFrame({}), {}, START)
    broken.broken = False
    assert made.render(ParamFrame({}), {}, START).image.any()


def test_wrong_order_wrong_card_wrong_device(network: Network) -> None:
    with pytest.raises(ModelError, match="no model was named"):
        Instrument().open(None, "cpu")
    with pytest.raises(ModelError, match="before open"):
        Instrument().prepare({})
    with pytest.raises(ModelError, match="before prepare"):
        Instrument().render(ParamFrame({}), {}, START)
    made = Instrument(load=lambda *_, **__: network)
    made.open(CARD, "toaster")
    with pytest.raises(ModelError, match="toaster"):
        made.prepare({})
    closed = instrument(network)
    closed.close()
    closed.close()
    with pytest.raises(ModelError):
        closed.render(ParamFrame({}), {}, START)


def test_a_network_of_another_make_plays(network: Network) -> None:
    """Only the community's interface: no layers to look into, so directions come from w alone."""

    class Plain:
        z_dim, w_dim, num_ws, resolution = network.z_dim, network.w_dim, network.num_ws, network.resolution
        w_avg, mapping, synthesis = network.w_avg, network.mapping, network.synthesis

    made = instrument(Plain())
    rest = still(made)
    assert np.abs(rest - still(made, coarse_move=1.0)).mean() > 0.5
    assert np.array_equal(rest, still(made, noise_drift=1.0))


def test_import_changes_no_torch_setting() -> None:
    before = torch.get_num_threads(), torch.get_default_dtype()
    instrument(tiny_network(), warm=True)
    assert (torch.get_num_threads(), torch.get_default_dtype()) == before
