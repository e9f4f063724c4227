"""What the controls of the devices do: bindings, and the TOML files that hold them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from perform.control.controls import ORIGINS, STANDING, check_control, kind_of, nth_control
from perform.control.midi_decode import ENCODINGS, parse_control
from perform.core.errors import PresetError
from perform.core.types import Value

MODES = ("auto", "absolute", "toggle", "gate", "switch", *ENCODINGS, "step", "rate")
"""auto: by the control and the parameter. toggle: each press turns a bool over. gate: on while held; with `value`, that
value while held, then what was there before. switch: on over the threshold, off below. Then the three ways of endless
encoders. step: each press goes on by `step`. rate: by `step` in a second, for as long and as far as it is held."""

TAKEOVERS = ("jump", "pickup", "scale")
MOST_BINDINGS = 4096
_DIALS = ("cc", "cc14", "nrpn", "pitch")


@dataclass(frozen=True, slots=True)
class Binding:
    """One control joined to one parameter.

    device: a part of the device's name, "" for any. target: the parameter's address. lo, hi: the part of its range, in
    0..1 (lo over hi turns it round). threshold: from where a button counts as pressed; below 0: half way for a
    controller, any touch for a note. step: of its range, for one step of an encoder, a press, or a second of a `rate`
    (these two may go down: below 0). value: what a press sets, instead of what the control says. part: component of a
    point or colour. feedback: what goes back: `same` (the control's own message), `off`, or a control's name. on, off:
    what a light gets (velocity or value); rest: what it gets when its target is not there. scale: most that goes back
    for a dial.
    """

    control: str
    target: str
    device: str = ""
    mode: str = "auto"
    takeover: str = "pickup"
    lo: float = 0.0
    hi: float = 1.0
    threshold: float = -1.0
    step: float = 1.0 / 128.0
    value: Value | None = None
    part: int = -1
    feedback: str = "same"
    on: int = 127
    off: int = 0
    scale: int = 127
    name: str = ""

    def __post_init__(self) -> None:
        try:
            check_control(self.control)
            if self.feedback not in ("same", "off"):
                parse_control(self.feedback)
        except ValueError as error:
            raise PresetError(str(error)) from None
        where = f"{self.control} to {self.target or '?'}"
        if not self.target or len(self.target) > 200:
            raise PresetError(f"{where}: no target")
        if self.mode not in MODES or self.takeover not in TAKEOVERS:
            raise PresetError(f"{where}: mode is one of {', '.join(MODES)}, takeover one of {', '.join(TAKEOVERS)}")
        unit = {"lo": self.lo, "hi": self.hi, "threshold": max(self.threshold, 0.0)}
        wrong = [name for name, number in unit.items() if not 0.0 <= number <= 1.0]
        wrong += [name for name in ("on", "off", "scale") if not 0 <= getattr(self, name) <= 127]
        least = -1.0 if self.mode in ("step", "rate") else 0.0
        if wrong or not least <= self.step <= 1.0 or self.step == 0.0:
            raise PresetError(f"{where}: {', '.join(wrong) or 'step'} out of range")

    @property
    def dial(self) -> bool:
        """Whether the control has a range, other than a button."""
        return self.control.split("/")[0] in _DIALS

    @property
    def origin(self) -> str:
        """Who speaks through it."""
        return ORIGINS.get(kind_of(self.control), "midi")

    def key(self) -> tuple[str, str]:
        """What there is one binding of in a file: a control and its target."""
        return self.control, self.target


@dataclass(frozen=True, slots=True)
class Profile:
    """A known device. match: parts of its name, any of which will do. hello, bye: messages when it comes and when the
    show ends, as lists of bytes. bindings: what its controls do where the user's own map says nothing else."""

    name: str
    title: str = ""
    match: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    hello: tuple[tuple[int, ...], ...] = ()
    bye: tuple[tuple[int, ...], ...] = ()
    bindings: tuple[Binding, ...] = ()

    def fits(self, device: str) -> bool:
        """Whether a device of this name is of this kind."""
        plain = device.lower()
        return any(part.lower() in plain for part in self.match) and not any(p.lower() in plain for p in self.avoid)


_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str, "float": (int, float), "int": int, "Value | None": (int, float, bool, str),
}  # fmt: skip


def read_map(path: Path) -> tuple[list[Binding], list[str]]:
    """(bindings of a map file, a line for each entry that was left out). Raises PresetError for one that is no map."""
    data = read_toml(path)
    return read_bindings(data.get("control", []), str(path))


def read_profile(path: Path) -> tuple[Profile, list[str]]:
    """(profile, a line for each entry that was left out). Raises PresetError."""
    data = read_toml(path)
    bindings, problems = read_bindings(data.get("control", []), str(path))
    try:
        profile = Profile(
            path.stem, str(data.get("title", path.stem)), _texts(data, "match"), _texts(data, "avoid"),
            _messages(data, "hello"), _messages(data, "bye"), tuple(bindings),
        )  # fmt: skip
    except ValueError as error:
        raise PresetError(f"{path}: {error}") from None
    if not profile.match:
        raise PresetError(f"{path}: `match` must hold a part of the device's name")
    return profile, problems


def read_bindings(entries: Any, where: str) -> tuple[list[Binding], list[str]]:
    """Bindings from the tables of a file. An entry with `count` stands for so many, one number and one target on."""
    out: list[Binding] = []
    problems: list[str] = []
    if not isinstance(entries, list):
        return [], [f"{where}: no control is read (they are tables: [[control]], one after the other)"]
    for number, entry in enumerate(entries, 1):
        if len(out) >= MOST_BINDINGS:
            problems.append(f"{where}: a map holds {MOST_BINDINGS} controls at most; the rest is left out")
            break
        try:
            out += _entry(entry)
        except (PresetError, ValueError, TypeError) as error:
            problems.append(f"{where}: control {number} is left out ({error})")
    return out, problems


def _entry(entry: Any) -> list[Binding]:
    if not isinstance(entry, Mapping):
        raise ValueError("not a table")
    kinds = {f.name: str(f.type) for f in fields(Binding)}
    unknown = set(entry) - set(kinds) - {"count", "stride"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    given: dict[str, Any] = {}
    for name, value in entry.items():
        if name in ("count", "stride"):
            continue
        wanted = _KINDS[kinds[name]]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted in (int, (int, float))):
            raise ValueError(f"{name} is {value!r}, which is of the wrong kind")
        given[name] = value
    if kind_of(str(given.get("control", ""))) in STANDING:
        given.setdefault("takeover", "jump")
    count, stride = entry.get("count", 1), entry.get("stride", 1)
    if not isinstance(count, int) or not isinstance(stride, int) or not 1 <= count <= 128:
        raise ValueError("count is a whole number from 1 to 128")
    return [_nth(given, n, n * stride) for n in range(count)]


def _nth(given: dict[str, Any], n: int, on: int) -> Binding:
    """The n-th of a row of controls: its number is higher by `on`, and `{n}` in texts counts from 1."""
    texts = {key: value.replace("{n}", str(n + 1)) for key, value in given.items() if isinstance(value, str)}
    row = {**given, **texts}
    if on:
        for key in ("control", "feedback"):
            if "/" in row.get(key, "same"):
                row[key] = nth_control(row[key], on)
    return Binding(**row)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file. Raises PresetError for one that cannot be read, is too large, or is no TOML."""
    try:
        text = path.read_text("utf-8")
        if len(text) > 1 << 20:
            raise PresetError(f"{path}: larger than a map can be")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PresetError(f"{path}: not a readable map ({error})") from None


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ValueError(f"{name} is a list of texts")
    return tuple(found)


def _messages(data: Mapping[str, Any], name: str) -> tuple[tuple[int, ...], ...]:
    """Messages written in hexadecimal: `F0 00 20 29 02 0D 0E 01 F7`."""
    return tuple(tuple(bytes.fromhex(text)) for text in _texts(data, name))


def write_map(path: Path, bindings: Iterable[Binding], of: str = "MIDI devices") -> None:
    """Write a map file, whole or not at all. Raises PresetError."""
    lines = [f"# What the controls of {of} do; `perform` writes this file when something is learnt.", ""]
    plain = Binding("cc/1/0", "x")
    for binding in bindings:
        lines.append("[[control]]")
        for field in fields(Binding):
            value = getattr(binding, field.name)
            if field.name in ("control", "target") or value != getattr(plain, field.name):
                lines.append(f"{field.name} = {_toml(value)}")
        lines.append("")
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("\n".join(lines), "utf-8")
        beside.replace(path)
    except OSError as error:
        raise PresetError(f"{path}: the map cannot be written ({error})") from None


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        quoted = "".join(c if c >= " " and c not in '"\\\x7f' else f"\\u{ord(c):04x}" for c in value)
        return f'"{quoted}"'
    return repr(value)


def with_device(binding: Binding, device: str) -> Binding:
    """The binding, for this device only."""
    return replace(binding, device=device)
