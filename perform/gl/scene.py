"""One look as it is drawn: its decks, the mixer between them, the master chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import moderngl

from perform.core.errors import UsageError
from perform.core.params import Param
from perform.core.types import Frame
from perform.gl.chain import Chain, Report
from perform.gl.deck import Deck
from perform.gl.mixer import Mixer
from perform.gl.rows import DECK_ROWS, DECKS
from perform.gl.shared import Shared
from perform.gl.targets import Pool
from perform.gl.unit import Unit

Mark = Callable[[str, float], float]
"""(stage, since) -> now: notes how long a stage took."""


class Scene:
    """Deck a is always there; deck b is made when something is put on it, and costs nothing before."""

    def __init__(self, shared: Shared, report: Report) -> None:
        self._shared = shared
        self._report = report
        self.decks: dict[str, Deck] = {"a": Deck(shared, "a", report)}
        self.mixer = Mixer(shared, report)
        self.master = Chain(shared, "master", report)
        self._pool = Pool(shared.ctx, shared.size, shared.dtype)
        self._pools: dict[str, Pool] = {"a": self._pool}
        drawn = self._pool.besides()
        shared.copy(drawn.texture, self._pool.besides(drawn.texture))  # compiled before the show, not in it

    def deck(self, name: str) -> Deck:
        """A deck by letter (or `deck/LETTER`), made if it is not there yet. Raises UsageError."""
        letter = name.removeprefix("deck/")
        if letter not in DECKS:
            raise UsageError(f"no deck {name!r}; there is {', '.join(DECKS)}")
        if letter not in self.decks:
            self.decks[letter] = Deck(self._shared, letter, self._report)
            self._pools[letter] = Pool(self._shared.ctx, self._shared.size, self._shared.dtype)
            self.mixer.warm()
        return self.decks[letter]

    def close_deck(self, letter: str) -> None:
        """Take everything off a deck. Deck a stays, empty."""
        deck = self.decks.get(letter)
        if deck is None:
            return
        if letter == "a":
            deck.set_source(None)
            deck.chain.set(())
            return
        del self.decks[letter]
        deck.release()
        self._pools.pop(letter).release()

    def rows(self) -> list[tuple[str, tuple[Param, ...]]]:
        """(prefix, parameters) of everything here."""
        found: list[tuple[str, tuple[Param, ...]]] = []
        for letter in DECKS:
            deck = self.decks.get(letter)
            found.extend([(f"deck/{letter}", DECK_ROWS)] if deck is None else deck.rows())
        with_rows = self.mixer.rows()
        return [*found, *([("mix/with", with_rows)] if with_rows else []), *self.master.rows()]

    def units(self) -> list[Unit]:
        """Every unit that comes from a file."""
        mixing = [] if self.mixer.transition is None else [self.mixer.transition]
        return [*(u for deck in self.decks.values() for u in deck.units()), *mixing, *self.master.units]

    def fade(self) -> float:
        """Where the crossfader stands, 0 while there is nothing on deck b."""
        return min(max(self._shared.number("mix/fade", 0.0), 0.0), 1.0) if "b" in self.decks else 0.0

    def seen(self) -> frozenset[str]:
        """The decks that show in this frame; the others rest."""
        fade = self.fade()
        return frozenset(letter for letter, off in (("a", fade >= 1.0), ("b", fade <= 0.0)) if not off)

    def take(self, frames: Mapping[str, Frame]) -> None:
        """The newest frame of each deck."""
        for letter, deck in self.decks.items():
            deck.take(frames.get(letter))

    def render(self, mark: Mark, since: float) -> moderngl.Texture:
        """Draw the look."""
        seen = self.seen()
        drawn: dict[str, moderngl.Texture] = {}
        for letter, deck in self.decks.items():
            if letter in seen:
                drawn[letter] = deck.render(self._pools[letter])
                since = mark(f"deck/{letter}", since)
        if len(drawn) == 1:
            picture = next(iter(drawn.values()))
        else:
            picture = self.mixer.mix(drawn["a"], drawn["b"], self.fade())
            since = mark("mix", since)
        picture = self.master.render(picture, picture, self._pool, 1.0)
        mark("master", since)
        return picture

    def release(self) -> None:
        """Free the GL objects."""
        for part in (*self.decks.values(), *self._pools.values(), self.mixer, self.master):
            part.release()
        self.decks.clear()
        self._pools.clear()
