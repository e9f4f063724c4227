"""The keys of the output window. A table, so that it can be shown and changed."""

from __future__ import annotations

from perform.core.types import ControlEvent, Value

KEYS: dict[str, tuple[str, Value, str]] = {
    "escape": ("quit", True, "end the show"),
    "h": ("out/hud", "toggle", "show or hide the numbers"),
    "b": ("out/blackout", "toggle", "black out, and back"),
    "space": ("out/freeze", "toggle", "freeze the picture, and back"),
    "p": ("out/panic", True, "panic: a safe picture at once, routes off; again: routes back"),
    "c": ("out/testcard", "toggle", "test card"),
    "n": ("preset/next", True, "next preset"),
    "m": ("preset/previous", True, "previous preset"),
    "t": ("tempo/tap", True, "tap the beat"),
    "r": ("tempo/resync", True, "the hand lets go of the tempo: it is the source's again"),
    "o": ("tempo/one", True, "this is the one"),
    "x": ("mix/go", True, "fade to the other deck, and back"),
    "j": ("deck/a/source/jump", True, "jump to a new place in the model"),
    "f": ("out/fullscreen", True, "full screen, and back"),
    "s": ("out/screenshot", True, "keep this picture as a PNG in the folder you stand in"),
}
"""key name -> (address, value, what it does). The value `toggle` turns a bool over."""


def translate(event: ControlEvent) -> tuple[str, Value] | None:
    """What a `key/NAME` event means; None for keys that mean nothing."""
    found = KEYS.get(event.address.removeprefix("key/"))
    return None if found is None else (found[0], found[1])
