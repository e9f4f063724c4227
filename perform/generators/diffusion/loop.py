"""One frame of diffusion, from buffers that stand still to a finished picture: what a CUDA graph records as a whole.

No scheduler, no host sync, no shape that depends on a value. On a CPU the very same code runs as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.generators.recorded import Record

from .knobs import Knobs
from .noise import DRAWS
from .parts import Embedding, Extras, Parts, Residuals
from .shape import Shape
from .steady import Steady

NO_MEMORY = (torch.OutOfMemoryError, MemoryError)
LATENT_MOST = 12.0
"""No latent of a picture is beyond this; in a feedback loop a wild one would be, in the end for ever."""


class Loop:
    """The buffers of one shape, and the frame that is made of them.

    image [1, 3, h, w] −1..1, mask and where [1, 1, rows, columns] 0..1 (where noise goes), control and style pictures
    0..1, tokens, pooled, words: the embedding (guided: without the words, then with them), bank [DRAWS, steps, c,
    rows, columns], style: tokens of a picture, last [1, c, rows, columns]: the latent of the picture before.
    """

    def __init__(self, parts: Parts, shape: Shape, embedding: Embedding, extras: Extras) -> None:
        self.parts, self.shape = parts, shape
        device, factor = parts.device, parts.factor
        rows, columns = shape.height // factor, shape.width // factor
        self.cells = (parts.latent_channels, rows, columns)
        self.knobs = Knobs(shape.steps, device)
        self.image = torch.zeros(1, 3, shape.height, shape.width, device=device)
        self.mask = torch.ones(1, 1, rows, columns, device=device)
        self.where = torch.ones(1, 1, rows, columns, device=device)
        self.control = torch.zeros(1, 3, shape.height, shape.width, device=device, dtype=parts.dtype)
        self.bank = torch.zeros(DRAWS, shape.steps, *self.cells, device=device)
        self.last = torch.zeros(1, *self.cells, device=device)
        self.steady = Steady(parts.latent_channels, device)
        self.slots = torch.zeros(shape.steps, *self.cells, device=device) if shape.stream else None
        self.extras = Extras(extras.attention, extras.backbone, extras.skip, extras.lora, extras.control,
                             extras.image_scale)  # fmt: skip
        self.style: Tensor | None = None
        if shape.style and parts.image_prompt is not None:
            self.style = parts.image_prompt(torch.zeros(1, 3, shape.height, shape.width, device=device)).clone()
            self.extras.image_tokens = self.style
        self.look = True  # at the control picture in this frame
        self._kept: list[Residuals] = []
        self._room(embedding)
        self._play: dict[bool, Callable[[], Any]] = {}
        self._out: dict[bool, Tensor] = {}
        self._frame: Callable[[], Tensor] = self._painted

    def _room(self, embedding: Embedding) -> None:
        sides = 2 if self.shape.guided else 1

        def room(like: Tensor | None) -> Tensor | None:
            return None if like is None else like.to(self.parts.device).repeat(sides, *[1] * (like.ndim - 1)).clone()

        tokens = room(embedding.tokens)
        assert tokens is not None
        self.tokens, self.pooled, self.words = tokens, room(embedding.pooled), room(embedding.mask)

    # What the show writes

    def say(self, embedding: Embedding, negative: Embedding | None) -> None:
        """Take over the words."""
        sides = [embedding] if not self.shape.guided else [negative or embedding, embedding]
        for n, side in enumerate(sides):
            self.tokens[n].copy_(side.tokens[0])
            if self.pooled is not None and side.pooled is not None:
                self.pooled[n].copy_(side.pooled[0])
            if self.words is not None and side.mask is not None:
                self.words[n].copy_(side.mask[0])

    def follow(self, before: Loop) -> None:
        """Go on where another loop was: its last picture, as far as the shapes allow."""
        if before.last.shape[1] == self.last.shape[1]:
            self.last.copy_(F.interpolate(before.last, size=self.cells[1:], mode="bilinear", align_corners=False))
        self.steady.mean.copy_(before.steady.mean)
        self.steady.spread.copy_(before.steady.spread)
        if before.image.shape == self.image.shape:
            self.image.copy_(before.image)

    def record(self, record: Record | None) -> str:
        """Make ready: with `record`, what plays from now on are recordings; else the code itself. Runs the frame.
        Returns why there is no recording where one was wanted, it is the code itself then; memory errors come out."""
        failed = ""
        for look in (True, False) if self.shape.control else (True,):
            self.look = look
            try:
                if record is not None and not failed:
                    self._play[look], self._out[look] = record(self._frame)
                else:
                    self._frame()
            except NO_MEMORY:
                raise
            except RuntimeError as error:
                if record is None:
                    raise
                self._play.clear()
                failed = str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"
        self.look = True
        self.last.zero_()
        return failed

    def compiled(self) -> None:
        """Let torch.compile work on the frame."""
        self._frame = torch.compile(self._painted, dynamic=False)

    def __call__(self) -> Tensor:
        """Paint: [1 or, where steps are shown, steps, h, w, 3] uint8, the loop's own; the finished picture last."""
        look = self.look or not self.shape.control
        if look in self._play:
            self._play[look]()
            return self._out[look]
        return self._frame()

    # The frame

    def _painted(self) -> Tensor:
        shape, parts, knobs = self.shape, self.parts, self.knobs
        warped = F.grid_sample(
            self.last, F.affine_grid(knobs.theta, list(self.last.shape), align_corners=False),
            mode="bicubic", padding_mode="reflection", align_corners=False,
        )  # fmt: skip
        picture = parts.decoder.encode(self.image).float() if shape.image else None
        warped = self.steady.held(warped, knobs.scalar("coherence"))
        if picture is None:
            start = warped * knobs.scalar("carry")
        else:
            start = torch.lerp(self.steady.bounded(picture), warped, knobs.scalar("feedback"))
        noise = torch.einsum("d,dnchw->nchw", knobs.draws, self.bank)
        seen = self._streamed(start, noise, picture) if self.slots is not None else self._steps(start, noise, picture)
        self.steady.note(seen[-1], self.last)
        self.last.copy_(seen[-1])
        latents = torch.cat(seen) if shape.shown else seen[-1]
        levels = parts.decoder.decode(latents).float().mul(127.5).add_(128.0).nan_to_num_(128.0).clamp_(0.0, 255.0)
        return levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def _noised(self, x0: Tensor, noise: Tensor, level: Tensor, signal: Tensor) -> Tensor:
        """A latent with noise where it belongs; where there is none the network finds the latent again."""
        return signal * x0 + level * self.where * noise

    def _predicted(self, x: Tensor, index: slice, picture: Tensor | None) -> Tensor:
        """x0 of latents [n, …] at slots `index`."""
        knobs, column = self.knobs, (-1, 1, 1, 1)
        model = self._asked(x, knobs.per_slot("time")[index], index)
        x0 = knobs.per_slot("cx")[index].view(column) * x + knobs.per_slot("cm")[index].view(column) * model
        self.steady.count(x0)
        x0 = x0.nan_to_num(0.0, 0.0, 0.0).clamp(-LATENT_MOST, LATENT_MOST)
        if self.shape.mask and picture is not None:
            x0 = torch.lerp(picture, x0, self.mask)
        return x0

    def _asked(self, x: Tensor, t: Tensor, index: slice) -> Tensor:
        count = x.shape[0]
        if not self.shape.guided:
            embedding = self._words(count)
            self.extras.residuals = self._guided(x, t, embedding, index)
            return self.parts.denoise(x, t, embedding, self.extras)
        embedding, both, times = self._words(count), torch.cat([x, x]), torch.cat([t, t])
        self.extras.residuals = self._guided(both, times, embedding, index)
        without, with_ = self.parts.denoise(both, times, embedding, self.extras).chunk(2)
        return without + self.knobs.scalar("guidance") * (with_ - without)

    def _words(self, count: int) -> Embedding:
        def spread(side: Tensor | None) -> Tensor | None:
            return side if side is None or count == 1 else side.repeat_interleave(count, 0)

        tokens = spread(self.tokens)
        assert tokens is not None
        return Embedding(tokens, spread(self.pooled), spread(self.words))

    def _guided(self, x: Tensor, t: Tensor, embedding: Embedding, index: slice) -> Residuals | None:
        """What the ControlNet adds at slots `index`: looked up anew, or what it was."""
        control, place = self.parts.control, index.start or 0
        if not self.shape.control or control is None:
            return None
        if place >= len(self._kept):
            found = control(x, t, embedding, self.control.expand(x.shape[0], -1, -1, -1))
            self._kept.append(Residuals(tuple(r.clone() for r in found.down), found.mid.clone()))
        elif self.look:
            found = control(x, t, embedding, self.control.expand(x.shape[0], -1, -1, -1))
            for old, new in zip(
                (*self._kept[place].down, self._kept[place].mid), (*found.down, found.mid), strict=True
            ):
                old.copy_(new)
        return self._kept[place]

    def _steps(self, start: Tensor, noise: Tensor, picture: Tensor | None) -> list[Tensor]:
        """All steps of one picture; the prediction of each."""
        level, signal = self.knobs.per_slot("level"), self.knobs.per_slot("signal")
        x, seen = self._noised(start, noise[:1], level[0], signal[0]), []
        for n in range(self.shape.steps):
            seen.append(self._predicted(x, slice(n, n + 1), picture))
            if n + 1 < self.shape.steps:
                x = self._renoised(x, seen[-1], noise[n + 1 : n + 2], slice(n, n + 1))
        return seen

    def _renoised(self, x: Tensor, x0: Tensor, noise: Tensor, index: slice) -> Tensor:
        """On to the next level: of the noise, the part eta is drawn anew (the gamma of trajectory consistency sampling,
        Zheng et al. 2024), the rest is what is still in x."""
        knobs, column = self.knobs, (-1, 1, 1, 1)
        found = (x - knobs.per_slot("signal")[index].view(column) * x0) * knobs.per_slot("inverse")[index].view(column)
        mixed = knobs.scalar("eta_rest") * found + knobs.scalar("eta") * noise
        level, signal = (knobs.per_slot(f"next_{name}")[index].view(column) for name in ("level", "signal"))
        return self._noised(x0, mixed, level, signal)

    def _streamed(self, start: Tensor, noise: Tensor, picture: Tensor | None) -> list[Tensor]:
        """A step of each picture that is in work; slot n holds one that has had n steps."""
        assert self.slots is not None
        level, signal = self.knobs.per_slot("level"), self.knobs.per_slot("signal")
        self.slots[:1].copy_(self._noised(start, noise[:1], level[0], signal[0]))
        seen = self._predicted(self.slots, slice(None), picture)
        last = self.shape.steps - 1
        self.slots[1:].copy_(self._renoised(self.slots[:last], seen[:last], noise[1:], slice(0, last)))
        return list(seen.split(1))

    def prime(self) -> None:
        """Fill the slots of a stream from the buffers as they are, so that its first picture is already a whole one."""
        if self.slots is None:
            return
        before = self.last.clone()
        for _ in range(self.shape.steps - 1):
            self()
            self.last.copy_(before)
