"""What every instrument that plays a network does alike: its device, its rows read and checked, time, errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from perform.core.errors import ModelError, ParamError, PerformError
from perform.core.params import Param
from perform.core.types import Moment, ParamFrame

LONGEST_DT_S = 1.0  # after a stall a walk goes on from where it was, and does not leap after the clock


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


def elapsed_s(before: Moment | None, now: Moment) -> float:
    """Seconds from one rendered moment to the next, 0..LONGEST_DT_S. A slow model skips ticks: then `dt_s`, which is
    that of one tick, would be too short."""
    dt_s = now.dt_s
    if before is not None and now.frame > before.frame + 1:
        dt_s = max(dt_s, now.seconds - before.seconds)
    return min(max(dt_s, 0.0), LONGEST_DT_S) if math.isfinite(dt_s) else 0.0


def checked_rows(rows: Mapping[str, Param], params: ParamFrame) -> dict[str, Any]:
    """The values of all rows, clamped; what is missing or makes no sense takes its default."""
    values: dict[str, Any] = {}
    given = params.values
    for name, row in rows.items():
        value = given.get(name)
        if value is None:
            values[name] = row.default
        elif row.kind == "trigger":
            values[name] = int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
        else:
            try:
                values[name] = row.checked(value)
            except ParamError:
                values[name] = row.default
    return values


class Translate:
    """Turns whatever a network raises into one line of ModelError, beginning with `what`."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, PerformError):
            line = str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"
            raise ModelError(f"{self._what} ({type(error).__name__}: {line})") from error
