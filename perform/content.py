"""Where models, presets and shaders lie, and how a name finds one.

The search path: the folder you stand in, the user's data folder, then what ships with perform (the checkout, or
`perform/content` inside a wheel). The nearer wins by name. Names that come from files or the network are only ever
names: nothing with a separator in it reaches the disk, except a shader file that the person at the keyboard gives.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs

from perform.core.card import FILE as CARD_FILE
from perform.core.errors import ModelError, PerformError, PresetError, ShaderError
from perform.shader_places import SUFFIXES as SHADER_SUFFIXES
from perform.shader_places import collected, installed_folders, kind_of, shader_name

SHADER_KINDS = ("generators", "effects", "transitions")
LATENT_FILE = "latent.toml"  # the card of a saved latent
MAX_NAME = 200
HAND_MAPS = ("keyboard", "gamepad", "lights")
"""Files in `controllers/` that are no MIDI device's."""
_PACKAGE = Path(__file__).resolve().parent


def shipped() -> Path:
    """The folder that holds what ships: `perform/content` in a wheel, else the checkout's root."""
    packed = _PACKAGE / "content"
    return packed if packed.is_dir() else _PACKAGE.parent


def search_path() -> tuple[Path, ...]:
    """Folders that may hold `models/`, `latents/`, `presets/` and `shaders/`, the nearest first, none twice."""
    folders = (Path.cwd(), platformdirs.user_data_path("perform", appauthor=False), shipped())
    return tuple(dict.fromkeys(folder.resolve() for folder in folders))


def find_model(name: str) -> Path:
    """The folder of a model. Raises ModelError, naming models that are spelt alike."""
    return _find(name, _models(), "model", ModelError)


def find_latent(name: str) -> Path:
    """The folder of a saved latent. Raises ModelError, naming latents that are spelt alike."""
    return _find(name, _latents(), "latent", ModelError)


def find_preset(name: str) -> Path:
    """The file of a preset, by its own name or as it was said when the preset was kept; sets (ordered cues) are
    `sets/NAME`. Raises PresetError."""
    known = _presets()
    return _find(
        name if name in known or plain_name(name) not in known else plain_name(name), known, "preset", PresetError
    )


def plain_name(said: str) -> str:
    """`Späte Nacht, 2` as `spate_nacht_2`: a name that is the same on every disk; "" where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", said[:MAX_NAME]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def find_set(name: str) -> Path:
    """The file of a set. Raises PresetError, naming sets that are spelt alike."""
    return _find(name, {path.stem: path for path in list_sets()}, "set", PresetError)


def find_shader(name: str, kind: str | None = None, *, trusted: bool = False) -> Path:
    """The file of a shader.

    kind: generators, effects or transitions; None looks in all. trusted: `name` was typed by the person who runs
    perform, so that it may also be the path of an existing file. Raises ShaderError.
    """
    if trusted and name.endswith(SHADER_SUFFIXES) and Path(name).is_file():
        return Path(name).resolve()
    bare = name.rpartition(".")[0] if name.endswith(SHADER_SUFFIXES) else name
    known = _sorted_shaders(kind)
    if bare not in known:  # only now are unsorted files looked into
        known = shaders(kind)
        asked = shader_name(Path(f"{bare[:MAX_NAME]}.fs"))
        bare = asked if bare not in known and asked in known else bare
    return _find(bare, known, f"{kind[:-1]} shader" if kind else "shader", ShaderError)


def list_models() -> list[Path]:
    """Model folders by name; a nearer one hides one of the same name."""
    return [path for _, path in sorted(_models().items())]


def list_presets() -> list[Path]:
    """Preset files by name, without the sets."""
    return [path for name, path in sorted(_presets().items()) if "/" not in name]


def list_sets() -> list[Path]:
    """Set files by name; a nearer one hides one of the same name."""
    return [path for name, path in sorted(_presets().items()) if name.startswith("sets/")]


def list_shaders(kind: str | None = None) -> list[Path]:
    """Shader files by name; of one kind, or generators, effects and transitions in this order."""
    kinds = (kind,) if kind else SHADER_KINDS
    return [path for one in kinds for _, path in sorted(shaders(one).items())]


def shaders(kind: str | None = None) -> dict[str, Path]:
    """name -> file of every shader, of one kind or of all."""
    sorted_ones = _sorted_shaders(kind)
    taken = sorted_ones if kind is None else _sorted_shaders(None)
    roots = [root / "shaders" for root in search_path()]
    loose = collected(roots, SHADER_KINDS, taken)
    return sorted_ones | {name: path for name, path in loose.items() if (kind or kind_of(path)) == kind_of(path) != ""}


def shader_folders() -> list[Path]:
    """Every folder in which shaders may lie, as far as it is there."""
    return [f for f in (*(root / "shaders" for root in search_path()), *installed_folders()) if f.is_dir()]


def list_controllers() -> list[Path]:
    """Profiles of MIDI controllers by name; a nearer one hides one of the same name."""
    found = _by_name(lambda root: (root / "controllers").glob("*.toml"), lambda p: p.stem)
    return [path for name, path in sorted(found.items()) if name not in HAND_MAPS]


def hand_maps(name: str) -> list[Path]:
    """The maps `controllers/NAME.toml` of keys, pads or lights, the nearest first: each lies over the next."""
    return [path for root in search_path() if (path := root / "controllers" / f"{name}.toml").is_file()]


def hand_map_file() -> Path:
    """What keys, pads, lights and sensors were taught: `hand_map.toml`, as with `midi_map_file`."""
    return _own_file("hand_map.toml")


def find_preset_midi(name: str) -> Path | None:
    """The MIDI map that belongs to a preset, `presets/midi/NAME.toml`; None where there is none."""
    return _by_name(lambda root: (root / "presets" / "midi").glob("*.toml"), lambda p: p.stem).get(name)


def midi_map_file() -> Path:
    """The user's own MIDI map: `midi_map.toml` where one is, the nearest; else where it will be written."""
    return _own_file("midi_map.toml")


def _own_file(name: str) -> Path:
    for root in search_path()[:2]:
        if (root / name).is_file():
            return root / name
    return platformdirs.user_data_path("perform", appauthor=False) / name


def _models() -> dict[str, Path]:
    return _by_name(lambda root: (p.parent for p in (root / "models").glob(f"*/{CARD_FILE}")), lambda p: p.name)


def _latents() -> dict[str, Path]:
    return _by_name(lambda root: (p.parent for p in (root / "latents").glob(f"*/{LATENT_FILE}")), lambda p: p.name)


def _presets() -> dict[str, Path]:
    found = _by_name(lambda root: (root / "presets").glob("*.toml"), lambda p: p.stem)
    sets = _by_name(lambda root: (root / "presets" / "sets").glob("*.toml"), lambda p: f"sets/{p.stem}")
    return found | sets


def _sorted_shaders(kind: str | None) -> dict[str, Path]:
    """Those in the folders of the three kinds."""
    if kind is not None and kind not in SHADER_KINDS:
        raise ShaderError(f"no kind of shader {kind!r}; there are {', '.join(SHADER_KINDS)}")
    kinds = (kind,) if kind else SHADER_KINDS
    globs = [(one, f"*{suffix}") for one in kinds for suffix in SHADER_SUFFIXES]
    return _by_name(lambda root: (p for one, glob in globs for p in (root / "shaders" / one).glob(glob)), shader_name)


def _by_name(listed: Callable[[Path], Iterator[Path]], name_of: Callable[[Path], str]) -> dict[str, Path]:
    """name -> path over the whole search path, the nearer first. A folder that cannot be read holds nothing."""
    found: dict[str, Path] = {}
    for root in search_path():
        try:
            paths = sorted(listed(root))
        except OSError:
            continue
        for path in paths:
            found.setdefault(name_of(path), path)
    return found


def _find(name: str, known: dict[str, Path], what: str, error: type[PerformError]) -> Path:
    """Look a name up among those that are there; the name itself never becomes a path."""
    if name in known:
        return known[name]
    shown = name if len(name) <= 60 else name[:60] + "…"
    near = difflib.get_close_matches(name[:200], known, n=3, cutoff=0.5)
    if near:
        raise error(f"no {what} {shown!r}; did you mean {' or '.join(near)}?")
    raise error(f"no {what} {shown!r}; there are: {', '.join(sorted(known)[:20]) or 'none'}")
