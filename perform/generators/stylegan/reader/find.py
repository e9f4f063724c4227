"""Where the generator lies in a checkpoint, and what it is made of. Everything inside it must be of a known make; what
lies beside it (discriminator, optimiser, settings of a training) is never looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .files import Opened
from .numbers import ARRAY_NAMES, SCALARS, TENSOR_NAMES, Block, Storages, array, called, numbers, only, scalar, tensor
from .records import Dict, Made, Name, RefusedError, Set, printable, text_pairs

MOST_DEPTH = 32
MOST_VALUES = 200_000
MOST_TENSORS = 20_000
MOST_LISTED = 4096  # numbers of an attribute
MOST_SAID = 4096  # characters of an attribute
PARTS = ("G_ema", "g_ema", "Gs", "generator_ema", "params_ema", "ema", "generator", "G", "g", "state_dict", "model")
"""Keys under which public trainings keep a generator, the averaged one first."""
MODULES = frozenset(f"torch.nn.modules.{name}" for name in ("sparse.Embedding", "container.Sequential",
                    "container.ModuleList", "container.ModuleDict", "linear.Linear", "linear.Identity"))  # fmt: skip
SETS = frozenset({"builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset"})
KINDS_OF_NUMBER = frozenset(
    f"{module}.{kind}"
    for module in ("torch", "numpy", "builtins", "__builtin__")
    for kind in ("float16", "float32", "float64", "bfloat16", "half", "float", "double", "int", "bool", "str", "int8",
                 "int16", "int32", "int64", "long", "uint8", "bool_", "ndarray", "contiguous_format", "channels_last")
)  # fmt: skip
"""Names that a setting may hold as they are."""
KEY = re.compile(r"[A-Za-z0-9_.\-/]{1,200}")


@dataclass(slots=True)
class Found:
    """A generator taken apart. kind: modules (with their classes and settings), state (tensors by name alone),
    tensorflow. part: where in the file it lay. modules: [{path, class, kwargs, values}]. settings: of tensorflow."""

    kind: str
    part: str = ""
    modules: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Block] = field(default_factory=dict)


def find(opened: Opened) -> Found:
    """The generator of an opened file. Raises RefusedError."""
    if opened.form == "safetensors":
        return Found("state", tensors=opened.blocks)
    return _Finder(opened.storages).look(opened.record, "")


class _Finder:
    """Walks the records of one file."""

    def __init__(self, storages: Storages) -> None:
        self._storages = storages
        self._values = 0
        self._found = Found("state")
        self._scalars: dict[str, float | int | bool] = {}

    def look(self, record: Any, part: str) -> Found:
        """Decide what a record is, and take it apart."""
        self._found.part = part
        if isinstance(record, tuple) and record and all(_network(r) is not None for r in record):
            return self._tensorflow(record[-1])
        if _network(record) is not None:
            return self._tensorflow(record)
        if _module(record) is not None:
            self._found.kind = "modules"
            self._modules(record, "", part or "the network", 0)
            return self._found
        entries = text_pairs(record)
        if entries is None:
            raise RefusedError(f"holds {called(record)}, and no generator of a known kind")
        if any(isinstance(v, Made) and v.name in TENSOR_NAMES for v in entries.values()) and not part:
            beside = self._beside(entries)
            if beside is None:
                return self._state(entries)
        for key in PARTS:
            if key in entries and entries[key] is not None:
                if part.count(".") > 3:
                    break
                found = self.look(entries[key], f"{part}.{key}" if part else key)
                self._average(entries)
                return found
        if part:
            return self._state(entries)
        keys = ", ".join(printable(k) for k in list(entries)[:8]) or "nothing"
        raise RefusedError(f"holds no generator under a known name; there are: {keys}")

    def _beside(self, entries: dict[str, Any]) -> Any:
        """A generator's own table where tensors lie beside it (a mean of w, say)."""
        return next((entries[k] for k in PARTS if text_pairs(entries.get(k)) is not None), None)

    def _average(self, entries: dict[str, Any]) -> None:
        """rosinality's files keep the mean of w beside the generator."""
        mean = entries.get("latent_avg")
        if isinstance(mean, Made) and mean.name in TENSOR_NAMES:
            self._keep("latent_avg", tensor(mean, self._storages))

    def _keep(self, name: str, found: Block) -> None:
        if not KEY.fullmatch(name):
            raise RefusedError(f"holds a tensor with a name that is none ({printable(name)})")
        if len(self._found.tensors) >= MOST_TENSORS:
            raise RefusedError(f"holds more than {MOST_TENSORS} tensors; that is no generator")
        self._found.tensors[name] = found

    def _state(self, entries: dict[str, Any]) -> Found:
        for key, value in entries.items():
            where = f"{self._found.part}.{printable(key)}" if self._found.part else printable(key)
            if isinstance(value, Made) and value.name in TENSOR_NAMES:
                self._keep(key, self._named(where, tensor, value))
            else:
                self._plain(value, where, 0)
        return self._found

    def _named(self, where: str, read: Any, value: Any) -> Block:
        try:
            block: Block = read(value, self._storages) if read is tensor else read(value)
        except RefusedError as why:
            raise RefusedError(f"{where}: {why}") from None
        return block

    # --- networks of torch

    def _modules(self, record: Any, path: str, where: str, depth: int) -> None:
        """One module and all below it."""
        found = _module(record)
        if found is None:
            raise RefusedError(f"{where} holds {called(record)}, which no StyleGAN generator holds; it is refused")
        if depth > MOST_DEPTH or len(self._found.modules) > MOST_TENSORS:
            raise RefusedError(f"{where} is nested too deep; that is no generator")
        kind, state = found
        values = text_pairs(state) or {}
        plain: dict[str, Any] = {}
        for key, value in values.items():
            if key not in ("_parameters", "_buffers", "_modules"):
                plain[key] = self._plain(value, f"{where}.{printable(key)}", 0)
        kwargs = plain.pop("_init_kwargs", None)
        own = {k: v for k, v in plain.items() if not k.startswith("_")}
        self._found.modules.append({"path": path, "class": kind, "kwargs": kwargs or {}, "values": own})
        stem = f"{path}." if path else ""
        for group in ("_parameters", "_buffers"):
            for key, value in (text_pairs(values.get(group)) or {}).items():
                if value is not None:
                    self._keep(stem + key, self._named(f"{where}.{printable(key)}", tensor, value))
        for key, value in (text_pairs(values.get("_modules")) or {}).items():
            if value is not None:
                self._modules(value, stem + key, f"{where}.{printable(key)}", depth + 1)

    # --- networks of tensorflow

    def _tensorflow(self, record: Any) -> Found:
        self._found.kind, self._found.part = "tensorflow", "Gs"
        self._found.settings = {**self._network(record, "", 0), "scalars": self._scalars}
        return self._found

    def _network(self, record: Any, stem: str, depth: int) -> dict[str, Any]:
        """One network of tensorflow: its settings, and its variables by name."""
        state = _network(record)
        if state is None or depth > 4:
            raise RefusedError(f"Gs holds {called(record)}, which no StyleGAN generator holds; it is refused")
        settings = {k: self._plain(state.get(k), f"Gs.{k}", 0) for k in ("version", "name", "static_kwargs",
                                                                          "build_func_name")}  # fmt: skip
        pairs = state.get("variables")
        listed = pairs if isinstance(pairs, list) else list((text_pairs(pairs) or {}).items())
        for pair in listed:
            if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
                raise RefusedError("Gs holds a variable without a name")
            name = f"{stem}{pair[0]}"
            if isinstance(pair[1], Made) and pair[1].name in SCALARS:
                self._scalars[name] = scalar(pair[1])
            else:
                self._keep(name, self._named(f"Gs.{printable(name)}", array, pair[1]))
        parts = text_pairs(state.get("components")) or {}
        settings["components"] = {k: self._network(v, f"{stem}{k}/", depth + 1) for k, v in parts.items()}
        return settings

    # --- plain values

    def _plain(self, value: Any, where: str, depth: int) -> Any:
        """A setting as plain data. Raises RefusedError, naming whatever is of no known make."""
        self._values += 1
        if depth > MOST_DEPTH or self._values > MOST_VALUES:
            raise RefusedError(f"{where} is nested too deep, or never ends; that is no generator")
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if abs(value) < 1 << 63 else None
        if isinstance(value, str):
            return value if len(value) <= MOST_SAID else None
        if isinstance(value, memoryview):
            return None
        if isinstance(value, Name):
            if value.full in KINDS_OF_NUMBER:
                return None
            raise RefusedError(f"{where} holds {value.full}, which no StyleGAN generator holds; it is refused")
        if isinstance(value, list | tuple | Set):
            items = value.items if isinstance(value, Set) else value
            return [self._plain(one, where, depth + 1) for one in items]
        entries = text_pairs(value)
        if isinstance(value, Dict) or entries is not None:
            every = value.pairs if isinstance(value, Dict) else []
            for key, one in every:  # keys that are no text count as much as values
                if not isinstance(key, str):
                    self._plain(key, where, depth + 1)
                    self._plain(one, where, depth + 1)
            return {k: self._plain(v, f"{where}.{printable(k)}", depth + 1) for k, v in (entries or {}).items()}
        return self._called(value, where, depth)

    def _called(self, value: Any, where: str, depth: int) -> Any:
        """A setting that a call would have made."""
        name = value.name if isinstance(value, Made) else called(value)
        if isinstance(value, Made):
            if name in SCALARS:
                return scalar(value)
            if name in SETS:
                return self._plain(only(value.args) if value.args else [], where, depth + 1)
            if name in ARRAY_NAMES:
                block = self._named(where, array, value)
                return numbers(block) if len(block.data) <= MOST_LISTED * 8 and block.kind != "BF16" else None
            if name in TENSOR_NAMES:
                self._named(where, tensor, value)
                return None
            if name in ("torch.Size", "torch.device", "numpy.dtype"):
                return self._plain(value.args, where, depth + 1)
            if name == "_codecs.encode":
                return None
            if _module(value) is not None:
                raise RefusedError(f"{where} holds a network where a setting should be; it is refused")
        raise RefusedError(f"{where} holds {name}, which no StyleGAN generator holds; it is refused")


def _module(record: Any) -> tuple[str, Any] | None:
    """(class name, state) of a record that is a network of torch, else None."""
    if not isinstance(record, Made):
        return None
    name = record.name
    if name == "torch_utils.persistence._reconstruct_persistent_obj" or name.endswith(
        ".torch_utils.persistence._reconstruct_persistent_obj"
    ):
        meta = text_pairs(only(record.args)) or {}
        kind = meta.get("class_name")
        if meta.get("type") == "class" and isinstance(kind, str):
            return printable(kind), meta.get("state")
        return None
    if name in ("copyreg._reconstructor", "copy_reg._reconstructor") and isinstance(record.args, tuple) and record.args:
        name = called(record.args[0])
    if name in MODULES:
        return name.rsplit(".", 1)[1], record.state
    return None


def _network(record: Any) -> dict[str, Any] | None:
    """The state of a record that is a network of tensorflow, else None."""
    if isinstance(record, Made) and record.name in ("dnnlib.tflib.network.Network", "tflib.network.Network",
                                                    "dnnlib.tflib.Network"):  # fmt: skip
        return text_pairs(record.state)
    return None
