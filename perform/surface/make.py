"""A look's touch surface as a file."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from perform.core.errors import UsageError
from perform.core.preset import read_preset
from perform.surface import open_stage_control, touchosc
from perform.surface.pages import GRIDS, sections_of
from perform.whole_file import write_whole

PROGRAMS: dict[str, ModuleType] = {"touchosc": touchosc, "open-stage-control": open_stage_control}
"""Name -> module with SUFFIX and `write(sections, title, device, grid) -> bytes`."""


def place_of(out: Path, program: str, preset: str) -> Path:
    """Where the file goes: into a folder by the preset's name, else where it says. Raises UsageError."""
    suffix = PROGRAMS[program].SUFFIX
    if out.is_dir():
        return out / f"perform_{preset}{suffix}"
    if out.suffix != suffix:
        raise UsageError(
            f"{out}: a file for {program} ends in {suffix}; say {out.with_suffix(suffix).name}, or a folder"
        )
    return out


def make(program: str, preset: Path, out: Path, device: str, over: bool) -> str:
    """Write the file; returns a line that says what is in it. over: a file that is there is replaced.

    Raises UsageError for a place that will not do, PerformError for a preset that names what is not there.
    """
    from perform.listing import preset_rows

    look = read_preset(preset)
    if not look.decks:
        raise UsageError(f"{look.name} has no deck; a set is no look: take one of the presets in it")
    target = place_of(out, program, look.name)
    if target.exists() and not over:
        raise UsageError(f"{target} is there already, perhaps with changes of yours; --force writes over it")
    grid = GRIDS[device]
    sections = sections_of(look, preset_rows(look), grid)
    data = PROGRAMS[program].write(sections, look.title or look.name, device, grid)
    try:
        write_whole(target, data)
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror or error})") from None
    told = ", ".join(f"{s.title} {s.controls}" for s in sections)
    return f"{target}: {sum(s.controls for s in sections)} controls ({told})"
