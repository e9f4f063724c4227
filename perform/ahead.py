"""Work done before its time: a preset that waits for the bar is read, its shaders compiled and its model loaded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from perform.core.errors import PerformError
from perform.core.preset import Preset, read_preset
from perform.core.types import ControlEvent
from perform.decks import read_slots

if TYPE_CHECKING:
    from perform.show import Show

STEPS = {"preset/next": 1, "preset/previous": -1}


class Ahead:
    """Takes note of what is kept back and does one piece of slow work a tick, so that none of it falls on the bar.

    What cannot be prepared is left to the recall itself, which says what is wrong. Thread: the engine's.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._preset: Preset | None = None
        self._name = ""
        self._work: deque[Callable[[], None]] = deque()
        self.done = 0

    def hear(self, event: ControlEvent) -> None:
        """An event waits for the beat."""
        if event.address == "preset/recall":
            self._begin(str(event.value))
        elif event.address in STEPS:
            names = self._show.neighbours(STEPS[event.address])
            if names:
                self._begin(names[0])
        else:
            self.ready(self._show.programme.coming(event))

    def ready(self, name: str) -> None:
        """A preset of this name will be asked for soon; "" is none."""
        if name:
            self._begin(name)

    def take(self, name: str) -> Preset | None:
        """The preset, if it is this one that was read ahead; once."""
        preset, self._preset = (self._preset, None) if name == self._name else (None, self._preset)
        if preset is not None:
            self._work.clear()
        return preset

    def step(self) -> None:
        """Do one piece of work, if there is any."""
        if self._work:
            act = self._work.popleft()
            try:
                act()
                self.done += 1
            except (PerformError, OSError):
                self._work.clear()

    def _begin(self, name: str) -> None:
        self._name, self._preset = name, None
        self._show.decks.forget_prepared()
        self._work = deque([lambda: self._read(name)])

    def _read(self, name: str) -> None:
        from perform.content import find_preset

        preset = self._preset = read_preset(find_preset(name))
        self._show.expect(preset)
        for letter, deck in preset.decks.items():
            self._work.append(lambda letter=letter: self._source(preset, letter))  # type: ignore[misc]
            self._work.append(lambda slots=deck.fx: self._effects(slots))  # type: ignore[misc]
        self._work.append(lambda: self._effects(preset.master))

    def _source(self, preset: Preset, letter: str) -> None:
        plan = self._show.plan(preset, letter)
        if plan.document is not None:
            self._shader(plan.document)
        else:
            self._show.decks.prepare(letter, plan, preset.decks[letter].params)

    def _effects(self, slots: Any) -> None:
        for _, document in read_slots(slots, []):
            self._work.append(lambda document=document: self._shader(document))  # type: ignore[misc]

    def _shader(self, document: Any) -> None:
        prepare = getattr(self._show.stage, "prepare", None)
        if prepare is not None:
            prepare(document)
