"""One diffusion model in play: rows, pictures and moments in, pictures out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from perform.core.errors import ModelError
from perform.core.types import Moment, Picture
from perform.generators.background import Background
from perform.generators.recorded import Record, record_cuda

from . import noise
from .deliver import Delivery
from .knobs import Inside, Slot, plan_steps
from .loop import NO_MEMORY, Loop
from .parts import LORAS as SLOTS
from .parts import Embedding, Parts
from .prompts import Prompts
from .rows import LORAS, PLACES
from .shape import Ceiling, Shape, wanted_shape
from .steady import LEAST_USUAL, allowed, moments
from .taken import Where, fitted, light

TRUST = 0.25
"""Confidence in the beat from which on a LoRA's change waits for it."""


class Player:
    """Not for several threads at once. notices: what could not be had, one line each; whoever shows them takes them."""

    def __init__(self, parts: Parts, background: Background, record: Record | None = None) -> None:
        self.parts = parts
        self._background = background
        on_cuda = torch.device(parts.device).type == "cuda"
        self._record = record or (record_cuda if on_cuda else None)
        self.prompts = Prompts(parts.text, background)
        self._inside = Inside(parts.device, parts.dtype)
        self._orbit, self._where, self._ceiling, self._deliver = noise.Orbit(), Where(), Ceiling(), Delivery()
        self._loop: Loop | None = None
        self._spare: Loop | None = None  # of the shape before, so that coming back to it is at once
        self._embedding: Embedding | None = None
        self._negative: tuple[str, Embedding] | None = None
        self._banked: Any = None
        self._slots: list[int] = []
        self._looked = 0
        self._referred: int | None = None
        self._primed = self._mourned = False
        self._refused: set[Shape] = set()
        self._loaded = 0
        self._loras: dict[int, str] = {}
        self._beat: int | None = None
        self._styled: Any = None
        self._usual = 1.0
        self.meters = {"drift": 0.0, "flicker": 0.0}
        self.notices: list[str] = []

    @property
    def shape(self) -> Shape | None:
        """Of the loop that plays."""
        return None if self._loop is None else self._loop.shape

    def paint(self, p: Mapping[str, Any], pictures: Mapping[str, Picture], moment: Moment, dt_s: float) -> np.ndarray:
        """[n, h, w, 3] uint8: the pictures of the single steps where they are shown, the finished one last."""
        changed = self.prompts.step(p, moment, dt_s)
        self._embedding = changed or self._embedding
        assert self._embedding is not None
        while True:
            try:
                self._load(p, moment)
                loop = self._fitting(p, pictures)
                self._write(loop, p, pictures, moment, dt_s, changed is not None)
                painted = loop()
                loop.steady.send()
                found = self._deliver(painted)
                self.meters = loop.steady.meters()
                self._mourn(loop)
                return found
            except NO_MEMORY:
                self._step_down(wanted_shape(p, self.parts, pictures))

    def learn(self) -> None:
        """Take the spread of the picture painted last, which came from noise alone, as the usual one of this model."""
        loop = self._loop
        if loop is not None:
            self._usual = min(max(float(moments(loop.last)[1].mean()), LEAST_USUAL), 1.0)
            loop.steady.settle(self._usual)
            self.meters = dict.fromkeys(self.meters, 0.0)

    def begin(self) -> None:
        """What is painted from now on is seen: how often a trigger was pulled is counted from the next picture on."""
        self._referred = None

    def _mourn(self, loop: Loop) -> None:
        """Say once that a network gives NaN or infinity; the picture then is noise and grey, and not for ever."""
        if loop.steady.lost and not self._mourned:
            dtype = str(self.parts.dtype).removeprefix("torch.")
            self.notices.append(f"the network gives NaN or infinity in {dtype}: those numbers are left out")
        self._mourned = loop.steady.lost

    def _step_down(self, wanted: Shape) -> None:
        """There was no room for the picture that was to be painted now."""
        told = self._ceiling.lower(wanted, self.parts.multiple)
        self._loop, self._spare, self._banked = None, None, None
        self._background.drop("shape")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if not told:
            raise ModelError("out of memory even for the smallest picture: close what else uses the card") from None
        self.notices.append(told)

    # The loop

    def _fitting(self, p: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Loop:
        """The loop for what is wanted; in a live show the one before, until it is built."""
        asked = replace(wanted_shape(p, self.parts, pictures), loaded=self._loaded)
        wanted, loop = self._ceiling.under(asked, self.parts.multiple), self._loop
        if loop is not None and loop.shape == wanted:
            return loop
        if loop is None:
            new = self._build(wanted)
            self._take(new)
            return new
        if self._spare is not None and self._spare.shape == wanted:
            self._background.drop("shape")
            spare = self._spare
            self._take(spare)
            return spare
        if wanted in self._refused:
            return loop
        found = self._background.want("shape", wanted, lambda: self._tried(wanted))[1]
        if found is None:
            return loop
        self._background.drop("shape")
        if isinstance(found, Shape):  # there was no room for it: the old one plays on, and a smaller one is tried next
            self._spare = None
            told = self._ceiling.lower(asked, self.parts.multiple)
            self._refused.add(found)
            self.notices.append(told or "out of memory: goes on as it was")
            return loop
        if found.shape != wanted:
            return loop
        self._take(found)
        return found  # type: ignore[no-any-return]

    def _tried(self, shape: Shape) -> Loop | Shape:
        """A loop; the shape itself where there is no room for it."""
        try:
            return self._build(shape)
        except NO_MEMORY:
            return shape

    def _build(self, shape: Shape) -> Loop:
        assert self._embedding is not None
        loop = Loop(self.parts, shape, self._embedding, self._inside.extras)
        try:
            if shape.compiled:
                loop.compiled()
            failed = loop.record(self._record)
        except NO_MEMORY:
            raise
        except Exception as error:  # a compiler fails in any way
            if not shape.compiled:
                raise
            line = " ".join(str(error).split())[:120]
            self.notices.append(f"torch.compile cannot work here ({line}): goes on without it")
            loop = Loop(self.parts, shape, self._embedding, self._inside.extras)
            failed = loop.record(self._record)
        if failed:
            self.notices.append(f"the frame cannot be recorded as a graph ({failed}): it plays step by step, slower")
        return loop

    def _take(self, loop: Loop) -> None:
        loop.steady.settle(self._usual)
        if self._loop is not None:
            loop.follow(self._loop)
        keeps = self._loop is not None and self._loop.shape.loaded == loop.shape.loaded
        self._spare = self._loop if keeps else None
        self._where, self._styled = Where(), None
        self._loop, self._banked, self._slots, self._primed, self._looked = loop, None, [], False, 0

    def _load(self, p: Mapping[str, Any], moment: Moment) -> None:
        """LoRAs as the rows name them: read in the background, put in with the first picture of a beat."""
        before, self._beat = self._beat, math.floor(moment.beats + 1e-6)
        waits = moment.confidence >= TRUST and before == self._beat
        loras = self.parts.loras
        if loras is None:
            return
        for slot in range(LORAS):
            name, playing = str(p[f"lora_{slot + 1}"]).strip(), self._loras.get(slot, "")
            if name == playing:
                continue
            found: Any = ("", None)
            if name:
                found = self._background.want(f"lora {slot + 1}", name, lambda name=name: (name, loras.read(name)))[1]
            if found is not None and found[0] == name and not waits:
                self._loras[slot] = name
                self._loaded += bool(loras.put(slot, found[1]))

    # What the loop reads

    def _write(
        self, loop: Loop, p: Mapping[str, Any], pictures: Mapping[str, Picture], moment: Moment, dt_s: float,
        words: bool,
    ) -> None:  # fmt: skip
        fresh = self._banked is None
        self._inside.write(
            [float(p[f"attention_{place}"]) for place in PLACES],
            [float(p["backbone_coarse"]), float(p["backbone_fine"])], [float(p["skip_coarse"]), float(p["skip_fine"])],
            float(p["control"]), float(p["style_scale"]),
            [*(float(p[f"lora_{n}_scale"]) for n in range(1, LORAS + 1)), *[0.0] * (SLOTS - LORAS)],
        )  # fmt: skip
        negative = self._unwanted(loop.shape, str(p["negative"]).strip())
        if words or fresh or negative:
            loop.say(self._embedding or Embedding(loop.tokens), self._negative[1] if self._negative else None)
        seeds = (int(p["seed"]), int(p["seed_2"]))
        if seeds != self._banked:
            loop.bank.copy_(noise.bank(*seeds, (loop.shape.steps, *loop.cells)))
            self._banked = seeds
        referred, self._referred = self._referred, int(p["coherence_take"])
        if referred not in (None, self._referred):
            loop.steady.take(loop.last)
        self._show(loop, p, pictures)
        self._number(loop, p, moment, dt_s)
        if not self._primed:
            self._primed = True
            loop.prime()

    def _unwanted(self, shape: Shape, words: str) -> bool:
        """Whether the words for what is not wanted are new."""
        if not shape.guided or (self._negative is not None and self._negative[0] == words):
            return False
        found = self.prompts.heard("negative", words)
        new = found is not None and (self._negative is None or found[0] != self._negative[0])
        self._negative = found or self._negative
        return new

    def _show(self, loop: Loop, p: Mapping[str, Any], pictures: Mapping[str, Picture]) -> None:
        """Pictures that are taken in. One that does not come stays as it was."""
        size, device = (loop.shape.height, loop.shape.width), self.parts.device
        if loop.shape.image and "image" in pictures:
            loop.image.copy_(fitted(pictures["image"], size, device).mul(2.0).sub_(1.0))
        if loop.shape.mask and "mask" in pictures:
            mask = light(pictures["mask"], loop.cells[1:], size, device)
            mask = 1.0 - mask if p["inpaint_invert"] else mask
            loop.mask.copy_(1.0 - float(p["inpaint"]) * (1.0 - mask))
        if loop.shape.control and "control" in pictures:
            loop.look = self._looked % int(p["control_every"]) == 0
            self._looked += 1
            if loop.look:
                loop.control.copy_(fitted(pictures["control"], size, device))
        self._where.write(loop.where, p, pictures, size)
        style, look = pictures.get("style"), self.parts.image_prompt
        if loop.style is not None and style is not None and look is not None:
            mark = (id(loop), style.sequence // int(p["control_every"]))
            if mark != self._styled:
                self._styled = mark
                loop.style.copy_(look(fitted(style, size, device)))

    def _number(self, loop: Loop, p: Mapping[str, Any], moment: Moment, dt_s: float) -> None:
        shape, parts = loop.shape, self.parts
        feedback = allowed(min(float(p["feedback"]), float(p["feedback_limit"])), self.meters["drift"])
        strength = float(p["strength"])
        if not shape.image:  # nothing to begin with but the own picture, as far as it is asked for
            strength = 1.0 - feedback * (1.0 - strength)
        plan = plan_steps(parts, strength, shape.steps)
        eta = float(p["eta"])
        scalars = {"feedback": feedback, "carry": min(4.0 * feedback, 1.0),
                   "coherence": float(p["coherence"]), "eta": eta,
                   "eta_rest": math.sqrt(1.0 - eta * eta), "guidance": float(p["guidance"])}  # fmt: skip
        draws = self._orbit.weights(p, moment, dt_s)
        loop.knobs.write(parts, self._in_work(plan, shape), scalars, draws, moved(p, dt_s))

    def _in_work(self, plan: list[int], shape: Shape) -> list[Slot]:
        """Of a stream, each slot keeps the level that it was brought to, so that a moving strength wipes nothing."""
        after = [*plan[1:], plan[-1]]
        if not shape.stream:
            return [Slot(a, b) for a, b in zip(plan, after, strict=True)]
        now = [plan[0], *(self._slots or plan[1:])]
        self._slots = plan[1:]
        return [Slot(a, b) for a, b in zip(now, after, strict=True)]


def moved(p: Mapping[str, Any], dt_s: float) -> list[float]:
    """[6] where each place was a frame before: the inverse of a zoom, a turn to the left, and a way right and up."""
    zoom, turn = float(p["feedback_zoom"]) ** dt_s, math.radians(float(p["feedback_turn"])) * dt_s
    cos, sin = math.cos(turn) / zoom, math.sin(turn) / zoom
    x, y = -2.0 * float(p["feedback_x"]) * dt_s, 2.0 * float(p["feedback_y"]) * dt_s
    return [cos, -sin, cos * x - sin * y, sin, cos, sin * x + cos * y]
