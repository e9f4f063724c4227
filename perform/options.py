"""What a show is asked for: the options of `perform play` and `perform render`, and the room's venue file."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from perform.control.sensors import read_ranges
from perform.core.beat_choice import MODES
from perform.core.contracts import AudioInput
from perform.core.errors import PresetError, UsageError
from perform.core.preset import Preset
from perform.core.schedule import Entry, read_schedule
from perform.core.visitor import VisitorPage, read_visitor
from perform.deck_source import SourcePlan
from perform.lights_room import NO_LIGHTS, LightsRoom, read_lights
from perform.osc_targets import check_also, parse_out, parse_target
from perform.room import NO_ROOM, Room, read_room

DEFAULT_PRESET = "first_light"
SIZE_LIMIT = 8192
DELAYS = ("display_delay_s", "capture_delay_s", "playback_delay_s", "loop_delay_s")
"""Of the room, as `perform calibrate` finds them: screen, into the computer, out of it, out and in again."""
NUMBERS = ("midi_clock_offset_s", "osc_out_rate_hz", "osc_ahead_s", "tempo_bpm")
RANGES = {
    "midi_clock_offset_s": (-0.2, 0.2), "osc_out_rate_hz": (1.0, 240.0), "tempo_bpm": (30.0, 240.0),
    "beats_per_bar": (1, 16), "web": (-1, 65535), "oscquery": (-1, 65535), "osc_tcp": (-1, 65535),
    "osc_ahead_s": (0.0, 60.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """What only Python can hand in: an input in place of `audio`, a look in place of the preset's name, sources that
    are code, by their text."""

    sound: AudioInput | None = None
    look: Preset | None = None
    own: Mapping[str, Callable[[], SourcePlan]] = field(default_factory=dict)


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class Options:
    """One show. None: not said, so the venue or the default decides."""

    audio: str | None = None
    channels: str | None = None
    preset: str | None = None
    set_name: str | None = None
    source: str | None = None
    size: tuple[int, int] | None = None
    display: str = "auto"
    monitor: int | None = None
    fullscreen: bool = False
    seconds: float | None = None
    record: Path | None = None
    osc_port: int | None = None
    osc_host: str | None = None
    osc_send: tuple[str, ...] = ()
    osc_allow: tuple[str, ...] = ()
    osc_tcp: int | None = None
    osc_also: Mapping[str, str] | None = None
    osc_ahead_s: float = 5.0
    device: str = "auto"
    fps: float | None = None
    start_s: float = 0.0
    seed: int | None = None
    trim_db: float = 0.0
    display_delay_s: float = 0.0
    capture_delay_s: float | None = None
    playback_delay_s: float | None = None
    loop_delay_s: float | None = None
    frames: Path | None = None
    room: Room = NO_ROOM
    schedule: tuple[Entry, ...] = ()
    visitor: VisitorPage | None = None
    midi: str | None = None
    midi_clock_out: str | None = None
    midi_clock_offset_s: float = 0.0
    midi_map: str | None = None
    midi_panic: bool = True
    link: bool | None = None
    link_start_stop: bool = False
    osc_out: tuple[str, ...] = ()
    osc_out_rate_hz: float = 30.0
    tempo_source: str | None = None
    tempo_bpm: float | None = None
    beats_per_bar: int | None = None
    web: int | None = None
    lan: bool | None = None
    keys: str | None = None
    lights: LightsRoom = NO_LIGHTS
    oscquery: int | None = None
    oscquery_lan: bool | None = None
    oscquery_allow: tuple[str, ...] = ()
    resume: bool = False
    autosave: bool = False
    given: Given = NOTHING_GIVEN
    camera_signals: str | None = None
    sensor_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


_VENUE = {
    "audio": {
        "device": "audio",
        "channels": "channels",
        "trim_db": "trim_db",
        "loop_delay_s": "loop_delay_s",
        "capture_delay_s": "capture_delay_s",
        "playback_delay_s": "playback_delay_s",
    },
    "display": {
        "size": "size",
        "monitor": "monitor",
        "fullscreen": "fullscreen",
        "fps": "fps",
        "delay_s": "display_delay_s",
    },
    "osc": {
        "port": "osc_port",
        "host": "osc_host",
        "allow": "osc_allow",
        "also": "osc_also",
        "ahead_s": "osc_ahead_s",
        "tcp": "osc_tcp",
        "send": "osc_send",
        "out": "osc_out",
        "out_rate_hz": "osc_out_rate_hz",
    },
    "midi": {
        "devices": "midi",
        "clock_out": "midi_clock_out",
        "clock_offset_s": "midi_clock_offset_s",
        "map": "midi_map",
        "panic": "midi_panic",
    },
    "link": {"enabled": "link", "start_stop": "link_start_stop"},
    "web": {"port": "web", "lan": "lan"},
    "oscquery": {"port": "oscquery", "lan": "oscquery_lan", "allow": "oscquery_allow"},
    "tempo": {"source": "tempo_source", "bpm": "tempo_bpm", "beats_per_bar": "beats_per_bar"},
    "hands": {"map": "keys"},
    "camera": {"signals": "camera_signals"},
    "show": {"preset": "preset", "set": "set_name"},
}


def parse_size(text: str) -> tuple[int, int]:
    """`1280x720` as (1280, 720)."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise UsageError(f"size {text!r}: say it as WIDTHxHEIGHT, like 1280x720") from None
    if not (16 <= width <= SIZE_LIMIT and 16 <= height <= SIZE_LIMIT):
        raise UsageError(f"size {text!r}: both sides must be between 16 and {SIZE_LIMIT}")
    return width, height


def find_venue(given: Path | None) -> Path | None:
    """The venue file: the one given, else `venue.toml` here, else in the user's config folder."""
    if given is not None:
        return given
    from platformdirs import user_config_path

    for path in (Path("venue.toml"), user_config_path("perform") / "venue.toml"):
        if path.is_file():
            return path
    return None


def with_venue(options: Options, path: Path | None) -> tuple[Options, list[str]]:
    """Options filled up from a venue file, and a line for each thing in it that was skipped.

    What the command line says wins. Raises PresetError when the file cannot be read.
    """
    if path is None:
        return options, []
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PresetError(f"{path}: not a readable venue file ({error})") from None
    untouched = {f.name: f.default for f in fields(Options)}
    found: dict[str, Any] = {}
    problems: list[str] = []
    for section, body in data.items():
        if section == "version":
            continue
        reader = _READERS.get(section)
        if reader is not None and (isinstance(body, dict) or section in ("schedule", "visitor")):
            name, read = reader
            found[name], lines = read(body, options)
            problems += [f"{path}: {line}" for line in lines]
            continue
        known = _VENUE.get(section)
        if known is None or not isinstance(body, dict):
            problems.append(f"{path}: unknown section [{section}] is skipped")
            continue
        for key, value in body.items():
            name = known.get(key)
            if name is None:
                problems.append(f"{path}: unknown key {section}.{key} is skipped")
            elif getattr(options, name) == untouched[name]:
                found[name] = _fitted(path, section, key, name, value)
    return replace(options, **found), problems


def _room(body: Any, options: Options) -> tuple[Room, list[str]]:
    room, lines = read_room(body)
    return options.room.over(room), lines


_TEXTS: Mapping[str, Callable[[str], object]] = {"osc_send": parse_target, "osc_out": parse_out}
_READERS: dict[str, tuple[str, Callable[[Any, Options], tuple[Any, list[str]]]]] = {
    "out": ("room", _room),
    "schedule": ("schedule", lambda body, _: read_schedule(body)),
    "visitor": ("visitor", lambda body, _: read_visitor(body)),
    "lights": ("lights", lambda body, options: read_lights(body, options.lights)),
    "sensors": ("sensor_ranges", lambda body, _: read_ranges(body)),
}
"""Sections with a reader of their own: which option they fill, and how."""


def _fitted(path: Path, section: str, key: str, name: str, value: Any) -> Any:
    where = f"{path}: {section}.{key}"
    if name == "size":
        return parse_size(str(value))
    if name in _TEXTS:
        return _texts(where, value, _TEXTS[name])
    if name == "audio":
        plain = str(value)
        return plain if plain in ("synth", "mic", "silence") or ":" in plain else f"device:{plain}"
    kinds: dict[str, type | tuple[type, ...]] = {
        "monitor": int, "osc_port": int, "osc_tcp": int, "fullscreen": bool,
        "fps": (int, float), "trim_db": (int, float),
        **dict.fromkeys((*DELAYS, *NUMBERS), (int, float)),
        "web": int, "lan": bool, "oscquery": int, "oscquery_lan": bool, "link": bool, "midi_panic": bool,
        "link_start_stop": bool, "beats_per_bar": int,
    }  # fmt: skip
    if name == "osc_also":
        return check_also(value)
    if name in ("osc_allow", "oscquery_allow"):
        return _addresses(where, value)
    wanted = kinds.get(name, str)
    if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
        raise PresetError(f"{where} is {value!r}, which is of the wrong kind")
    if name in RANGES and not RANGES[name][0] <= value <= RANGES[name][1]:
        raise PresetError(f"{where} is {value!r}; it should be between {RANGES[name][0]:g} and {RANGES[name][1]:g}")
    if name == "tempo_source" and value not in MODES:
        raise PresetError(f"{where} is {value!r}; use one of {', '.join(MODES)}")
    if name in DELAYS and (isinstance(value, bool) or not -1.0 <= value <= 1.0):
        raise PresetError(f"{where} is {value!r}; a delay is a number of seconds between -1 and 1")
    return value


def _addresses(where: str, value: Any) -> tuple[str, ...]:
    """Addresses and networks that may come in."""
    texts = [value] if isinstance(value, str) else value
    try:
        if not isinstance(texts, list) or len(texts) > 64:
            raise ValueError("it is no list")
        return tuple(str(ipaddress.ip_network(text, strict=False)) for text in texts)
    except (ValueError, TypeError) as error:
        raise PresetError(f'{where} is {value!r} ({error}); say it as "192.168.1.0/24", or a list of such') from None


def _texts(where: str, value: Any, check: Callable[[str], object]) -> tuple[str, ...]:
    """A text, or a list of them, each checked."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts) or len(texts) > 32:
        raise PresetError(f'{where} is {value!r}; say it as "127.0.0.1:9001", or a list of such')
    for text in texts:
        check(text)
    return tuple(texts)
