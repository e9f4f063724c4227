"""Starts the process that reads a foreign checkpoint (`reader/child.py`), and takes what it says as plain data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

READER = Path(__file__).parents[1] / "reader"
START = """
import importlib.util, sys
place = sys.argv[1]
spec = importlib.util.spec_from_file_location("reader", place + "/__init__.py", submodule_search_locations=[place])
sys.modules["reader"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from reader.child import main
main(sys.argv[2:])
"""
LARGEST = 16 << 30  # bytes of a checkpoint
MEMORY = 512 << 20  # bytes beside three times the file
SECONDS, BYTES_A_SECOND = 60, 20 << 20  # of CPU: so many, and one for so many bytes
PATIENCE = 4.0  # times as long on the clock, on a machine that does other things, too
KINDS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
         "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Foreign:
    """A generator taken apart. form: pickle, torch, safetensors. kind: modules, state, tensorflow. part: where in the
    file it lay. modules: [{path, class, kwargs, values}]. settings: of tensorflow. tensors: by name, float32."""

    path: Path
    form: str
    kind: str
    part: str
    modules: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


def read_foreign(path: str | Path) -> Foreign:
    """Read a checkpoint without running anything in it. Raises ModelError, one line, for whatever is wrong with it."""
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    if not path.is_file():
        raise ModelError(f"{path}: is no file; give a checkpoint (.pkl, .pt, .pth or .safetensors)")
    if size > LARGEST:
        raise ModelError(f"{path}: has more than {LARGEST >> 30} GiB; that is no generator")
    with tempfile.TemporaryDirectory(prefix="perform-") as folder:
        numbers = Path(folder) / "numbers"
        said = _said(path, size, numbers)
        return Foreign(path, str(said["form"]), str(said["kind"]), str(said["part"]), tuple(said["modules"]),
                       said["settings"], _tensors(path, said["tensors"], numbers))  # fmt: skip


def _said(path: Path, size: int, numbers: Path) -> dict[str, Any]:
    """What the reading process says. Raises ModelError."""
    seconds = SECONDS + size // BYTES_A_SECOND
    limits = [str(n) for n in (3 * size + MEMORY, seconds, 2 * size + (1 << 20))]
    command = [sys.executable, "-I", "-S", "-c", START, str(READER), str(path.resolve()), str(numbers), *limits]
    environment = {k: v for k, v in os.environ.items() if k.upper() in ("SYSTEMROOT", "PATH", "LD_LIBRARY_PATH")}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd=numbers.parent, check=False,
                              env=environment, timeout=seconds * PATIENCE)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path}: reading it took more than {seconds * PATIENCE:.0f} s; that is no generator"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: no process could be started to read it ({error.strerror})") from None
    said: Any = None
    with suppress(ValueError, IndexError, RecursionError):
        said = json.loads(done.stdout.splitlines()[0])
    if isinstance(said, dict) and isinstance(said.get("refused"), str):
        raise ModelError(f"{path}: {said['refused'][:400]}")
    if done.returncode != 0 or not isinstance(said, dict) or "tensors" not in said:
        why = "tried what no reading needs" if done.returncode == 77 else "ran out of its memory or time"
        raise ModelError(f"{path}: the process that read it {why} and was ended; that is no generator")
    return said


def _tensors(path: Path, listed: Any, numbers: Path) -> dict[str, Tensor]:
    """The tensors as float32, in memory of their own. Bounds were checked by the reader, and are once more."""
    found: dict[str, Tensor] = {}
    data = numbers.read_bytes()
    for one in listed:
        kind, shape, strides = KINDS.get(one["kind"]), tuple(one["shape"]), tuple(one["strides"])
        piece = memoryview(data)[one["begin"] : one["end"]]
        if kind is None:
            raise ModelError(f"{path}: {one['name']} holds numbers of a kind ({one['kind']}) that torch lacks")
        if 0 in shape:
            found[one["name"]] = torch.zeros(shape)
            continue
        reach = 1 + sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
        flat = torch.frombuffer(bytearray(piece), dtype=kind)
        if reach > len(flat):
            raise ModelError(f"{path}: {one['name']} is cut short")
        found[one["name"]] = flat.as_strided(shape, strides).float().contiguous()
    return found
