"""One look as it is drawn: its decks, the mixer between them, the master chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import moderngl

from perform.core.errors import UsageError
from perform.core.params import Param
from perform.core.types import Frame
from perform.gl.chain import Chain, Report
from perform.gl.deck import Deck
from perform.gl.glimpse import Glimpses
from perform.gl.kept import Kept
from perform.gl.layers import Layers
from perform.gl.mixer import Mixer
from perform.gl.preview import Previews
from perform.gl.rows import DECK_ROWS, DECKS, FINISHED, LAYER_ROWS, LAYERS, LETTERS, OWN
from perform.gl.shared import Shared
from perform.gl.targets import Pool
from perform.gl.unit import Unit

Mark = Callable[[str, float], float]
"""(stage, since) -> now: notes how long a stage took."""


class Scene:
    """Deck a is always there; the others are made when something is put on them, and cost nothing before.

    A deck that is neither seen nor taken in by one that is rests. Pictures that others take in are kept from one
    frame to the next, so that a loop of decks is well defined: everyone sees everyone one frame late.
    """

    def __init__(self, shared: Shared, report: Report, previews: Previews | None = None) -> None:
        self._shared = shared
        self._report = report
        self.previews = previews  # None for a look that leaves
        self.decks: dict[str, Deck] = {"a": Deck(shared, "a", report)}
        self.mixer = Mixer(shared, report)
        self.master = Chain(shared, "master", report)
        self._layers = Layers(shared)
        self._kept = Kept(shared)
        self.glimpses = Glimpses(shared)
        self._pool = Pool(shared.ctx, shared.size, shared.dtype)
        self._pools: dict[str, Pool] = {"a": self._pool}
        self.at_work = frozenset({"a"})
        drawn = self._pool.besides()
        shared.copy(drawn.texture, self._pool.besides(drawn.texture))  # compiled before the show, not in it

    def deck(self, name: str) -> Deck:
        """A deck by letter (or `deck/LETTER`), made if it is not there yet. Raises UsageError."""
        letter = name.removeprefix("deck/")
        if letter not in LETTERS:
            raise UsageError(f"no deck {name!r}; there is {', '.join(LETTERS)}")
        if letter not in self.decks:
            made = {**self.decks, letter: Deck(self._shared, letter, self._report)}
            self.decks = {known: made[known] for known in LETTERS if known in made}
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
        self._kept.drop(letter)

    def rows(self) -> list[tuple[str, tuple[Param, ...]]]:
        """(prefix, parameters) of everything here."""
        found: list[tuple[str, tuple[Param, ...]]] = []
        for letter in LETTERS:
            deck = self.decks.get(letter)
            if deck is not None:
                found.extend(deck.rows())
            elif letter in DECKS:
                found.extend([(f"deck/{letter}", DECK_ROWS), (f"deck/{letter}/layer", LAYER_ROWS)])
        with_rows = self.mixer.rows()
        return [*found, *([("mix/with", with_rows)] if with_rows else []), *self.master.rows()]

    def units(self) -> list[Unit]:
        """Every unit that comes from a file."""
        mixing = [] if self.mixer.transition is None else [self.mixer.transition]
        return [*(u for deck in self.decks.values() for u in deck.units()), *mixing, *self.master.units]

    # What takes part in a frame

    def fade(self) -> float:
        """Where the crossfader stands, 0 while there is nothing on deck b."""
        return min(max(self._shared.number("mix/fade", 0.0), 0.0), 1.0) if "b" in self.decks else 0.0

    def seen(self) -> frozenset[str]:
        """The decks that show in this frame."""
        fade = self.fade()
        hidden = {"a": fade >= 1.0 and not self.mixer.over, "b": fade <= 0.0}
        alphas = {k: self._shared.number(f"deck/{k}/layer/alpha", 1.0) for k in LAYERS}
        return frozenset(k for k in self.decks if not hidden.get(k, alphas.get(k, 1.0) <= 0.0))

    def working(self) -> frozenset[str]:
        """The decks that are drawn in this frame: those that are seen, and those that these take in."""
        found: set[str] = set()
        waiting = set(self.seen()) | self._taken_in(self.master.units) | self.glimpses.wanted
        waiting |= frozenset() if self.previews is None else self.previews.due
        while waiting:
            letter = waiting.pop().partition("/")[0]
            deck = self.decks.get(letter)
            if deck is None or letter in found:
                continue
            found.add(letter)
            waiting |= self._taken_in(deck.units()) | deck.inputs()
            waiting.add(self._shared.word(f"deck/{letter}/layer/mask", "none"))
        return frozenset(found)

    def _taken_in(self, units: Iterable[Unit]) -> set[str]:
        return {whose for unit in units for _, whose in unit.picked()}

    def take(self, frames: Mapping[str, Frame]) -> None:
        """The newest frame of each deck that is drawn in this frame."""
        self.at_work = self.working()
        wanted = [name.split("/", 1) for name in self._wanted() | self.glimpses.wanted if "/" in name]
        for letter in self.at_work:
            further = [name for whose, name in wanted if whose == letter]
            self.decks[letter].take(frames.get(letter), frames.get(f"{letter}/before"), further)

    # Drawing

    def render(self, mark: Mark, since: float) -> moderngl.Texture:
        """Draw the look."""
        shared, wanted = self._shared, self._wanted()
        self._kept.want(wanted)
        shared.pictures = dict(self._kept.textures)  # of the last frame, whatever is kept of this one
        drawn: dict[str, moderngl.Texture] = {}
        for letter, deck in self.decks.items():
            if letter in self.at_work:
                drawn[letter] = deck.render(self._pools[letter])
                since = mark(f"deck/{letter}", since)
        # Before the master chain draws over them: deck a's targets are its own, too.
        seen = {**drawn, **self._further(drawn)}
        self._kept.keep({name: seen[name] for name in wanted if name in seen})
        self.glimpses.take(seen)
        if self.previews is not None:
            self.previews.take(drawn)
        picture = self._mixed(drawn, self.seen())
        if len(drawn) > 1:
            since = mark("mix", since)
        picture = self.master.render(picture, picture, self._pool, 1.0)
        if FINISHED in wanted:
            self._kept.keep({FINISHED: picture})
        self.glimpses.take({FINISHED: picture})
        mark("master", since)
        return picture

    def _further(self, drawn: Iterable[str]) -> dict[str, moderngl.Texture]:
        """What generators paint besides their picture, as `a/step_1`; only what somebody wants."""
        return {f"{k}/{name}": texture for k in drawn for name, texture in self.decks[k].further().items()}

    def _mixed(self, drawn: Mapping[str, moderngl.Texture], seen: frozenset[str]) -> moderngl.Texture:
        fade, over = self.fade(), self.mixer.over and "b" in seen
        sides = {k: self._placed(k, drawn) for k in DECKS if k in seen and not (over and k == "b")}
        if over:
            out = self._pools["b"].besides(drawn["b"])
            picture = self._layers.lay("b", drawn["b"], sides["a"], drawn, out, fade)
        elif len(sides) == 2:
            picture = self.mixer.mix(sides["a"], sides["b"], fade)
        else:
            picture = next(iter(sides.values()))
        for letter in LAYERS:
            if letter in seen:
                out = self._pools[letter].besides(drawn[letter], picture)
                picture = self._layers.lay(letter, drawn[letter], picture, drawn, out)
        return picture

    def _placed(self, letter: str, drawn: Mapping[str, moderngl.Texture]) -> moderngl.Texture:
        """A side of the crossfader where it stands as a layer over black."""
        if self._layers.at_rest(letter):
            return drawn[letter]
        out = self._pools[letter].besides(drawn[letter])
        return self._layers.lay(letter, drawn[letter], self._shared.black, drawn, out)

    def _wanted(self) -> set[str]:
        """Whose pictures somebody takes in, so that they are kept for the next frame."""
        wanted = self._taken_in(self.units()) - {OWN}
        for letter, deck in self.decks.items():
            wanted |= deck.inputs()
            wanted |= {self._shared.word(f"deck/{letter}/layer/mask", "none")} & {FINISHED}
        return {name for name in wanted if name == FINISHED or name.partition("/")[0] in self.at_work}

    def release(self) -> None:
        """Free the GL objects."""
        parts: tuple[Any, ...] = (
            *self.decks.values(),
            *self._pools.values(),
            self.mixer,
            self.master,
            self._layers,
            self._kept,
            self.glimpses,
        )
        for part in parts:
            part.release()
        self.decks.clear()
        self._pools.clear()
