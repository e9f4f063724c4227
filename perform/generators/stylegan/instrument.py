"""The latent instrument: a StyleGAN played by parameters. Every control is a row of PARAMS, so the music reaches it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from perform.core.card import Card
from perform.core.errors import ModelError, ParamError, PerformError
from perform.core.types import Frame, Moment, ParamFrame, Picture

from . import latents, rows
from .calibrate import Moves, measure_moves
from .grain import Grain
from .load import load_network
from .travel import Place, Travel, elapsed_s
from .walk import between

PARAMS = rows.PARAMS
ROUTES = rows.ROUTES
ROWS = {row.name: row for row in PARAMS}
DIRECTION_DEPTH = 3.0  # standard deviations of w at a full direction slider
MOST_THREADS = 4  # of a CPU: more gain little on small pictures, and the screen needs cores, too
GRAIN_TURNS_PER_BEAT = 0.5  # on a loop the grain makes whole turns: this many a beat for each hz of noise_drift


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model ready to play. moves: how far and where each move acts."""

    network: Any
    tables: latents.Tables
    moves: Moves
    grain: Grain
    anchors: latents.Anchors


class Instrument:
    """Paints pictures of one StyleGAN. One thread at a time; `prepare` may run in another one before the first
    `render`. The same parameters and moments give the same bytes on the same device."""

    PARAMS = PARAMS
    ROUTES = ROUTES
    PICTURES_IN: tuple[str, ...] = ()
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self, load: Callable[..., Any] = load_network) -> None:
        self._load = load
        self._card: Card | None = None
        self._device = "cpu"
        self._loaded: _Loaded | None = None
        self._travel: Travel | None = None
        self._before: Moment | None = None
        self._grain_turns = 0.0
        self._threads = MOST_THREADS
        self._sequence = 0

    def open(self, card: Any, device: str) -> None:
        """Take a model's card and a device (auto, cpu, cuda, cuda:1, mps). Raises ModelError without a card."""
        if not isinstance(card, Card):
            raise ModelError("stylegan: no model was named; use a source like `model:NAME`, `perform list models`")
        self._card, self._device = card, device

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Load, learn the latent space, warm up. request: seed (painted first), warm (default True), dtype (a torch
        dtype), threads (of the CPU, for the thread that renders). Raises ModelError."""
        if self._card is None:
            raise ModelError("stylegan: prepare came before open")
        network = self._load(self._card.folder, device=pick_device(self._device), dtype=request.get("dtype"))
        with torch.inference_mode(), self._failing_as_model_error("its latent space cannot be read"):
            anchors = latents.Anchors(network)
            tables = latents.compute(network)
            moves = measure_moves(network, tables, anchors, float(ROWS["psi"].default))  # type: ignore[arg-type]
            loaded = _Loaded(network, tables, moves, Grain(network), anchors)
            if request.get("warm", True):
                seed = int(request.get("seed", ROWS["seed"].default))
                anchors.gather(range(seed, seed + 4))
                ws = np.broadcast_to(loaded.tables.w_avg + anchors(seed), (network.num_ws, network.w_dim))
                for _ in range(2):  # the first run lays out memory and picks kernels
                    paint(network, ws, [1.0] * len(loaded.tables.noise_group))
        self._threads = int(request.get("threads", MOST_THREADS))
        self._travel = Travel(anchors)
        self._loaded = loaded

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint one picture [h, w, 3] uint8, an array of its own. Raises ModelError when the network fails."""
        loaded, travel = self._loaded, self._travel
        if loaded is None or travel is None:
            raise ModelError("stylegan: render came before prepare")
        if torch.get_num_threads() > self._threads:  # a setting of each thread, so it is made in the one that paints
            torch.set_num_threads(self._threads)
        p = checked(params)
        with torch.inference_mode(), self._failing_as_model_error("painting failed"):
            place = travel.step(p, moment)
            gains = loaded.grain.play(self._grain_angle(p, place, moment), noise_gains(loaded.tables, p))
            image = paint(loaded.network, compose(loaded.tables, loaded.moves, place, p), gains)
        rim = self._card.trim_px if self._card else 0
        if rim:
            image = np.ascontiguousarray(image[rim:-rim, rim:-rim])
        self._before = moment
        self._sequence += 1
        return Frame(image, self._sequence, moment)

    def close(self) -> None:
        """Let the network go."""
        self._loaded = self._travel = None

    def _grain_angle(self, p: Mapping[str, Any], place: Place, moment: Moment) -> float:
        rate_hz = float(p["noise_drift"])
        if place.loop is None:
            self._grain_turns = (self._grain_turns + rate_hz * elapsed_s(self._before, moment)) % 1.0
        elif rate_hz > 0.0:
            turns = max(1, round(rate_hz * GRAIN_TURNS_PER_BEAT * int(p["loop_beats"])))
            self._grain_turns = turns * place.loop % 1.0
        return 2.0 * math.pi * self._grain_turns

    def _failing_as_model_error(self, what: str) -> _Translate:
        return _Translate(f"{self._card.name if self._card else 'stylegan'}: {what}")


class _Translate:
    """Turns whatever a network raises into one line of ModelError."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, PerformError):
            line = str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"
            raise ModelError(f"{self._what} ({type(error).__name__}: {line})") from error


def pick_device(name: str) -> str:
    """`auto`: a CUDA device, else Apple's, else the CPU. Raises ModelError for a device that is not there."""
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    kind = name.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": has_mps}.get(kind, False)
    if not there:
        raise ModelError(f"device {name!r} is not there; use auto or cpu, `perform doctor` says what is missing")
    return name


def checked(params: ParamFrame) -> dict[str, Any]:
    """The values of all rows, clamped; what is missing or makes no sense takes its default."""
    values: dict[str, Any] = {}
    for name, row in ROWS.items():
        value = params.values.get(name, row.default)
        if row.kind == "trigger":
            values[name] = int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
            continue
        try:
            values[name] = row.checked(value)
        except ParamError:
            values[name] = row.default
    return values


def compose(tables: latents.Tables, moves: Moves, place: Place, p: Mapping[str, Any]) -> np.ndarray:
    """All controls together: the w of every layer, [num_ws, w_dim] float64.

    w_i = w_avg + psi_i * d(group), bent by the group's move and by the directions. Psi rules the walk alone: what the
    music moves keeps its size at any psi.
    """
    psi = np.ones(len(tables.ws_group))
    cutoff = int(p["cutoff"])
    psi[: len(psi) if cutoff >= rows.ALL_LAYERS else cutoff] = float(p["psi"])
    slid = np.array([float(p[f"direction_{n + 1}"]) for n in range(latents.AXES)]) * DIRECTION_DEPTH
    styles = [between(place.first, place.second, float(p[name])) for name in rows.LAYERS]
    bends: list[np.ndarray | None] = [None] * latents.GROUPS
    for g, name in enumerate(rows.LAYERS):
        amount = float(p[f"{name}_move"]) * moves.depths[g]
        bends[g] = amount * tables.sway(g, styles[g], place.turn) if amount > 0.0 else None
    slide, done = slid @ tables.axes, {}
    ws = np.empty((len(psi), len(tables.w_avg)))
    for layer, group in enumerate(tables.ws_group):
        acting = tuple(g for g in range(latents.GROUPS) if moves.layers[g, layer] and bends[g] is not None)
        key = (group, psi[layer], acting)  # most layers of a group are the same
        if key not in done:
            done[key] = tables.w_avg + latents.bent(psi[layer] * styles[group], sum((bends[g] for g in acting), slide))
        ws[layer] = done[key]
    return ws


def noise_gains(tables: latents.Tables, p: Mapping[str, Any]) -> list[float]:
    """One factor for each layer's noise."""
    gains = [float(p[f"noise_{name}"]) for name in rows.LAYERS]
    return [gains[g] for g in tables.noise_group]


def paint(network: Any, ws: np.ndarray, gains: list[float]) -> np.ndarray:
    """ws [num_ws, w_dim] -> picture [h, w, 3] uint8, an array of its own. -1..1 becomes 0..255."""
    steering = torch.from_numpy(np.asarray(ws, dtype=np.float32))[None]
    picture = network.synthesis(steering, noise="const", noise_gain=torch.tensor(gains))[0]
    levels = picture.float().mul(127.5).add_(128.0).nan_to_num_(128.0).clamp_(0.0, 255.0)
    return levels.to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
