"""The process that reads: limits itself, opens its two files, closes every door, then looks at what it was given.

Run by `foreign.py` with nothing but the standard library: python -I -S, this package loaded by its path. It writes the
tensors' bytes one after the other into a file, and on its standard output one line of JSON that says what they are.
"""

from __future__ import annotations

import codecs
import json
import mmap
import os
import sys
import zipfile
from typing import Any, BinaryIO

from .files import open_file
from .find import Found, find
from .records import RefusedError

QUIET = frozenset({"object.__getattr__", "object.__setattr__", "object.__delattr__", "sys._getframe", "builtins.id"})
"""What Python may report of itself while reading; anything else (a file, a socket, a program, an import, code that is
to be run) ends the process."""
CODECS = ("utf-8", "latin-1", "ascii", "raw_unicode_escape", "unicode_escape", "cp437")
BREACHED = 77


def main(arguments: list[str]) -> int:
    """arguments: file to read, file to write, bytes of memory, seconds of CPU, bytes that may be written."""
    source, target = arguments[:2]
    memory, seconds, writes = (int(number) for number in arguments[2:5])
    said: dict[str, Any]
    try:
        with open(source, "rb") as file, open(target, "wb") as out:
            size = os.fstat(file.fileno()).st_size
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
            lock(memory, seconds, writes)
            said = describe(file, data, out, writes)
            out.flush()
            _say(said)
            os._exit(0)  # nothing is taken apart again: a deep nest would take long
    except RefusedError as why:
        said = {"refused": str(why)}
    except MemoryError:
        said = {"refused": f"needs more than {memory >> 20} MiB of memory to read; that is no generator"}
    except RecursionError:
        said = {"refused": "is nested too deep; that is no generator"}
    except OSError as error:
        said = {"refused": f"cannot be read ({error.strerror})"}
    _say(said)
    os._exit(0)


def _say(said: dict[str, Any]) -> None:
    os.write(1, json.dumps(said).encode() + b"\n") if len(said) == 1 else sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def describe(file: BinaryIO, data: memoryview, out: BinaryIO, writes: int) -> dict[str, Any]:
    """Read, find, write the numbers; what there is, as plain data."""
    opened = open_file(file, data)
    found: Found = find(opened)
    tensors, at = [], 0
    for name, block in found.tensors.items():
        end = at + len(block.data)
        if end > writes:
            raise RefusedError("holds the same numbers many times over; that is no generator")
        out.write(block.data)
        tensors.append({"name": name, "kind": block.kind, "shape": block.shape, "strides": block.strides,
                        "begin": at, "end": end})  # fmt: skip
        at = end
    return {"form": opened.form, "kind": found.kind, "part": found.part, "modules": found.modules,
            "settings": found.settings, "tensors": tensors}  # fmt: skip


def lock(memory: int, seconds: int, writes: int) -> None:
    """From here on: so much memory and time, no new file, socket or process, no import, no code."""
    for name in CODECS:
        codecs.lookup(name)
    zipfile.ZipInfo("warm")
    json.dumps({"warm": [1.5, None]})
    try:
        import resource
    except ImportError:  # Windows: the parent's patience and the hook below remain
        pass
    else:

        def limit(what: int, count: int) -> None:
            hard = resource.getrlimit(what)[1]
            count = count if hard == resource.RLIM_INFINITY else min(count, hard)
            resource.setrlimit(what, (count, count))

        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_CPU, seconds)
        limit(resource.RLIMIT_FSIZE, writes + (1 << 20))
        limit(resource.RLIMIT_NOFILE, 0)
        for what, count in (("RLIMIT_NPROC", 0), ("RLIMIT_AS", memory)):
            if hasattr(resource, what):
                try:
                    limit(getattr(resource, what), count)
                except (ValueError, OSError):  # macOS knows the first and not always the second
                    continue
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event not in QUIET:
        os._exit(BREACHED)
