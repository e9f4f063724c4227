"""A writer of pickles and checkpoints: byte for byte what public trainings leave behind, and what attackers would.

Nothing here pickles anything: instructions are put together by hand, so that classes can be named that do not exist.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from perform.generators.stylegan import Generator
from perform.generators.stylegan.alias_free import Generator3

SOURCE = "import torch\nraise SystemExit('this text is never run')\n" * 40
MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {torch.float32: "FloatStorage", torch.float64: "DoubleStorage", torch.float16: "HalfStorage",
            torch.bfloat16: "BFloat16Storage", torch.int64: "LongStorage"}  # fmt: skip


@dataclass(eq=False)
class Global:
    module: str
    name: str


@dataclass(eq=False)
class Call:
    """REDUCE; new: NEWOBJ instead."""

    what: Any
    args: Any = ()
    state: Any = None
    pairs: Mapping[Any, Any] = field(default_factory=dict)
    new: bool = False


@dataclass(eq=False)
class Persistent:
    id: Any


@dataclass(eq=False)
class Raw:
    """Instructions as they are."""

    data: bytes


class Pickle:
    """Writes one value at a protocol from 2 to 4. Objects that come again are written once and fetched."""

    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.out = bytearray(b"\x80" + bytes([protocol]))
        self.kept: dict[int, int] = {}
        self.alive: list[Any] = []

    def whole(self, value: Any) -> bytes:
        self.put(value)
        return bytes(self.out + b".")

    def put(self, value: Any) -> None:
        out = self.out
        if id(value) in self.kept and not isinstance(value, int | float | bool | None):
            out += b"j" + struct.pack("<I", self.kept[id(value)])
            return
        if value is None or isinstance(value, bool):
            out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
        elif isinstance(value, int):
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            out += b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else b"\x8a" + bytes([len(raw)]) + raw
        elif isinstance(value, float):
            out += b"G" + struct.pack(">d", value)
        elif isinstance(value, str):
            data = value.encode()
            out += b"X" + struct.pack("<I", len(data)) + data
        elif isinstance(value, bytes):
            self.bytes_(value)
        elif isinstance(value, Raw):
            out += value.data
        elif isinstance(value, tuple):
            out += b"("
            self.many(value)
            out += b"t"
        elif isinstance(value, list):
            out += b"](" if value else b"]"
            self.many(value)
            out += b"e" if value else b""
        elif isinstance(value, dict):
            out += b"}"
            self.pairs(value)
        else:
            self.made(value)
        if isinstance(value, str | dict | list | Call | Global):
            self.alive.append(value)
            self.kept[id(value)] = len(self.kept)
            out += b"r" + struct.pack("<I", self.kept[id(value)])

    def bytes_(self, value: bytes) -> None:
        if self.protocol < 3:
            self.put(Call(Global("_codecs", "encode"), (value.decode("latin-1"), "latin1")))
        else:
            self.out += b"B" + struct.pack("<I", len(value)) + value

    def many(self, values: Any) -> None:
        for one in values:
            self.put(one)

    def pairs(self, values: Mapping[Any, Any]) -> None:
        if values:
            self.out += b"("
            for key, value in values.items():
                self.put(key)
                self.put(value)
            self.out += b"u"

    def made(self, value: Any) -> None:
        if isinstance(value, Global):
            if self.protocol >= 4:
                self.put(value.module)
                self.put(value.name)
                self.out += b"\x93"
            else:
                self.out += b"c" + f"{value.module}\n{value.name}\n".encode()
            return
        if isinstance(value, Persistent):
            self.put(value.id)
            self.out += b"Q"
            return
        self.put(value.what)
        self.put(value.args)
        self.out += b"\x81" if value.new else b"R"
        self.pairs(value.pairs)
        if value.state is not None:
            self.put(value.state)
            self.out += b"b"


def pickled(value: Any, protocol: int = 3) -> bytes:
    return Pickle(protocol).whole(value)


# --- parts of checkpoints


def ordered(**entries: Any) -> Call:
    return Call(Global("collections", "OrderedDict"), (), pairs=entries)


def raw_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def legacy_storage(data: bytes, count: int, kind: str = "FloatStorage") -> bytes:
    """What torch writes for a storage inside a pickle: a file of its own."""
    whole = Persistent(("storage", Global("torch", kind), "94", "cpu", count, None))
    parts = [pickled(MAGIC, 2), pickled(1001, 2), pickled(SYSTEM, 2), pickled(whole, 2), pickled(["94"], 2)]
    return b"".join(parts) + struct.pack("<q", count) + data


SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def tensor(t: torch.Tensor, storage: Any = None, *, stride: tuple[int, ...] | None = None, offset: int = 0) -> Call:
    t = t.detach()
    inside = legacy_storage(raw_bytes(t.flatten()), t.numel(), STORAGES[t.dtype])
    storage = storage or Call(Global("torch.storage", "_load_from_bytes"), (inside,))
    strides = tuple(t.contiguous().stride()) if stride is None else stride
    args = (storage, offset, tuple(t.shape), strides, False, ordered())
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), args)


def parameter(t: torch.Tensor) -> Call:
    return Call(Global("torch._utils", "_rebuild_parameter"), (tensor(t), True, ordered()))


def dtype(code: str = "f4") -> Call:
    return Call(Global("numpy", "dtype"), (code, False, True), state=(3, "<", None, None, None, -1, -1, 0))


def scalar(value: float, code: str = "f8") -> Call:
    data = np.array(value, dtype=code).tobytes()
    return Call(Global("numpy.core.multiarray", "scalar"), (dtype(code), data))


def array(a: np.ndarray) -> Call:
    state = (1, a.shape, dtype(a.dtype.str[1:]), False, np.ascontiguousarray(a).tobytes())
    made = Call(Global("numpy.core.multiarray", "_reconstruct"), (Global("numpy", "ndarray"), (0,), b"b"))
    made.state = state
    return made


HOOKS = {"_backward_hooks": ordered(), "_forward_hooks": ordered(), "_state_dict_hooks": ordered(),
         "_non_persistent_buffers_set": Call(Global("builtins", "set"), ([],)), "training": False}  # fmt: skip


def module(
    name: str, params: dict[str, torch.Tensor], buffers: dict[str, torch.Tensor | None], modules: dict[str, Any],
    **values: Any,
) -> Call:  # fmt: skip
    """A module as NVIDIA's persistence keeps it: its class's name, the text of its source, its state."""
    kwargs = Call(Global("dnnlib.util", "EasyDict"), (), pairs=values.pop("kwargs", {}), new=True)
    kept = {k: None if v is None else tensor(v) for k, v in buffers.items()}
    state = HOOKS | {
        "_parameters": ordered(**{k: parameter(v) for k, v in params.items()}), "_buffers": ordered(**kept),
        "_modules": ordered(**modules), "_init_args": (), "_init_kwargs": kwargs, **values,
    }  # fmt: skip
    meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": name, "state": state}
    return Call(Global("torch_utils.persistence", "_reconstruct_persistent_obj"), (meta,))


PARAMETERS = ("weight", "bias", "const", "noise_strength")


def tree(state: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Tensors by dotted name as nested dictionaries."""
    root: dict[str, Any] = {}
    for name, value in state.items():
        at = root
        *path, last = name.split(".")
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return root


CLASSES = {"synthesis": "SynthesisNetwork", "mapping": "MappingNetwork", "affine": "FullyConnectedLayer",
           "conv0": "SynthesisLayer", "conv1": "SynthesisLayer", "torgb": "ToRGBLayer", "skip": "Conv2dLayer",
           "input": "SynthesisInput", "": "Generator"}  # fmt: skip


def network(state: Mapping[str, torch.Tensor], values: Mapping[str, Mapping[str, Any]], **extra: Any) -> Call:
    """A whole generator; values: path -> its own attributes. extra: more attributes of the root."""

    def build(path: str, level: dict[str, Any]) -> Call:
        last = path.rsplit(".", 1)[-1]
        stem = f"{path}." if path else ""
        inner = {k: build(stem + k, v) for k, v in level.items() if isinstance(v, dict)}
        own = {k: v for k, v in level.items() if not isinstance(v, dict)}
        params = {k: v for k, v in own.items() if k in PARAMETERS}
        buffers: dict[str, torch.Tensor | None] = {k: v for k, v in own.items() if k not in PARAMETERS}
        if last == "embed" and "bias" not in own:
            state = HOOKS | {"_parameters": ordered(weight=parameter(own["weight"])), "_buffers": ordered(),
                             "_modules": ordered(), "num_embeddings": len(own["weight"])}  # fmt: skip
            return Call(Global("torch.nn.modules.sparse", "Embedding"), (), state=state, new=True)
        if last.startswith("L") and "magnitude_ema" in own:
            buffers = {"up_filter": None, "down_filter": None} | buffers
        kind = CLASSES.get(last, "FullyConnectedLayer" if last.startswith(("fc", "embed")) else
                           "SynthesisBlock" if last.startswith("b") else "SynthesisLayer")  # fmt: skip
        more = extra if not path else {}
        return module(kind, params, buffers, inner, **values.get(path, {}), **more)

    return build("", tree(state))


def stylegan2(generator: Generator, **extra: Any) -> Call:
    """As StyleGAN2-ADA keeps it, resample filters and all."""
    arch = generator.arch
    state = {k: v.detach() for k, v in generator.state_dict().items()}
    tap = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    for size in arch.sizes:
        for part in ("", ".conv1", *([".conv0"] if size > 4 else [])):
            state[f"synthesis.b{size}{part}.resample_filter"] = torch.outer(tap, tap)
    values: dict[str, dict[str, Any]] = {
        "": {"z_dim": arch.z_dim, "c_dim": arch.c_dim, "w_dim": arch.w_dim, "img_resolution": arch.resolution},
        "mapping.fc0": {"bias_gain": arch.mapping_lr_multiplier, "activation": "lrelu", "weight_gain": scalar(0.3)},
    }
    for size in arch.sizes:
        for part in ("conv0", "conv1", "torgb"):
            values[f"synthesis.b{size}.{part}"] = {"conv_clamp": arch.conv_clamp, "activation": "lrelu"}
        values[f"synthesis.b{size}.torgb"].pop("activation")
    return network(state, values, **extra)


def stylegan3(generator: Generator3, **extra: Any) -> Call:
    """As StyleGAN3 and StyleGAN-XL keep it."""
    arch = generator.arch
    state = {k: v.detach() for k, v in generator.state_dict().items()}
    if arch.class_table:  # a table of more classes than the model has
        state["mapping.embed.weight"] = torch.cat([state["mapping.embed.weight"], torch.randn(4, arch.class_table)])
    first = arch.input
    values: dict[str, dict[str, Any]] = {
        "mapping.fc0": {"bias_gain": arch.mapping_lr_multiplier},
        "synthesis": {"layer_names": [layer.name for layer in arch.layers], "output_scale": arch.output_scale},
        "synthesis.input": {
            "channels": first.channels, "size": array(np.array([first.size] * 2)),
            "sampling_rate": scalar(first.rate), "bandwidth": scalar(first.bandwidth),
        },
    }  # fmt: skip
    for one in arch.layers:
        values[f"synthesis.{one.name}"] = {
            "in_channels": one.inputs, "out_channels": one.outputs, "in_size": array(np.array([one.in_size] * 2)),
            "out_size": array(np.array([one.out_size] * 2)), "in_sampling_rate": one.in_rate,
            "out_sampling_rate": one.out_rate, "conv_kernel": one.kernel, "up_factor": one.up, "down_factor": one.down,
            "padding": [one.pad_before, one.pad_after] * 2, "is_torgb": one.colours, "conv_clamp": one.clamp,
            "in_cutoff": scalar(2.0),
        }  # fmt: skip
    return network(state, values, **extra)


def snapshot(generator: Any, **beside: Any) -> dict[str, Any]:
    """What a training of NVIDIA's leaves behind."""
    other = Call(Global("training.networks", "Discriminator"), (), state={"x": Global("os", "system")}, new=True)
    found = {"training_set_kwargs": {}, "G": None, "D": other, "G_ema": generator, "augment_pipe": None}
    return found | beside


# --- other formats


def zip_file(
    path: Path, value: Any, storages: Mapping[str, bytes], *, packed: bool = False, root: str = "archive"
) -> None:
    """A file of torch 1.6 and later."""
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", how) as out:
        out.writestr(f"{root}/data.pkl", pickled(value, 2))
        for key, data in storages.items():
            out.writestr(f"{root}/data/{key}", data)
        out.writestr(f"{root}/version", "3\n")


def legacy_file(value: Any, storages: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A file of torch before 1.6."""
    out = io.BytesIO()
    for part in (MAGIC, 1001, SYSTEM, value, list(storages)):
        out.write(pickled(part, 2))
    for data, count in storages.values():
        out.write(struct.pack("<q", count) + data)
    return out.getvalue()


def beside(state: Mapping[str, torch.Tensor]) -> tuple[Call, dict[str, tuple[bytes, int]]]:
    """A state dict whose numbers lie beside the pickle: (the dictionary, key -> (bytes, count))."""
    storages = {str(n): (raw_bytes(t.flatten()), t.numel()) for n, t in enumerate(state.values())}
    entries = {
        name: tensor(t, Persistent(("storage", Global("torch", STORAGES[t.dtype]), str(n), "cpu", t.numel())))
        for n, (name, t) in enumerate(state.items())
    }
    return ordered(**entries), storages


def tensorflow(generator: Generator) -> Any:
    """As StyleGAN2's own code in TensorFlow keeps it: names and layouts of its own. (G, D, Gs)."""
    arch = generator.arch
    s = {k: v.detach().numpy() for k, v in generator.state_dict().items()}
    mapping: list[tuple[str, Any]] = []
    for n in range(arch.num_mapping_layers):
        mapping += [(f"Dense{n}/weight", array(s[f"mapping.fc{n}.weight"].T.copy())),
                    (f"Dense{n}/bias", array(s[f"mapping.fc{n}.bias"]))]  # fmt: skip
    if arch.c_dim:
        mapping += [("LabelEmbed/weight", array(s["mapping.embed.weight"].T.copy())),
                    ("LabelEmbed/bias", array(s["mapping.embed.bias"]))]  # fmt: skip
    synthesis: list[tuple[str, Any]] = [("4x4/Const/const", array(s["synthesis.b4.const"][None]))]
    number = 0
    for size in arch.sizes:
        parts = [("Conv", "conv1")] if size == 4 else [("Conv0_up", "conv0"), ("Conv1", "conv1")]
        if f"synthesis.b{size}.torgb.weight" in s:
            parts.append(("ToRGB", "torgb"))
        for there, here in parts:
            stem = f"synthesis.b{size}.{here}."
            kernel = s[stem + "weight"].transpose(2, 3, 1, 0)
            kernel = kernel[::-1, ::-1] if there == "Conv0_up" else kernel
            place = f"{size}x{size}/{there}/"
            synthesis += [(place + "weight", array(kernel.copy())),
                          (place + "mod_weight", array(s[stem + "affine.weight"].T.copy())),
                          (place + "mod_bias", array(s[stem + "affine.bias"] - 1)),
                          (place + "bias", array(s[stem + "bias"]))]  # fmt: skip
            if here != "torgb":
                synthesis.append((f"noise{number}", array(s[stem + "noise_const"][None, None])))
                synthesis.append((place + "noise_strength", scalar(float(s[stem + "noise_strength"]), "f4")))
                number += 1
        if f"synthesis.b{size}.skip.weight" in s:
            kernel = s[f"synthesis.b{size}.skip.weight"].transpose(2, 3, 1, 0)
            synthesis.append((f"{size}x{size}/Skip/weight", array(kernel.copy())))

    def part(name: str, variables: Any, components: Any, static: Any) -> Call:
        state = {"version": 4, "name": name, "static_kwargs": static, "components": components,
                 "build_module_src": SOURCE, "build_func_name": "G_main", "variables": variables}  # fmt: skip
        return Call(Global("dnnlib.tflib.network", "Network"), (), state=state, new=True)

    inner = {"synthesis": part("G_synthesis", synthesis, {}, {}), "mapping": part("G_mapping", mapping, {}, {})}
    own = [("lod", scalar(0.0, "f4")), ("dlatent_avg", array(s["mapping.w_avg"]))]
    static = {"resolution": arch.resolution, "mapping_lrmul": arch.mapping_lr_multiplier, "architecture": arch.wiring}
    whole = part("Gs", own, inner, static)
    return (part("G", [], {}, {}), part("D", [], {}, {}), whole)


def rosinality(generator: Generator) -> dict[str, torch.Tensor]:
    """A state dict named as the re-implementation by rosinality names it."""
    arch, found = generator.arch, {}
    s = {k: v.detach() for k, v in generator.state_dict().items()}
    tap = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    for n in range(arch.num_mapping_layers):
        for word in ("weight", "bias"):
            found[f"style.{n + 1}.{word}"] = s[f"mapping.fc{n}.{word}"]
    found["input.input"] = s["synthesis.b4.const"][None]
    number = 0
    for size in arch.sizes:
        level = size.bit_length() - 4  # 8 px is 0
        convs = [("conv1", "conv1")] if size == 4 else [(f"convs.{2 * level + n}", f"conv{n}") for n in (0, 1)]
        for there, here in convs:
            stem = f"synthesis.b{size}.{here}."
            weight = s[stem + "weight"]
            found[f"{there}.conv.weight"] = weight[None] * weight[0].numel() ** 0.5
            found[f"{there}.conv.modulation.weight"] = s[stem + "affine.weight"]
            found[f"{there}.conv.modulation.bias"] = s[stem + "affine.bias"]
            found[f"{there}.noise.weight"] = s[stem + "noise_strength"].reshape(1)
            found[f"{there}.activate.bias"] = s[stem + "bias"]
            found[f"noises.noise_{number}"] = s[stem + "noise_const"][None, None]
            if here == "conv0":
                found[f"{there}.conv.blur.kernel"] = torch.outer(tap, tap)
            number += 1
        colours = "to_rgb1" if size == 4 else f"to_rgbs.{level}"
        stem = f"synthesis.b{size}.torgb."
        found[f"{colours}.bias"] = s[stem + "bias"].reshape(1, 3, 1, 1)
        found[f"{colours}.conv.weight"] = s[stem + "weight"][None]
        found[f"{colours}.conv.modulation.weight"] = s[stem + "affine.weight"]
        found[f"{colours}.conv.modulation.bias"] = s[stem + "affine.bias"]
        if size > 4:
            found[f"{colours}.upsample.kernel"] = torch.outer(tap, tap)
    return found
