"""Changes that begin at what a value is now (`+ 0.1`, `* 2`), and changes of one part (the red of a colour).

On their way to the table they add up: of any number that come within one tick none is lost, and together they are
clamped once. What a relative change does to a number is `scale * x + offset`, the event's value (scale, offset).
"""

from __future__ import annotations

from dataclasses import replace

from perform.core.errors import ParamError
from perform.core.params import PARTS, Param
from perform.core.types import ControlEvent, Value

MOST_KEPT = 32
"""Changes of one address in one tick that cannot be made one (native and 0..1 by turns)."""
LARGEST = 1e30


def whole(event: ControlEvent) -> bool:
    """Whether an event says all of its value, so that nothing before it matters any more."""
    return not event.relative and event.part < 0


def add_up(kept: list[ControlEvent], event: ControlEvent) -> bool:
    """Take a later event for the same address into `kept`, in order. False where it finds no room."""
    if whole(event):
        kept[:] = [event]
        return True
    if not event.relative:
        kept[:] = [before for before in kept if before.part != event.part]
    else:
        for place in range(len(kept) - 1, -1, -1):
            before = kept[place]
            if before.part in (event.part, -1) or event.part < 0:
                if _alike(before, event):
                    kept[place] = replace(event, value=_after(before.value, event.value))
                    return True
                break
    if len(kept) >= MOST_KEPT:
        return False
    kept.append(event)
    return True


def _alike(before: ControlEvent, event: ControlEvent) -> bool:
    return before.relative and (before.part, before.normalised, before.when) == (
        event.part, event.normalised, event.when
    )  # fmt: skip


def _after(first: Value, then: Value) -> Value:
    """Two changes, one after the other, as one."""
    (scale, offset), (by, and_on) = _change(first), _change(then)
    return _bounded(scale * by), _bounded(offset * by + and_on)


def _change(value: Value) -> tuple[float, float]:
    """(scale, offset)."""
    assert isinstance(value, tuple)
    return value[0], value[1]


def _bounded(number: float) -> float:
    return min(max(number, -LARGEST), LARGEST)


def made_whole(event: ControlEvent, row: Param, before: Value) -> ControlEvent:
    """The event that says all of the value, given what it was before. Raises ParamError where a kind has no such."""
    if whole(event):
        return event
    if row.kind in ("trigger", "text"):
        raise ParamError(f"{row.name}: a {row.kind} cannot be changed by an amount")
    if event.part >= 0:
        return replace(event, value=_with_part(event, row, before), relative=False, part=-1, normalised=False)
    now = row.to_norm(before) if event.normalised else _as_number(row, before)
    if now is None:
        raise ParamError(f"{row.name}: a {row.kind} is changed part by part: {', '.join(PARTS.get(row.kind, ''))}")
    number = _moved(now, event.value)
    if event.normalised:
        return replace(event, value=min(max(number, 0.0), 1.0), relative=False)
    value = row.checked(round(number) if row.kind == "choice" else number)
    return replace(event, value=value, relative=False)


def _as_number(row: Param, value: Value) -> float | None:
    """A value as the one number that OSC takes for it; None for colours and points."""
    if row.kind == "choice":
        return float(row.choices.index(str(value)))
    return float(value) if isinstance(value, int | float) else None


def _moved(number: float, change: Value) -> float:
    scale, offset = _change(change)
    return scale * number + offset


def _with_part(event: ControlEvent, row: Param, before: Value) -> Value:
    parts = [float(part) for part in before]  # type: ignore[union-attr]
    if not 0 <= event.part < len(parts):
        raise ParamError(f"{row.name}: a {row.kind} has no part {event.part}")
    lo, hi = (row.lo, row.hi) if row.kind == "point" else (0.0, 1.0)
    span = hi - lo if event.normalised else 1.0
    zero = lo if event.normalised else 0.0
    now = (parts[event.part] - zero) / span
    new = _moved(now, event.value) if event.relative else float(event.value)  # type: ignore[arg-type]
    parts[event.part] = zero + span * new
    return row.checked(parts)
