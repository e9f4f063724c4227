"""The decks of a show: what lies on each, how it is brought in and taken off, and the chains of effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from perform.core.errors import PerformError, ShaderError
from perform.core.params import Param
from perform.core.preset import Slot
from perform.core.types import ParamFrame, Value
from perform.deck_source import SourcePlan
from perform.engine.engine import Engine
from perform.engine.painter import Painter
from perform.gl.rows import FINISHED, FURTHER, LETTERS
from perform.trial.gate import OnTrialError, admit

MakePainter = Callable[[str, SourcePlan], Painter]
NONE_OWN: Mapping[str, Any] = {}
Slots = list[tuple[str, Any]]
"""(slot, ISF document) in the order of the chain."""


def read_slots(slots: Iterable[Slot], problems: list[str], own: Mapping[str, Any] = NONE_OWN) -> Slots:
    """The documents of a preset's effects. One that cannot be had is told in `problems` and left out.

    own: documents that are code, by name. Raises OnTrialError for one that is being tried.
    """
    from perform.content import find_shader

    found: Slots = []
    for slot in slots:
        try:
            found.append((slot.name, own.get(slot.shader) or admit(find_shader(slot.shader, "effects"))))
        except OnTrialError:
            raise
        except PerformError as error:
            problems.append(f"effect {slot.name} is left out ({error})")
    return found


def input_rows(names: Iterable[str]) -> tuple[Param, ...]:
    """A choice of picture for each one that a generator takes in."""
    choices = ("none", *LETTERS, FINISHED, *FURTHER)
    doc = "whose picture the source takes in, a frame late: a deck's, or the finished one (out)"
    return tuple(Param(name, "choice", "none", choices=choices, doc=doc) for name in names)


class Decks:
    """chains: `deck/a` or `master` -> its slots. Thread: the engine's."""

    def __init__(self, engine: Engine, stage: Any, make_painter: MakePainter) -> None:
        self._engine = engine
        self._stage = stage
        self._make_painter = make_painter
        self._plans: dict[str, SourcePlan] = {}
        self._ready: dict[tuple[str, str], Painter] = {}
        self.chains: dict[str, Slots] = {}
        self.own: dict[str, Callable[[], SourcePlan]] = {}  # sources that are code, by their text
        self.own_effects: dict[str, Any] = {}  # documents that are code, by name

    def plan_own(self, text: str) -> SourcePlan | None:
        """A source that is code; None where there is none of this name."""
        make = self.own.get(text)
        return None if make is None else make()

    def load(self, letter: str, plan: SourcePlan) -> None:
        """Put a source on a deck; a generator is loaded only when it is another than the one that plays, or
        its card has changed: a training writes its model's folder anew.

        Its rows are mounted by `mount`. Raises ShaderError, with the old source playing.
        """
        engine, painter = self._engine, None
        before = self._plans.get(letter)
        if plan.make is not None and (before is None or (plan.text, plan.card) != (before.text, before.card)):
            painter = self._ready.pop((letter, plan.text), None) or self._make_painter(letter, plan)
        self._stage.set_source(letter, plan.document, plan.taken)
        if plan.make is None:
            self._drop_painters(letter)
        elif painter is not None:
            waiting = engine.coming.pop(letter, None)
            if waiting is not None:
                waiting.dismiss()
            engine.coming[letter] = painter
        self._plans[letter] = plan

    def prepare(self, letter: str, plan: SourcePlan, params: Mapping[str, Value]) -> None:
        """Begin to load a source that will be asked for soon, and let it paint its first picture with these values."""
        if plan.make is None or plan.text == self.source(letter) or (letter, plan.text) in self._ready:
            return
        painter = self._ready[letter, plan.text] = self._make_painter(letter, plan)
        values = {row.name: params.get(row.name, 0 if row.kind == "trigger" else row.default) for row in plan.rows}
        painter.submit(ParamFrame(values), self._engine.moment)

    def forget_prepared(self) -> None:
        """Sources that were prepared and not asked for are let go."""
        while self._ready:
            self._ready.popitem()[1].dismiss()

    def mount(self) -> None:
        """Add the rows of everything that plays to the table; rows that are there keep their values."""
        for letter, plan in self._plans.items():
            if plan.make is not None:
                self._engine.table.add(plan.rows, f"deck/{letter}/source")
                self._engine.table.add(input_rows(plan.pictures), f"deck/{letter}/inputs")
        self._engine.takers = {letter: plan.picture_px for letter, plan in self._plans.items() if plan.pictures}
        for prefix, rows in self._stage.rows():
            self._engine.table.add(rows, prefix)

    def source(self, letter: str) -> str:
        """What plays on a deck; "" for nothing."""
        plan = self._plans.get(letter)
        return "" if plan is None else plan.text

    def signals(self) -> set[str]:
        """Sources of modulation that the decks' generators give, whether or not their first picture is there."""
        return {f"deck/{letter}/{name}" for letter, plan in self._plans.items() for name in plan.signals}

    def card(self, letter: str) -> Any:
        """The card of the model that plays on a deck; None where there is none."""
        plan = self._plans.get(letter)
        return None if plan is None else plan.card

    def unload(self, letter: str) -> None:
        """Take everything off a deck."""
        if letter not in self._plans and f"deck/{letter}" not in self.chains:
            return
        self._drop_painters(letter)
        self._stage.close_deck(letter)
        self._plans.pop(letter, None)
        self.chains.pop(f"deck/{letter}", None)

    def set_chain(self, where: str, slots: Sequence[tuple[str, Any]], problems: list[str]) -> None:
        """Put up a chain, without the effects that do not compile: those are told in `problems`."""
        left = list(slots)
        while True:
            try:
                self._stage.set_chain(where, left)
                break
            except ShaderError as error:
                good = [(name, d) for name, d in left if str(d.path) != error.path]
                if len(good) == len(left):
                    raise
                left = good
                problems.append(f"an effect of {where} is left out ({error})")
        self.chains[where] = left

    def _drop_painters(self, letter: str) -> None:
        self._engine.handovers.drop(letter)
        for painter in (self._engine.painters.pop(letter, None), self._engine.coming.pop(letter, None)):
            if painter is not None:
                painter.dismiss()
