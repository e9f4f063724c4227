"""Safetensors files, looked at before they are believed: header, names, shapes, sizes, then every number."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from perform.core.errors import ModelError

HEADER_LIMIT = 10 << 20  # bytes; a header is a few kB, more is an attack or a wreck
ENTRY_LIMIT = 20_000
DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes per number


def check_header(path: Path, expected: dict[str, tuple[int, ...]]) -> None:
    """Compare the file's header with the shapes the architecture needs, reading nothing else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0] if size >= 8 else 0
        if not 2 <= length <= min(HEADER_LIMIT, size - 8):
            raise ModelError(f"{path}: not a whole safetensors file; fetch or export the model again")
        try:
            header = json.loads(file.read(length))
            entries = {k: v for k, v in header.items() if k != "__metadata__"}
            found = {k: (str(v["dtype"]), tuple(map(int, v["shape"]))) for k, v in entries.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ModelError(f"{path}: its safetensors header cannot be read; export the model again") from None
    if len(found) > ENTRY_LIMIT:
        raise ModelError(f"{path}: {len(found)} tensors, more than {ENTRY_LIMIT}; this is no generator")
    for name in sorted(set(expected) ^ set(found)):
        word = "lacks" if name in expected else "holds a tensor that the card's architecture does not have:"
        raise ModelError(f"{path}: {word} {name}; card and weights do not belong together")
    total = 0
    for name, (dtype, shape) in found.items():
        if dtype not in DTYPES or shape != expected[name]:
            raise ModelError(f"{path}: {name} is {dtype} {list(shape)}, the card needs {list(expected[name])} floats")
        total += DTYPES[dtype] * int(np.prod(shape, dtype=np.int64))
    if 8 + length + total != size:
        raise ModelError(f"{path}: {size} bytes long, {8 + length + total} expected; fetch the model again")


def read_weights(path: Path, expected: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tensors as float32, every one of them finite and of the expected shape."""
    try:
        state = {k: v.float() for k, v in load_file(path).items()}
    except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
        raise ModelError(f"{path}: cannot be read ({str(error).splitlines()[0][:120]})") from None
    for name, value in state.items():
        if not torch.isfinite(value).all():
            raise ModelError(f"{path}: {name} holds NaN or infinity; the model is broken, export it again")
    return {name: state[name] for name in expected}
