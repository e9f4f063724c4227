"""The pickle machine (Python's `pickletools` documents its instructions), building records where pickle would call.

All instructions of protocols 0 to 5 are known. Those that name, call, make or fill objects give `Name` and `Made`.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any

from .records import Dict, Made, Name, Persistent, RefusedError, Set

MOST_STEPS = 4_000_000
MOST_LINE = 1 << 16  # bytes of an instruction that is written as text
MOST_INT = 1024  # bytes of a whole number
MOST_TEXT = 1 << 20  # bytes of a piece of text that is read as such; longer ones stay bytes
MARK = object()


class Machine:
    """Reads one pickle from `data` at `start`; `end` is then where it ended. Raises RefusedError."""

    def __init__(self, data: memoryview, start: int = 0) -> None:
        self.data, self.end = data, start
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The record of the whole pickle."""
        data, table = self.data, _TABLE
        try:
            for _ in range(MOST_STEPS):
                code = data[self.end]
                self.end += 1
                if code == 0x2E:  # STOP
                    return self._stack.pop()
                table[code](self)
        except (IndexError, struct.error):
            raise RefusedError(f"is cut short or broken at byte {self.end}; fetch it again") from None
        except KeyError:
            raise RefusedError(f"is no pickle, or a broken one, at byte {self.end}; fetch it again") from None
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise RefusedError(f"holds a broken instruction before byte {self.end}; fetch it again") from None
        raise RefusedError(f"has more than {MOST_STEPS} instructions; that is no generator")

    # --- reading

    def take(self, count: int) -> memoryview:
        """The next bytes, not copied."""
        if count < 0 or self.end + count > len(self.data):
            raise IndexError
        self.end += count
        return self.data[self.end - count : self.end]

    def number(self, form: str) -> int:
        """A whole number of the given struct form."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def line(self) -> str:
        """Text up to the end of the line."""
        piece = bytes(self.data[self.end : self.end + MOST_LINE])
        at = piece.index(b"\n")
        self.end += at + 1
        return piece[:at].decode("utf-8", "replace")

    def text(self, form: str) -> None:
        """Push text whose length comes first; very long text is never decoded."""
        piece = self.take(self.number(form))
        self.push(str(piece, "utf-8", "surrogatepass") if len(piece) <= MOST_TEXT else piece)

    def old_text(self, form: str) -> None:
        """Push what was text or bytes in Python 2."""
        piece = self.take(self.number(form))
        self.push(str(piece, "latin-1") if len(piece) <= MOST_TEXT else piece)

    def whole(self, count: int) -> None:
        """Push a whole number of that many bytes."""
        if not 0 <= count <= MOST_INT:
            raise ValueError
        self.push(int.from_bytes(self.take(count), "little", signed=True))

    # --- building

    def push(self, value: Any) -> None:
        """Onto the stack."""
        self._stack.append(value)

    def pop(self) -> Any:
        """From the stack; a mark is no value."""
        value = self._stack.pop()
        if value is MARK:
            raise ValueError
        return value

    def top(self) -> Any:
        """The topmost value."""
        value = self._stack[-1]
        if value is MARK:
            raise ValueError
        return value

    def since_mark(self) -> list[Any]:
        """All values above the topmost mark, taken off with it."""
        stack = self._stack
        at = len(stack) - 1
        while stack[at] is not MARK:
            at -= 1
            if at < 0:
                raise IndexError
        found = stack[at + 1 :]
        del stack[at:]
        return found

    def remember(self, at: int) -> None:
        """Keep the topmost value under a number."""
        self._memo[at] = self.top()

    def remember_next(self) -> None:
        """Keep the topmost value under the next number."""
        self._memo[len(self._memo)] = self.top()

    def recall(self, at: int) -> None:
        """Push what was kept."""
        self.push(self._memo[at])

    def call(self) -> None:
        """REDUCE and NEWOBJ: never called, only written down."""
        args = self.pop()
        self.push(Made(self.pop(), args))

    def new_with_names(self) -> None:
        """NEWOBJ_EX."""
        named, args = self.pop(), self.pop()
        made = Made(self.pop(), args)
        made.state = named
        self.push(made)

    def instance(self) -> None:
        """INST: a name in the text, arguments above the mark."""
        name = Name(self.line(), self.line())
        self.push(Made(name, tuple(self.since_mark())))

    def object_(self) -> None:
        """OBJ: the class and its arguments above the mark."""
        found = self.since_mark()
        self.push(Made(found[0], tuple(found[1:])))

    def stack_name(self) -> None:
        """STACK_GLOBAL."""
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError
        self.push(Name(module, name))

    def build(self) -> None:
        """BUILD: the state of what is topmost."""
        state, made = self.pop(), self.top()
        if not isinstance(made, Made):  # a state for a plain value or a bare name: an attack, or nonsense
            raise ValueError
        made.state = state

    def extend(self, items: list[Any]) -> None:
        """APPEND and APPENDS."""
        target = self.top()
        (target if isinstance(target, list) else target.items).extend(items)

    def add(self, items: list[Any]) -> None:
        """ADDITEMS."""
        target = self.top()
        target.items.extend(items)

    def assign(self, items: list[Any]) -> None:
        """SETITEM and SETITEMS."""
        if len(items) % 2:
            raise ValueError
        self.top().pairs.extend(zip(items[::2], items[1::2], strict=True))

    def dictionary(self) -> None:
        """DICT."""
        items, made = self.since_mark(), Dict()
        self.push(made)
        self.assign(items)

    def many(self, count: int) -> None:
        """TUPLE1 to TUPLE3."""
        self.push(tuple([self.pop() for _ in range(count)][::-1]))


def _refuse(what: str) -> Callable[[Machine], None]:
    def refuse(_: Machine) -> None:
        raise RefusedError(f"uses {what}, which no checkpoint does")

    return refuse


def _int_line(m: Machine) -> None:
    line = m.line()
    m.push(line == "01" if line in ("00", "01") else int(line[:MOST_INT]))


def _long_line(m: Machine) -> None:
    m.push(int(m.line()[:MOST_INT].removesuffix("L")))


def _string_line(m: Machine) -> None:
    line = m.line()
    if len(line) < 2 or line[0] != line[-1] or line[0] not in "'\"":
        raise ValueError
    m.push(codecs.escape_decode(line[1:-1].encode("latin-1"))[0].decode("latin-1"))  # type: ignore[attr-defined]


def _unicode_line(m: Machine) -> None:
    m.push(codecs.decode(m.line().encode("latin-1", "replace"), "raw_unicode_escape"))


def _float(m: Machine) -> None:
    m.push(struct.unpack(">d", m.take(8))[0])


def _pop_any(m: Machine) -> None:
    m._stack.pop()


def _protocol(m: Machine) -> None:
    if m.number("<B") > 5:
        raise RefusedError("is a pickle of a protocol newer than 5")


_TABLE: dict[int, Callable[[Machine], Any]] = {
    ord("("): lambda m: m.push(MARK),
    ord("0"): _pop_any,
    ord("1"): lambda m: m.since_mark(),
    ord("2"): lambda m: m.push(m.top()),
    ord("F"): lambda m: m.push(float(m.line())),
    ord("I"): _int_line,
    ord("J"): lambda m: m.push(m.number("<i")),
    ord("K"): lambda m: m.push(m.number("<B")),
    ord("M"): lambda m: m.push(m.number("<H")),
    ord("L"): _long_line,
    0x8A: lambda m: m.whole(m.number("<B")),
    0x8B: lambda m: m.whole(m.number("<i")),
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("G"): _float,
    ord("S"): _string_line,
    ord("T"): lambda m: m.old_text("<i"),
    ord("U"): lambda m: m.old_text("<B"),
    ord("V"): _unicode_line,
    ord("X"): lambda m: m.text("<I"),
    0x8C: lambda m: m.text("<B"),
    0x8D: lambda m: m.text("<Q"),
    ord("B"): lambda m: m.push(m.take(m.number("<I"))),
    ord("C"): lambda m: m.push(m.take(m.number("<B"))),
    0x8E: lambda m: m.push(m.take(m.number("<Q"))),
    0x96: lambda m: m.push(m.take(m.number("<Q"))),
    0x97: _refuse("buffers from outside the file"),
    0x98: _refuse("buffers from outside the file"),
    ord("]"): lambda m: m.push([]),
    ord("l"): lambda m: m.push(m.since_mark()),
    ord("a"): lambda m: m.extend([m.pop()]),
    ord("e"): lambda m: m.extend(m.since_mark()),
    ord(")"): lambda m: m.push(()),
    ord("t"): lambda m: m.push(tuple(m.since_mark())),
    0x85: lambda m: m.many(1),
    0x86: lambda m: m.many(2),
    0x87: lambda m: m.many(3),
    ord("}"): lambda m: m.push(Dict()),
    ord("d"): lambda m: m.dictionary(),
    ord("s"): lambda m: m.assign([m.pop(), m.pop()][::-1]),
    ord("u"): lambda m: m.assign(m.since_mark()),
    0x8F: lambda m: m.push(Set([])),
    0x90: lambda m: m.add(m.since_mark()),
    0x91: lambda m: m.push(Set(m.since_mark())),
    ord("p"): lambda m: m.remember(int(m.line()[:20])),
    ord("q"): lambda m: m.remember(m.number("<B")),
    ord("r"): lambda m: m.remember(m.number("<I")),
    0x94: lambda m: m.remember_next(),
    ord("g"): lambda m: m.recall(int(m.line()[:20])),
    ord("h"): lambda m: m.recall(m.number("<B")),
    ord("j"): lambda m: m.recall(m.number("<I")),
    ord("c"): lambda m: m.push(Name(m.line(), m.line())),
    0x93: lambda m: m.stack_name(),
    ord("R"): lambda m: m.call(),
    0x81: lambda m: m.call(),
    0x92: lambda m: m.new_with_names(),
    ord("i"): lambda m: m.instance(),
    ord("o"): lambda m: m.object_(),
    ord("b"): lambda m: m.build(),
    ord("P"): lambda m: m.push(Persistent(m.line())),
    ord("Q"): lambda m: m.push(Persistent(m.pop())),
    0x82: lambda m: m.push(Name("copyreg.extension", str(m.number("<B")))),
    0x83: lambda m: m.push(Name("copyreg.extension", str(m.number("<H")))),
    0x84: lambda m: m.push(Name("copyreg.extension", str(m.number("<i")))),
    0x80: _protocol,
    0x95: lambda m: m.take(8),
}
