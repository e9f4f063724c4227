"""Writing into the room's venue file: values change, everything else (comments, order, blank lines) stays as it was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from perform.core.errors import PresetError
from perform.core.types import Value


def write_venue(path: Path, changes: Mapping[str, Mapping[str, Value]]) -> None:
    """Set values by section and key; a file or section that is not there is made. Whole or not at all.

    Raises PresetError for a file that cannot be read or written, leaving it untouched.
    """
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        for section, values in changes.items():
            if section not in document:
                if text.strip() or len(document):
                    document.add(tomlkit.nl())
                document.add(section, tomlkit.table())
            table = document[section]
            if not isinstance(table, Table):
                raise PresetError(f"{path}: {section} is no section; write it as [{section}]")
            for key, value in values.items():
                table[key] = value
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(tomlkit.dumps(document), "utf-8")
        os.replace(fresh, path)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise PresetError(f"{path}: the venue file cannot be written ({' '.join(str(error).split())})") from None
