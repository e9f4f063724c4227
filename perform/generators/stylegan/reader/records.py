"""What a pickle's instructions build: inert records. None of them hashes, compares or prints what it holds, so that no
clever arrangement of them costs more than it is long."""

from __future__ import annotations

from typing import Any

SHOWN = 80  # characters of a foreign name in a message


class RefusedError(Exception):
    """The file cannot be used; the message is one line for the person."""


class Name:
    """A name of a class or function, as a pickle asks for it. Nothing is looked up."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    @property
    def full(self) -> str:
        """`module.name`, made printable and short."""
        return printable(f"{self.module}.{self.name}")


class Made:
    """What a call would have made. what: mostly a Name. args: mostly a tuple. state: set by BUILD. items, pairs: what
    was appended or set afterwards."""

    __slots__ = ("args", "items", "pairs", "state", "what")

    def __init__(self, what: Any, args: Any) -> None:
        self.what, self.args = what, args
        self.state: Any = None
        self.items: list[Any] = []
        self.pairs: list[tuple[Any, Any]] = []

    @property
    def name(self) -> str:
        """The full name of what would have been called."""
        return self.what.full if isinstance(self.what, Name) else "something without a name"


class Dict:
    """A dictionary as a list of pairs."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []


class Set:
    """A set as a list."""

    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class Persistent:
    """Something kept outside the pickle: in checkpoints a block of numbers."""

    __slots__ = ("id",)

    def __init__(self, id_: Any) -> None:
        self.id = id_


def printable(text: str) -> str:
    """Foreign text for a message: printable ASCII, short."""
    clean = "".join(c if 32 < ord(c) < 127 else "?" for c in text[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else clean[:SHOWN] + "..."


def text_pairs(value: Any) -> dict[str, Any] | None:
    """The entries of a dictionary-like record that have text for a key; None when it is no such thing."""
    if isinstance(value, Dict) or (isinstance(value, Made) and value.name in DICT_NAMES):
        pairs = value.pairs
        if isinstance(value, Made):
            pairs = [*_given_pairs(value.args), *_state_pairs(value.state), *pairs]
        return {k: v for k, v in pairs if isinstance(k, str)}
    return None


DICT_NAMES = frozenset({
    "collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict", "dnnlib.util.EasyDict",
    "dnnlib.EasyDict", "util.EasyDict", "easydict.EasyDict",
})  # fmt: skip


def _given_pairs(args: Any) -> list[tuple[Any, Any]]:
    """`OrderedDict([(k, v), ...])`: pairs that came as an argument."""
    if not (isinstance(args, tuple) and len(args) == 1):
        return []
    if isinstance(args[0], Dict):
        return args[0].pairs
    if isinstance(args[0], list):
        return [(p[0], p[1]) for p in args[0] if isinstance(p, tuple | list) and len(p) == 2]
    return []


def _state_pairs(state: Any) -> list[tuple[Any, Any]]:
    """A dictionary whose items lie in its `__dict__`."""
    return state.pairs if isinstance(state, Dict) else []
