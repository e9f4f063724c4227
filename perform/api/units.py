"""Units in code: a source of modulation, a feature of sound, a generator, a shader from a text. Each is a plain object
that is handed to the shows that are to have it; making one registers nothing."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from perform.api.frames import as_picture
from perform.core.errors import PerformError, UsageError
from perform.core.params import Param
from perform.core.types import Features, Frame, Moment, ParamFrame, Picture

_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
Trouble = Callable[[str, Exception], None]
"""Who is told that a unit failed: (which one, how). Offline it raises; live it counts, and the show goes on."""


def checked_name(what: str, name: object) -> str:
    """A name that can stand in an address. Raises UsageError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 100:
        raise UsageError(f"{what} {name!r}: a name is made of a-z, 0-9 and _, with / between its parts")
    return name


def told(who: str, error: Exception) -> UsageError:
    """What went wrong in somebody's own code, in one line."""
    text = " ".join(str(error).split())[:300]
    return UsageError(f"{who}: {type(error).__name__}{': ' if text else ''}{text}")


def _maker(thing: Any) -> Callable[[], Any]:
    """A class is made anew for each show, so that none begins with what another left in it."""
    return thing if inspect.isclass(thing) else lambda: thing


def _wants(thing: Any) -> int:
    """How many arguments a function, or an object of a class, takes by place."""
    act = thing.__call__ if inspect.isclass(thing) else thing
    rows = [
        p for p in inspect.signature(act).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(rows) - (1 if inspect.isclass(thing) else 0)


class Source:
    """A source of routes, asked once a frame. Made by `source`; hand it to a show with `show.add`."""

    def __init__(self, name: str, act: Any) -> None:
        self.name = checked_name("source", name)
        self._make = _maker(act)
        self._with_features = _wants(act) > 1

    def start(self, trouble: Trouble) -> Callable[[Moment, Features | None], float]:
        """One for one show: (moment, what is heard) -> value, always a finite number."""
        act, who = self._make(), f"source {self.name}"

        def value(moment: Moment, features: Features | None) -> float:
            try:
                found = float(act(moment, features) if self._with_features else act(moment))
            except Exception as error:  # noqa: BLE001 - it is somebody's own code
                trouble(who, error)
                return 0.0
            return found if math.isfinite(found) else 0.0

        return value


def source(name: str) -> Callable[[Any], Source]:
    """Decorator: a function of the moment becomes a source of routes.

    name: what routes call it, like `tide` or `weather/rain`. The function takes `(moment)`, or `(moment, features)`
    for what is heard (None before the first sound), and returns a number; 0..1 is what routes expect, unless they are
    given another `lo` and `hi`. A class with `__call__` is made anew for each show and may remember things.
    Raises UsageError for a name that cannot stand in an address.
    """
    return lambda act: Source(name, act)


def series(name: str, values: Any, seconds: float | None = None, loop: bool = False) -> Source:
    """Numbers as a source of routes: a column of a table, read along the time of the show.

    values: [n], two or more; scaled so that the smallest is 0 and the largest 1 (gaps, NaN, are bridged). seconds: how
    long the whole of it takes; None: one value a second. loop: begins again at the end, else the last value stays.
    Raises UsageError.
    """
    row = np.asarray(values, np.float64).reshape(-1)
    there = np.isfinite(row)
    length_s = float(len(row) - 1 if seconds is None else seconds)
    if there.sum() < 2 or not length_s > 0.0:
        raise UsageError(f"series {name}: give two numbers or more, and a time over 0")
    times = np.linspace(0.0, length_s, len(row))[there]
    row = row[there]
    low, high = float(row.min()), float(row.max())
    row = (row - low) / (high - low) if high > low else np.zeros_like(row)

    def at(moment: Moment) -> float:
        return float(np.interp(moment.seconds % length_s if loop else moment.seconds, times, row))

    return Source(name, at)


class Feature:
    """A feature of sound, worked out once a hop (about 190 times a second). Made by `feature`; hand it to a show with
    `show.add`, or to `analyse`."""

    def __init__(self, name: str, act: Any, lo: float, hi: float, doc: str) -> None:
        self.name = checked_name("feature", name)
        if not lo < hi:
            raise UsageError(f"feature {name}: the range {lo}..{hi} is empty")
        self.lo, self.hi, self.doc = float(lo), float(hi), doc
        self._make = _maker(act)

    def start(self, trouble: Trouble) -> _FeatureUnit:
        """One for one analyser."""
        return _FeatureUnit(self, self._make(), trouble)


class _FeatureUnit:
    """perform.features.frame.FeatureUnit."""

    def __init__(self, feature: Feature, act: Callable[[Any], float], trouble: Trouble) -> None:
        self._feature, self._act, self._trouble = feature, act, trouble

    def retune(self, plan: Any) -> None:
        """Nothing hangs on the rate: the hop brings its dt_s."""

    def configure(self, values: Mapping[str, Any]) -> None:
        """No rows."""

    def step(self, hop: Any, values: dict[str, float]) -> None:
        """Work it out."""
        feature = self._feature
        try:
            found = float(self._act(hop))
        except Exception as error:  # noqa: BLE001 - it is somebody's own code
            self._trouble(f"feature {feature.name}", error)
            found = feature.lo
        values[feature.name] = min(max(found, feature.lo), feature.hi) if math.isfinite(found) else feature.lo


def feature(name: str, lo: float = 0.0, hi: float = 1.0, doc: str = "") -> Callable[[Any], Feature]:
    """Decorator: a function of a hop of sound becomes a feature, and with that a source of routes.

    name: like `audio/roughness`. lo, hi: the range it never leaves. The function takes a hop (perform.Hop: `samples`
    [2, n] float32, `power` [bins] of the spectrum, `mel_power` [64], `level` 0..1, `gate` 0..1, `dt_s`, …) and returns
    a number. A class with `__call__` is made anew for each show and may remember things. Raises UsageError.
    """
    return lambda act: Feature(name, act, lo, hi, doc or (inspect.getdoc(act) or "").partition("\n")[0])


class Painting:
    """A generator in code. Made by `generator`; give it to a show as its `source`, or to `show.load`."""

    def __init__(self, name: str, thing: Any, params: Sequence[Param]) -> None:
        self.name = checked_name("generator", name)
        self.text = f"python:{name}"
        self._thing, self._params = thing, tuple(params)

    def make(self) -> _OwnGenerator:
        """A new one, open and prepared, for one deck."""
        thing = self._thing
        inner = thing() if inspect.isclass(thing) else _OfFunction(thing, self._params)
        own = _OwnGenerator(f"generator {self.name}", inner)
        own.open(None, "cpu")
        own.prepare({})
        return own

    def plan(self) -> Any:
        """Its SourcePlan."""
        from perform.deck_source import PICTURE_PX, SourcePlan

        shown: Any = self._thing
        if not inspect.isclass(shown):
            return SourcePlan(self.text, self._params, make=self.make)
        rows, side = tuple(getattr(shown, "PARAMS", ())), int(getattr(shown, "PICTURE_PX", PICTURE_PX))
        taken, signals = tuple(getattr(shown, "PICTURES_IN", ())), tuple(getattr(shown, "SIGNALS", ()))
        return SourcePlan(self.text, rows, taken, side, make=self.make, signals=signals)


class _OfFunction:
    """A function as a generator."""

    PICTURES_IN: Sequence[str] = ()
    PICTURES_OUT: Sequence[str] = ("main",)

    def __init__(self, act: Any, params: Sequence[Param]) -> None:
        self.PARAMS = params
        self._act, self._with_values = act, _wants(act) > 1

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Any:
        """Paint."""
        values = {row.name: params.values.get(row.name, row.default) for row in self.PARAMS}
        return self._act(moment, values) if self._with_values else self._act(moment)


class _OwnGenerator:
    """perform.core.contracts.Generator over somebody's own: what it gives is looked at, what it raises is one line."""

    PICTURES_OUT: Sequence[str] = ("main",)

    def __init__(self, who: str, inner: Any) -> None:
        self._who, self._inner = who, inner
        self.PARAMS: Sequence[Param] = tuple(getattr(inner, "PARAMS", ()))
        self.PICTURES_IN: Sequence[str] = tuple(getattr(inner, "PICTURES_IN", ()))
        self._number = 0

    def open(self, card: Any, device: str) -> None:
        """Pass on, where it wants to know."""
        if hasattr(self._inner, "open"):
            self._inner.open(card, device)

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Pass on."""
        if hasattr(self._inner, "prepare"):
            self._inner.prepare(request)

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint. Raises UsageError where that code fails, with its own error as the cause."""
        try:
            found = self._inner.render(params, pictures, moment)
        except PerformError:
            raise
        except Exception as error:
            raise told(self._who, error) from error
        self._number += 1
        if isinstance(found, Frame):
            return found
        return Frame(as_picture(found, self._who), self._number, moment)

    def close(self) -> None:
        """Pass on."""
        if hasattr(self._inner, "close"):
            self._inner.close()


def generator(name: str, *params: Param) -> Callable[[Any], Painting]:
    """Decorator: a function that paints becomes a source for decks, `python:NAME`.

    The function takes `(moment)`, or `(moment, values)` for its parameters by name as they stand, and returns a picture
    [h, w], [h, w, 3] or [h, w, 4] of any size: uint8, or float 0..1. params: its rows; they lie at
    `deck/a/source/NAME`. A class is used as it is: PARAMS, `render(params, pictures, moment)` and, if wanted, `open`,
    `prepare`, `close` (see perform.core.contracts.Generator); it is made anew for each deck. Raises UsageError.
    """
    return lambda thing: Painting(name, thing, params)


class ShaderText:
    """A shader in a text: ISF, Shadertoy or gl-transitions. Made by `shader`; give it to a show as its `source`, to
    `show.load` or to `show.effect`."""

    def __init__(self, name: str, text: str) -> None:
        if "/" in checked_name("shader", name) or not isinstance(text, str):
            raise UsageError(f"shader {name!r}: give it a name of one part, and its text")
        self.name, self.body = name, text
        self.text = f"python:{name}"


def shader(name: str, text: str) -> ShaderText:
    """A shader from a text, without a file. Its inputs become parameters, as those of a file do.

    name: what addresses call it. text: the whole of it. It is read when a show takes it in; a mistake in it is then a
    ShaderError with its line. Raises UsageError for a name that cannot stand in an address.
    """
    return ShaderText(name, text)
