"""The latent instrument: a StyleGAN played by parameters. Every control is a row of PARAMS, so the music reaches it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from perform.core.card import Card
from perform.core.errors import ModelError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.generators.background import Background
from perform.generators.playing import Translate, checked_rows, elapsed_s, pick_device

from . import picture_noise, rows
from .held import Find
from .load import load_network
from .travel import Place
from .voice import Voice

PARAMS = rows.PARAMS
ROUTES = rows.ROUTES
ROWS = {row.name: row for row in PARAMS}
MOST_THREADS = 4  # of a CPU: more gain little on small pictures, and the screen needs cores, too
GRAIN_TURNS_PER_BEAT = 0.5  # on a loop the grain makes whole turns: this many a beat for each hz of noise_drift


class Instrument:
    """Paints pictures of one StyleGAN. One thread at a time; `prepare` may run in another one before the first
    `render`. The same parameters and moments give the same bytes on the same device.

    PARAMS: the rows of all models; once a card is taken, those of its model. notices: what could not be had while it
    played (a second model, a latent), one line each; whoever shows them takes them out.
    """

    PARAMS: Sequence[Param] = PARAMS
    ROUTES = ROUTES
    PICTURES_IN: tuple[str, ...] = (picture_noise.NAME,)
    PICTURES_OUT: tuple[str, ...] = ("main",)

    def __init__(self, load: Callable[..., Any] = load_network) -> None:
        self._load = load
        self._card: Card | None = None
        self._device = "cpu"
        self._voice: Voice | None = None
        self._before: Moment | None = None
        self._grain_turns = 0.0
        self._threads = MOST_THREADS
        self._sequence = 0
        self._background = Background(patient=True)

    @property
    def notices(self) -> list[str]:
        """What could not be had since this was last asked."""
        found = [self._background.notices.popleft() for _ in range(len(self._background.notices))]
        return found

    def open(self, card: Any, device: str) -> None:
        """Take a model's card and a device (auto, cpu, cuda, cuda:1, mps). Raises ModelError without a card."""
        if not isinstance(card, Card):
            raise ModelError("stylegan: no model was named; use a source like `model:NAME`, `perform list models`")
        self._card, self._device = card, device
        self.PARAMS = rows.for_card(card.kind, card.architecture)

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Load, learn the latent space, warm up. Raises ModelError.

        request: seed (painted first), warm (default True), dtype (a torch dtype), threads (of the CPU, for the thread
        that renders), live (what is asked for in mid-show loads in the background; default False: at once, so that
        frames never depend on when), find_model and find_latent (name -> folder).
        """
        if self._card is None:
            raise ModelError("stylegan: prepare came before open")
        device, dtype = pick_device(self._device), request.get("dtype")

        def load(folder: Any) -> Any:
            return self._load(folder, device=device, dtype=dtype)

        network = load(self._card.folder)
        self._background = Background(patient=not request.get("live", False))
        find_model: Find | None = request.get("find_model")
        with torch.inference_mode(), self._failing_as_model_error("its latent space cannot be read"):
            voice = Voice(
                network,
                self._background,
                second=None if find_model is None else lambda name: load(find_model(name)),
                find_latent=request.get("find_latent"),
                psi=float(ROWS["psi"].default),  # type: ignore[arg-type]
            )
            if request.get("warm", True):
                voice.warm(int(request.get("seed", ROWS["seed"].default)))
        self._threads = int(request.get("threads", MOST_THREADS))
        self._voice = voice

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint one picture [h, w, 3] uint8, an array of its own. Raises ModelError when the network fails."""
        voice = self._voice
        if voice is None:
            raise ModelError("stylegan: render came before prepare")
        if torch.get_num_threads() > self._threads:  # a setting of each thread, so it is made in the one that paints
            torch.set_num_threads(self._threads)
        p = checked(params)
        with torch.inference_mode(), self._failing_as_model_error("painting failed"):
            dt_s = elapsed_s(self._before, moment)
            voice.tune(p)
            place = voice.travel.step(p, moment)
            image = voice.paint(p, place, dt_s, self._grain_angle(p, place, moment), pictures.get(picture_noise.NAME))
        rim = self._card.trim_px if self._card else 0
        if rim:
            image = np.ascontiguousarray(image[rim:-rim, rim:-rim])
        self._before = moment
        self._sequence += 1
        return Frame(image, self._sequence, moment)

    def close(self) -> None:
        """Let the network go."""
        self._voice = None

    def _grain_angle(self, p: Mapping[str, Any], place: Place, moment: Moment) -> float:
        """Radians. Loops take it from the beat alone, so that it closes with them and never drifts."""
        rate_hz, beats = float(p["noise_drift"]), int(p["noise_beats"])
        if beats > 0:
            return 2.0 * math.pi * (moment.beats / beats % 1.0)
        if place.loop is None:
            self._grain_turns = (self._grain_turns + rate_hz * elapsed_s(self._before, moment)) % 1.0
        elif rate_hz > 0.0:
            turns = max(1, round(rate_hz * GRAIN_TURNS_PER_BEAT * int(p["loop_beats"])))
            self._grain_turns = turns * place.loop % 1.0
        return 2.0 * math.pi * self._grain_turns

    def _failing_as_model_error(self, what: str) -> Translate:
        return Translate(f"{self._card.name if self._card else 'stylegan'}: {what}")


def checked(params: ParamFrame) -> dict[str, Any]:
    """The values of all rows, clamped; what is missing or makes no sense takes its default."""
    return checked_rows(ROWS, params)
