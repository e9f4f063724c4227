"""A model without a show: pictures on demand, as arrays."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from perform.api.frames import as_picture
from perform.core.errors import ModelError, UsageError
from perform.core.params import Param
from perform.core.types import Moment, ParamFrame, Value

STILL: dict[str, Value] = {"walk": "hold", "glide_s": 0.0}
"""So that the same values give the same picture: nothing walks, nothing glides."""


class Model:
    """A model, open to paint. Close it, best by `with`.

    params: its parameters by name, as they stand below `deck/a/source` in a show. card: who made it, of what, under
    which licence. Thread: one owner.
    """

    def __init__(self, name: str, device: str = "auto") -> None:
        """name: of a model in `models/`, or the path of a model's folder. device: `auto`, `cpu`, `cuda`, `mps`.
        Raises ModelError, UsageError."""
        from perform.deck_source import pick_device, plan_source

        plan = plan_source(f"model:{name}", pick_device(device), trusted=True)
        if plan.make is None:
            raise ModelError(f"model {name!r} paints nothing")
        self.name = name
        self.card = plan.card
        self.params: dict[str, Param] = {row.name: row for row in plan.rows}
        self._generator: Any = plan.make()
        self._frame = -1

    def paint(self, seconds: float = 0.0, beats: float = 0.0, **values: Any) -> np.ndarray:
        """One picture, [h, w, 3] uint8 sRGB. values: parameters by name (`seed=7, psi=0.6`); the others are at their
        defaults, and standing still. seconds, beats: musical time, for what moves by itself. Raises ParamError for a
        value that makes no sense, UsageError for a name that is none."""
        frame = self._paint(seconds, beats, values)
        return as_picture(frame.image, f"model {self.name}")[:, :, :3].copy()

    def tensor(self, seconds: float = 0.0, beats: float = 0.0, **values: Any) -> Any:
        """The same as a torch tensor, [h, w, 3 or 4] uint8, on the device it was painted on; the model may write over
        it with the next picture. Raises as `paint` does."""
        import torch
        import torch.utils.dlpack

        image = self._paint(seconds, beats, values).image
        return image if isinstance(image, torch.Tensor) else torch.utils.dlpack.from_dlpack(image)

    def _paint(self, seconds: float, beats: float, values: dict[str, Any]) -> Any:
        if self._generator is None:
            raise UsageError(f"model {self.name} is closed")
        unknown = next((name for name in values if name not in self.params), None)
        if unknown is not None:
            raise UsageError(f"model {self.name} has no parameter {unknown!r}; model.params names them")
        table = {name: 0 if row.kind == "trigger" else row.checked(row.default) for name, row in self.params.items()}
        table |= {name: value for name, value in STILL.items() if name in self.params}
        table |= {name: self.params[name].checked(value) for name, value in values.items()}
        self._frame += 1
        return self._generator.render(ParamFrame(table), {}, Moment(seconds, 0.0, self._frame, beats=beats))

    def close(self) -> None:
        """Free it. Safe to call twice."""
        generator, self._generator = self._generator, None
        if generator is not None:
            generator.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Model {self.name}{'' if self._generator is not None else ', closed'}>"
