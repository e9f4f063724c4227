"""From records to blocks of numbers: torch's tensors and storages, numpy's arrays and scalars. Bounds are checked here;
no number is copied."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from .machine import Machine
from .records import Made, Name, Persistent, RefusedError, printable

SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
         "U16": 2, "U32": 4, "U64": 8}  # fmt: skip
"""Kinds of number, named as safetensors does, and their bytes."""

STORAGES = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL", "UntypedStorage": "U8",
}  # fmt: skip
NUMPY = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u8": "U64",
         "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL"}  # fmt: skip
FORMS = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U64": "Q", "U32": "I",
         "U16": "H", "U8": "B", "BOOL": "?"}  # fmt: skip
TORCH_MAGIC = 0x1950A86A20F9469CFC6C
MOST_AXES = 8
REBUILDS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3")
PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
ARRAYS = tuple(f"numpy.{m}.multiarray._reconstruct" for m in ("core", "_core"))
BUFFERS = tuple(f"numpy.{m}.numeric._frombuffer" for m in ("core", "_core"))
SCALARS = tuple(f"numpy.{m}.multiarray.scalar" for m in ("core", "_core"))
DILLED = "dill._dill._create_array"
TENSOR_NAMES = frozenset({*REBUILDS, *PARAMETERS})
ARRAY_NAMES = frozenset({*ARRAYS, *BUFFERS, DILLED})


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers of one kind in a row."""

    kind: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class Block:
    """A tensor: numbers of one kind, their shape, and how far apart (in numbers) neighbours along each axis lie in
    `data`, which holds no more than the tensor reaches over."""

    kind: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    data: memoryview


class Storages:
    """Where a file's storages lie: those beside the pickle by their key, those inside it by their record."""

    def __init__(self) -> None:
        self.beside: dict[str, Storage] = {}
        self._inside: dict[int, tuple[Any, Storage]] = {}

    def find(self, record: Any) -> Storage:
        """The storage of a record. Raises RefusedError."""
        if isinstance(record, Persistent):
            return self._kept_beside(record.id)
        if not isinstance(record, Made) or record.name != "torch.storage._load_from_bytes":
            raise RefusedError(f"holds a tensor whose numbers are {called(record)}")
        if id(record) not in self._inside:
            self._inside[id(record)] = (record, inner_storage(raw(only(record.args))))
        return self._inside[id(record)][1]

    def _kept_beside(self, id_: Any) -> Storage:
        if isinstance(id_, tuple) and len(id_) >= 5 and id_[0] == "storage" and isinstance(id_[2], str):
            found = self.beside.get(id_[2])
            kind = storage_kind(id_[1])
            if found is not None:
                view = id_[5] if len(id_) > 5 else None
                return _viewed(Storage(kind, found.data), view)
        raise RefusedError("holds a tensor whose numbers are missing from the file; fetch it again")


def _viewed(storage: Storage, view: Any) -> Storage:
    """A part of a storage, as files of early torch have it: (key, offset, count)."""
    if view is None:
        return storage
    if not (isinstance(view, tuple) and len(view) == 3 and all(type(n) is int and n >= 0 for n in view[1:])):
        raise RefusedError("holds a view of numbers that makes no sense")
    size = SIZES[storage.kind]
    if (view[1] + view[2]) * size > len(storage.data):
        raise RefusedError("holds a view beyond the end of its numbers")
    return Storage(storage.kind, storage.data[view[1] * size : (view[1] + view[2]) * size])


def storage_kind(name: Any) -> str:
    """`torch.FloatStorage` and its like as a kind of number."""
    known = isinstance(name, Name) and name.module in ("torch", "torch.storage", "torch.cuda")
    kind = STORAGES.get(name.name) if known else None
    if kind is None:
        raise RefusedError(f"holds numbers of an unknown kind ({called(name)})")
    return kind


def inner_storage(data: memoryview) -> Storage:
    """A storage that torch wrote as a little file of its own inside the pickle."""
    record, beside = read_legacy(data)
    if not isinstance(record, Persistent):
        raise RefusedError(f"holds {called(record)} where a tensor's numbers should be")
    found = Storages()
    found.beside = beside
    return found.find(record)


def read_legacy(data: memoryview) -> tuple[Any, dict[str, Storage]]:
    """A file of torch before 1.6: five pickles, then the storages. Gives the record and the storages by key."""
    at = 0
    records = []
    for _ in range(5):
        machine = Machine(data, at)
        records.append(machine.run())
        at = machine.end
    magic, version, system, whole, keys = records
    if magic != TORCH_MAGIC or version != 1001:
        raise RefusedError("is a file of torch in a form that is not known")
    little = [v for k, v in getattr(system, "pairs", []) if k == "little_endian"]
    if little and little[0] is not True:
        raise RefusedError("was written on a machine that keeps its numbers the other way round")
    kinds = _storage_kinds(whole)
    found: dict[str, Storage] = {}
    for key in keys if isinstance(keys, list) else []:
        if not isinstance(key, str) or key not in kinds or len(data) - at < 8:
            raise RefusedError("is cut short or broken among its numbers; fetch it again")
        count = struct.unpack("<q", data[at : at + 8])[0]
        at += 8
        length = count * SIZES[kinds[key]]
        if not 0 <= length <= len(data) - at:
            raise RefusedError("is cut short among its numbers; fetch it again")
        found[key] = Storage(kinds[key], data[at : at + length])
        at += length
    return whole, found


def _storage_kinds(whole: Any) -> dict[str, str]:
    """Key -> kind of every storage that a record speaks of. Each record is looked at once."""
    kinds: dict[str, str] = {}
    seen: set[int] = set()
    waiting = [whole]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Persistent):
            id_ = one.id
            if isinstance(id_, tuple) and len(id_) >= 5 and isinstance(id_[2], str):
                kinds[id_[2]] = storage_kind(id_[1])
            continue
        if isinstance(one, str | bytes | memoryview | int | float | None | Name) or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += children(one)
    return kinds


def children(record: Any) -> list[Any]:
    """Everything that a record holds."""
    if isinstance(record, tuple | list):
        return list(record)
    found = list(getattr(record, "items", []))
    for key, value in getattr(record, "pairs", []):
        found += [key, value]
    if isinstance(record, Made):
        found += [record.what, record.args, record.state]
    return found


def called(record: Any) -> str:
    """What a record is, for a message."""
    if isinstance(record, Name):
        return record.full
    if isinstance(record, Made):
        return record.name
    return f"a {type(record).__name__.lower()}"


def only(args: Any) -> Any:
    """The one argument of a call."""
    return args[0] if isinstance(args, tuple) and len(args) == 1 else None


# --- tensors


def tensor(record: Any, storages: Storages) -> Block:
    """The numbers of a tensor or parameter. Raises RefusedError."""
    for _ in range(2):  # a parameter holds a tensor
        if isinstance(record, Made) and record.name in PARAMETERS and isinstance(record.args, tuple) and record.args:
            record = record.args[0]
    if not isinstance(record, Made) or record.name not in REBUILDS or not isinstance(record.args, tuple):
        raise RefusedError(f"holds {called(record)} where a tensor should be")
    if len(record.args) < 4:
        raise RefusedError("holds a tensor without a shape")
    storage, offset, shape, strides = storages.find(record.args[0]), *record.args[1:4]
    if record.name.endswith("_v3") and len(record.args) > 6:
        storage = Storage(torch_kind(record.args[6]), storage.data)
    return block(storage, offset, whole_numbers(shape), whole_numbers(strides))


def torch_kind(name: Any) -> str:
    """`torch.float32` and its like as a kind of number."""
    kinds = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
             "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}  # fmt: skip
    kind = kinds.get(name.name) if isinstance(name, Name) and name.module == "torch" else None
    if kind is None:
        raise RefusedError(f"holds numbers of an unknown kind ({called(name)})")
    return kind


def whole_numbers(value: Any) -> tuple[int, ...]:
    """A shape or strides. Raises RefusedError."""
    if isinstance(value, Made) and value.name == "torch.Size":
        value = only(value.args)
    if not isinstance(value, tuple | list) or len(value) > MOST_AXES:
        raise RefusedError("holds a tensor whose shape is no shape")
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in value):
        raise RefusedError("holds a tensor with a side that is no whole number, negative or far too long")
    return tuple(value)


def block(storage: Storage, offset: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Block:
    """A tensor on a storage, bounds checked: it may reach over no more than there is, nor repeat numbers."""
    size = SIZES[storage.kind]
    there = len(storage.data) // size
    count = 1
    for side in shape:
        count *= side
    if type(offset) is not int or offset < 0 or len(strides) != len(shape):
        raise RefusedError("holds a tensor that begins nowhere")
    reach = 0 if count == 0 else 1 + sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
    if offset + reach > there or count > there:
        raise RefusedError(f"holds a tensor of {count} numbers on a block of {there}; it is cut short or lies")
    return Block(storage.kind, shape, strides, storage.data[offset * size : (offset + reach) * size])


# --- numpy


def array(record: Any) -> Block:
    """The numbers of a numpy array. Raises RefusedError."""
    if isinstance(record, Made) and record.name == DILLED and isinstance(record.args, tuple) and len(record.args) > 2:
        made = Made(record.args[0], record.args[1])  # dill keeps the same parts, in another order
        made.state, record = record.args[2], made
    if (
        isinstance(record, Made)
        and record.name in ARRAYS
        and isinstance(record.state, tuple)
        and len(record.state) == 5
    ):
        _, shape, kind, turned, data = record.state
        return _dense(numpy_kind(kind), whole_numbers(shape), turned is True or turned == 1, raw(data))
    if isinstance(record, Made) and record.name in BUFFERS and isinstance(record.args, tuple) and len(record.args) == 4:
        data, kind, shape, order = record.args
        return _dense(numpy_kind(kind), whole_numbers(shape), order == "F", raw(data))
    raise RefusedError(f"holds {called(record)} where an array should be")


def _dense(kind: str, shape: tuple[int, ...], turned: bool, data: memoryview) -> Block:
    strides, step = [], 1
    for side in shape if turned else shape[::-1]:
        strides.append(step)
        step *= side
    if step * SIZES[kind] != len(data):
        raise RefusedError(f"holds an array of {step} numbers on {len(data)} bytes; it is cut short or lies")
    return Block(kind, shape, tuple(strides if turned else strides[::-1]), data)


def numpy_kind(record: Any) -> str:
    """A numpy dtype as a kind of number. Raises RefusedError for objects, records, text, and the other byte order."""
    args = record.args if isinstance(record, Made) and record.name == "numpy.dtype" else None
    code = args[0] if isinstance(args, tuple) and args else None
    if not isinstance(code, str) or code.lstrip("<=|") not in NUMPY:
        raise RefusedError(
            f"holds an array of {printable(str(code)) if isinstance(code, str) else called(record)}, no numbers"
        )
    state = record.state
    if code[:1] == ">" or (isinstance(state, tuple) and len(state) > 1 and state[1] == ">"):
        raise RefusedError("holds numbers in the other byte order")
    return NUMPY[code.lstrip("<=|")]


def raw(value: Any) -> memoryview:
    """Bytes, as any Python wrote them."""
    try:
        if isinstance(value, Made) and value.name == "_codecs.encode" and isinstance(value.args, tuple) and value.args:
            value = value.args[0]  # how protocol 2 writes bytes: as text of the same numbers
            value = str(value, "utf-8") if isinstance(value, memoryview) else value
        if isinstance(value, str):
            return memoryview(value.encode("latin-1"))
    except UnicodeError:
        raise RefusedError("holds numbers written as text") from None
    if isinstance(value, memoryview):
        return value
    raise RefusedError(f"holds {called(value)} where numbers should be")


def scalar(record: Made) -> float | int | bool:
    """A numpy scalar as a plain number. Raises RefusedError."""
    args = record.args
    if not isinstance(args, tuple) or len(args) != 2:
        raise RefusedError("holds a number that is none")
    kind, data = numpy_kind(args[0]), raw(args[1])
    if kind not in FORMS or len(data) != SIZES[kind]:
        raise RefusedError("holds a number that is none")
    found: float | int | bool = struct.unpack(f"<{FORMS[kind]}", data)[0]
    return found


def numbers(found: Block) -> list[float | int | bool]:
    """All numbers of a small block whose neighbours lie together, in the order they lie."""
    if found.kind not in FORMS:
        raise RefusedError("holds numbers of an unknown kind")
    return list(struct.unpack(f"<{len(found.data) // SIZES[found.kind]}{FORMS[found.kind]}", found.data))
