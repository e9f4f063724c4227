"""Opens what is taken into a hand: keys and pads of the window, their maps, learning, and the help that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from perform.control.hand_desk import HandDesk
from perform.control.hand_map import Axis, HandMap
from perform.control.keyboard import Hands
from perform.control.learning import PARAMS, Learning
from perform.control.osc import OscServer
from perform.control.sensors import Sensors
from perform.core.contracts import Control
from perform.core.hands import HelpRow, HelpSheet
from perform.core.types import ControlEvent
from perform.hand_files import HandFiles
from perform.midi import row_of, value_of
from perform.options import Options
from perform.show import Show

Say = Callable[[str], None]
WORDS = {"page_up": "page up", "page_down": "page down", "left_x": "left stick  x", "left_y": "left stick  y",
         "right_x": "right stick  x", "right_y": "right stick  y"}  # fmt: skip


class OpenHands:
    """The hands of a show, as one of its listeners: counted and closed with the others."""

    def __init__(self, options: Options, show: Show, clock: Callable[[], float], say: Say) -> None:
        engine = show.engine
        engine.table.add(PARAMS, "learn")
        self._engine, self._stage, self._clock = engine, show.stage, clock
        self.learning = Learning(row_of(engine), clock)
        self._files = HandFiles(options.keys or "", options.lights, say, lambda: show.preset.name)
        maps = self._files.read()
        own, keep_in = self._files.learnt()
        self.desk = HandDesk(
            row_of(engine), value_of(engine), self.learning, maps=maps, own=own, keep_in=keep_in
        )  # fmt: skip
        self.sensors: Sensors | None = None
        self._ranges = options.sensor_ranges
        self.hands = Hands(self.desk, _axes(maps))
        self._files.start()
        self.desk.post = self.learning.post = engine.queue.post
        engine.senses += [self.hands, self]
        show.hands, show.sheet = self.hands.event, self.sheet

    def hear(self, listeners: Iterable[Control]) -> None:
        """Take in what OSC says that speaks of no parameter: sensors."""
        for listener in listeners:
            if isinstance(listener, OscServer):
                self.sensors = Sensors(self.desk, self._clock, self._ranges)
                listener.unknown = self.sensors.take
                self._engine.senses.append(self.sensors)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """No source of its own: it looks after learning, once a tick, and takes in maps that were saved."""
        maps = self._files.fresh()
        if maps is not None:
            self.desk.set_maps(maps)
            self.hands.set_axes(_axes(maps))
        self.learning.settle(self._engine.table.base())
        self.learning.decide(self._clock())
        return {}

    def sheet(self) -> HelpSheet:
        """What the help on the screen says now."""
        rows = self.hands.sheet(row_of(self._engine), value_of(self._engine))
        return tuple((title, self._labelled(group)) for title, group in rows)

    def _labelled(self, group: Iterable[HelpRow]) -> tuple[HelpRow, ...]:
        """Rows by what is printed on the keys; keys that do the same share one."""
        found: dict[tuple[str, str], list[str]] = {}
        for control, doc, now in group:
            found.setdefault((doc, now), []).append(self._label(control))
        return tuple(
            ("  ".join(labels) if len(labels) < 4 else f"{labels[0]} … {labels[-1]}", doc, now)
            for (doc, now), labels in found.items()
        )

    def _label(self, control: str) -> str:
        kind, _, name = control.partition("/")
        if kind == "char":
            return name
        if kind != "key":
            name = name.rpartition("/")[2] if kind == "pad" else name
            return WORDS.get(name, name.replace("_", " "))
        *held, key = name.split("+")
        printed = self._stage.key_label(key) if len(key) == 1 or not key.isalpha() else ""
        return " ".join([*held, printed or WORDS.get(key, key.replace("_", " "))])

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """It is open."""

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        sensors = {} if self.sensors is None else self.sensors.counts()
        return {**{f"hands {name}": value for name, value in self.desk.counted.items()}, **sensors}

    def close(self) -> None:
        """What was learnt is on the disk after this."""
        self._files.close()
        self.desk.close()


def _axes(maps: Iterable[HandMap]) -> dict[str, Axis]:
    axes: dict[str, Axis] = {}
    for found in reversed(list(maps)):
        axes.update(found.axes)
    return axes


def open_hands(options: Options, show: Show, clock: Callable[[], float], say: Say) -> OpenHands:
    """Keys, pads and learning joined to the show. A map that cannot be read is said and left out."""
    return OpenHands(options, show, clock, say)
