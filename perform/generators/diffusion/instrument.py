"""A few-step diffusion model played by parameters. Every control is a row of PARAMS, so the music reaches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from perform.core.card import Card, check_hash
from perform.core.errors import ModelError
from perform.core.params import Param
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.generators.background import Background
from perform.generators.playing import Translate, checked_rows, elapsed_s, pick_device
from perform.generators.recorded import Record

from . import rows
from .families import open_parts
from .parts import Parts
from .player import Player
from .steady import METERS

PARAMS = rows.PARAMS
ROUTES = rows.ROUTES
MOST_THREADS = 4
FACTOR = 8  # pixels per latent cell of all U-Nets


class Instrument:
    """Paints pictures of one diffusion model. One thread at a time; `prepare` may run in another one before the first
    `render`. The same parameters, pictures and moments give the same bytes on the same device.

    PARAMS: the rows; once a card is taken, with its model's own first prompt. notices: what could not be had while it
    played, one line each; whoever shows them takes them out. PICTURE_PX: long side of the pictures it takes in.
    SIGNALS: what its frames tell, as sources of modulation.
    """

    PARAMS: Sequence[Param] = PARAMS
    ROUTES = ROUTES
    PICTURES_IN: tuple[str, ...] = ("image", "mask", "control", "noise_mask", "style")
    PICTURES_OUT: tuple[str, ...] = ("main", *(f"step_{n}" for n in range(1, rows.MOST_STEPS)))
    PICTURE_PX = 512
    SIGNALS: tuple[str, ...] = METERS

    def __init__(self, load: Callable[..., Parts] = open_parts, record: Record | None = None) -> None:
        self._load, self._record = load, record
        self._card: Card | None = None
        self._device = "cpu"
        self._rows = rows.ROWS
        self.player: Player | None = None
        self._background = Background(patient=True)
        self._before: Moment | None = None
        self._threads = MOST_THREADS
        self._sequence = 0

    @property
    def notices(self) -> list[str]:
        """What could not be had since this was last asked."""
        found = [self._background.notices.popleft() for _ in range(len(self._background.notices))]
        if self.player is not None:
            parts = self.player.parts
            for told in (self.player.notices, parts.notices, parts.text.notices, getattr(parts.loras, "notices", [])):
                found += told
                told.clear()
        return found

    @property
    def used(self) -> tuple[Mapping[str, Any], ...]:
        """What plays besides the model: name, licence, sha256 of each LoRA and ControlNet."""
        if self.player is None:
            return ()
        parts = self.player.parts
        return (*parts.used, *getattr(parts.loras, "used", ()))

    def open(self, card: Any, device: str) -> None:
        """Take a model's card and a device (auto, cpu, cuda, cuda:1, mps). Raises ModelError without a card."""
        if not isinstance(card, Card):
            raise ModelError("diffusion: no model was named; use a source like `model:NAME`, `perform list models`")
        self._card, self._device = card, device
        self.PARAMS = rows.for_model(str(card.architecture.get("prompt", "")))
        self._rows = {row.name: row for row in self.PARAMS}
        self.PICTURE_PX = picture_px(card)

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Check the hashes, load, paint a first picture unseen. Raises ModelError.

        request: warm (default True), dtype (a torch dtype), threads (of the CPU), live (slow work goes on in the
        background; default False: at once, so that frames never depend on when).
        """
        if self._card is None:
            raise ModelError("diffusion: prepare came before open")
        device = pick_device(self._device)
        with torch.inference_mode(), self._failing("cannot be opened"):
            check_hash(self._card)
            parts = self._load(self._card.folder, device, request.get("dtype"))
            self._background = Background(patient=not request.get("live", False))
            self.player = Player(parts, self._background, self._record)
            self._threads = int(request.get("threads", MOST_THREADS))
            if request.get("warm", True):
                self.player.paint(checked_rows(self._rows, ParamFrame({})), {}, Moment(0.0, 0.0, 0), 0.0)
                self.player.begin()
                self.player.learn()

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint one picture [h, w, 3] uint8, an array of its own; `extra` has those of its steps where they are shown.
        Raises ModelError when the network fails."""
        player = self.player
        if player is None:
            raise ModelError("diffusion: render came before prepare")
        if torch.get_num_threads() > self._threads:  # a setting of each thread, so it is made in the one that paints
            torch.set_num_threads(self._threads)
        with torch.inference_mode(), self._failing("painting failed"):
            dt_s = elapsed_s(self._before, moment)
            painted = player.paint(checked_rows(self._rows, params), pictures, moment, dt_s)
        self._before = moment
        self._sequence += 1
        steps = {f"step_{n}": picture for n, picture in enumerate(painted[:-1], 1)}
        return Frame(painted[-1], self._sequence, moment, steps, dict(player.meters))

    def close(self) -> None:
        """Let the networks go."""
        self.player = None

    def _failing(self, what: str) -> Translate:
        return Translate(f"{self._card.name if self._card else 'diffusion'}: {what}")


def picture_px(card: Card) -> int:
    """Long side of pictures that a model takes in: that of its own pictures, as its card or its U-Net states it."""
    native = card.architecture.get("native")
    try:
        config = json.loads((card.folder / "unet" / "config.json").read_text("utf-8"))
        native = native or FACTOR * int(config["sample_size"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # of another family, or broken: `prepare` says so
    return native if isinstance(native, int) and 32 <= native <= rows.MOST_PX else Instrument.PICTURE_PX
