"""Checkpoints that lie, tear, swell or attack. Not one instruction of theirs may run; each gets one clear line."""

from __future__ import annotations

import copy
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import forged
import nets
import numpy as np
import pytest
import torch
from forged import Call, Global, Persistent, Raw, ordered, pickled, snapshot, tensor
from safetensors.torch import save_file

from perform.core.errors import ModelError
from perform.generators.stylegan.convert import Stated, convert_file, foreign, read_foreign, translate
from perform.generators.stylegan.reader import find
from perform.generators.stylegan.reader.files import open_file
from perform.generators.stylegan.reader.machine import Machine
from perform.generators.stylegan.reader.records import RefusedError

BASE = nets.two()
GOOD = snapshot(forged.stylegan2(BASE))
CANARY = "canary"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test stands in a folder of its own, in which no canary may be when it ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANARY", str(tmp_path / CANARY))
    yield
    assert not (tmp_path / CANARY).exists(), "code of the file was run"


def refused(content: bytes, match: str, name: str = "bad.pkl") -> None:
    """The file gets one line that says why, and leaves nothing."""
    Path(name).write_bytes(content)
    with pytest.raises(ModelError, match=match) as caught:
        convert_file(name, Path("made"), Stated("made"))
    line = str(caught.value)
    assert "\n" not in line and line.isascii() and len(line) < 600 and line.startswith(name)
    assert not Path("made").exists()
    assert not [p for p in Path().iterdir() if p.name.startswith(".")]


# --- instructions that Python's own reader would follow


def text(words: str) -> bytes:
    """BINUNICODE."""
    return b"X" + struct.pack("<I", len(words)) + words.encode()


TOUCH = "import os; open(os.environ['CANARY'], 'w').close()"
EXEC = Call(Global("builtins", "exec"), (TOUCH,))
SYSTEM = Call(Global("posix" if os.name == "posix" else "nt", "system"), ('touch "$CANARY"',))
TRICKS: dict[str, Any] = {
    "exec": EXEC,
    "eval": Call(Global("builtins", "eval"), (f"exec({TOUCH!r})",)),
    "os.system": SYSTEM,
    "subprocess": Call(Global("subprocess", "run"), (["sh", "-c", 'touch "$CANARY"'],)),
    "getattr": Call(Call(Global("builtins", "getattr"), (Global("os", "system"), "__call__")), ('touch "$CANARY"',)),
    "dotted name": Call(Global("os", "path.os.system"), ('touch "$CANARY"',)),
    "runpy": Call(Global("runpy", "_run_code"), (Call(Global("builtins", "compile"), (TOUCH, "x", "exec")), {})),
    "code": Call(Global("code", "InteractiveInterpreter.runcode"), (None, TOUCH)),
    "inst": Raw(b"(" + text(TOUCH) + b"ibuiltins\nexec\n"),
    "obj": Raw(b"(cbuiltins\nexec\n" + text(TOUCH) + b"o"),
    "newobj": Call(Global("subprocess", "Popen"), (["sh", "-c", 'touch "$CANARY"'],), new=True),
    "newobj_ex": Raw(b"csubprocess\nPopen\n(](" + text("sh") + text("-c") + text("touch $CANARY") + b"et}\x92"),
    "build": Call(Global("types", "SimpleNamespace"), (), state={"__setstate__": Global("os", "system")}),
    "setstate": Raw(b"cx\nY\n)\x81}" + text("__setstate__") + b"cos\nsystem\nsb" + text("touch $CANARY") + b"b"),
    "setitem": Call(Global("os", "environ.__setitem__"), ("CANARY_SET", "1")),
    "bytes inside": Call(Global("torch.storage", "_load_from_bytes"), (pickled(EXEC),)),
    "pickle inside": Call(Global("_pickle", "loads"), (pickled(EXEC),)),
    "module source": Call(
        Global("torch_utils.persistence", "_reconstruct_persistent_obj"),
        ({"type": "class", "version": 6, "module_src": TOUCH, "class_name": "Generator", "state": {}},),
    ),
    "persistent": Persistent(EXEC),
    "persistent by text": Raw(b"Pbuiltins.exec\n"),
    "extension": Raw(b"\x82\x01"),
    "extension of four bytes": Raw(b"\x84\x01\x00\x00\x00"),
    "memo": Raw(b"cbuiltins\nexec\nq\x07" + b"0h\x07(" + text(TOUCH) + b"tR"),
    "dill": Call(Global("dill._dill", "_create_function"), (EXEC,)),
    "numpy": Call(Global("numpy.testing._private.utils", "runstring"), (TOUCH, {})),
    "torch": Call(Global("torch.hub", "load"), ("evil/evil", "evil")),
    "pip": Call(Global("pip", "main"), (["install", "evil"],)),
    "weights": Call(Global("torch._utils", "_rebuild_tensor_v2"), (EXEC, 0, (1,), (1,), False, ordered())),
    "bare name": Global("builtins", "eval"),
    "bare name of torch": Global("torch", "load"),
    "hooks": Call(Global("torch._utils", "_rebuild_parameter"), (EXEC, True, ordered())),
}
TENSORS = ("weights", "hooks", "bytes inside")  # what a training may keep beside its generator
THESE_WORK = ("exec", "eval", "os.system", "subprocess", "dotted name", "inst", "obj", "memo", "pickle inside")


def test_the_tricks_are_real() -> None:
    """Python's own reader falls for them: so a canary that stays away is no accident."""
    for name in THESE_WORK:
        Path("trick").write_bytes(pickled(TRICKS[name], 4))
        code = "import pickle; pickle.load(open('trick', 'rb'))"
        subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=False, timeout=60)
        assert Path(CANARY).exists(), name
        Path(CANARY).unlink()


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_as_the_whole_file(name: str) -> None:
    refused(pickled(TRICKS[name], 4), "bad.pkl")


@pytest.mark.parametrize("name", [n for n in TRICKS if n not in TENSORS])
def test_a_trick_beside_the_generator_is_never_looked_at(name: str) -> None:
    Path("good.pkl").write_bytes(pickled(GOOD | {"D": TRICKS[name], "training_set_kwargs": TRICKS[name]}))
    convert_file("good.pkl", Path("made"), Stated("made"))


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_inside_the_generator_is_refused_by_its_name(name: str) -> None:
    inside = snapshot(forged.stylegan2(BASE, extra=TRICKS[name]))
    said = {
        "exec": r"G_ema\.extra holds builtins\.exec", "os.system": r"G_ema\.extra holds (posix|nt)\.system",
        "module source": "holds a network where a setting", "persistent": "persistent", "inst": r"builtins\.exec",
        "obj": r"builtins\.exec", "subprocess": r"subprocess\.run", "extension": r"copyreg\.extension\.1",
    }  # fmt: skip
    refused(pickled(inside), said.get(name, "bad.pkl"))


@pytest.mark.parametrize(
    "place", ["_parameters", "_buffers", "_modules", "_forward_hooks", "_init_kwargs", "list", "key"]
)
def test_wherever_it_hides(place: str) -> None:
    root = forged.stylegan2(BASE)
    state = root.args[0]["state"]
    if place == "list":
        state["some"] = [1, [2, {"x": (EXEC,)}]]
    elif place == "key":
        state["some"] = {Raw(pickled(EXEC)[2:-1]): 1}
    else:
        state[place] = ordered(**{**state[place].pairs, "evil": EXEC})
    refused(pickled(snapshot(root)), r"builtins\.exec")


def test_source_text_is_never_run() -> None:
    """Every module of a real checkpoint brings the text of its source along."""
    Path("good.pkl").write_bytes(pickled(GOOD))
    assert b"this text is never run" in Path("good.pkl").read_bytes()
    convert_file("good.pkl", Path("made"), Stated("made"))


# --- the process that reads

PROBES = {
    "a file": "open('x', 'w')",
    "a file to read": "open('/dev/null')",
    "a socket": "import socket; socket.socket()",
    "a program": "os.system('true')",
    "a process": "os.fork()",
    "code": "exec('1')",
    "source": "compile('1', 'x', 'eval')",
    "an import": "import decimal",
    "foreign code": "import ctypes",
    "an instance": "__import__('marshal').loads(b'N')",
}


def alone(code: str) -> subprocess.CompletedProcess[bytes]:
    """Code in a process started as the reader is."""
    command = [sys.executable, "-I", "-S", "-c", code, str(foreign.READER)]
    return subprocess.run(command, capture_output=True, check=False, timeout=100)


@pytest.mark.parametrize("name", PROBES)
def test_the_reading_process_can_do_nothing_else(name: str) -> None:
    start = foreign.START.replace("from reader.child import main\nmain(sys.argv[2:])", "from reader.child import lock")
    warm = "import os, sys\n" + ("import socket\n" if name == "a socket" else "")
    code = f"{start}\n{warm}lock({1 << 29}, 5, 1000)\n{PROBES[name]}\nos._exit(3)"
    done = alone(code)
    assert done.returncode == 77, (done.returncode, done.stderr)


def test_the_reading_process_starts_with_nothing_of_ours() -> None:
    start = foreign.START.replace("main(sys.argv[2:])", "print(*sorted(sys.modules))")
    loaded = {name.split(".")[0] for name in alone(start).stdout.decode().split()}
    assert "reader" in loaded
    assert not loaded & {
        "torch",
        "numpy",
        "perform",
        "socket",
        "subprocess",
        "ssl",
        "pickle",
        "_pickle",
        "marshal_",
        "ctypes",
    }


def test_too_much_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ("a" * ((1 << 20) - 8) + "\U0001f600").encode()  # one such letter makes the whole text four times as long
    one = b"X" + struct.pack("<I", len(wide)) + wide
    content = b"\x80\x03(" + one * 40 + b"t."
    monkeypatch.setattr(foreign, "MEMORY", (120 << 20) - 3 * len(content))
    refused(content, "more than 120 MiB of memory|ran out of its memory")


def test_too_much_time_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "SECONDS", 1)
    monkeypatch.setattr(foreign, "PATIENCE", 0.02)
    refused(b"\x80\x03" + b"N0" * 1_900_000 + b".", "took more than 0 s")


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's; elsewhere the parent's patience remains")
@pytest.mark.parametrize("limit", ["time", "memory", "writing"])
def test_limits_end_the_process(limit: str) -> None:
    start = foreign.START.replace("from reader.child import main\nmain(sys.argv[2:])", "from reader.child import lock")
    acts = {"time": "while True: pass", "memory": "b'x' * (1 << 28)", "writing": "os.write(out, b'x' * (1 << 22))"}
    opened = f"import os\nout = os.open('out', os.O_WRONLY | os.O_CREAT)\nlock({1 << 27}, 1, 10)"
    done = alone(f"{start}\n{opened}\n{acts[limit]}\nos.close(out)")
    size = Path("out").stat().st_size
    assert size <= (1 << 20) + 10
    assert done.returncode != 0 or limit == "writing", done.stderr


# --- bombs


def inside(value: Any) -> bytes:
    """A value among the entries of a generator."""
    return pickled({"G_ema": ordered(w=tensor(torch.ones(2)), x=value)})


def test_bombs() -> None:
    laughs: list[Any] = [1]
    for _ in range(30):
        laughs = [laughs, laughs]
    refused(inside(laughs), "nested too deep, or never ends")
    refused(inside(Raw(b")" + b"\x85" * 200_000)), "nested too deep")
    refused(inside(Raw(b"]q\xfah\xfaa")), "nested too deep")  # a list that holds itself
    refused(inside(Raw(b"}(" + b"(" * 1000 + b"t" * 1000 + b"Nu")), "nested too deep")  # as a key: nothing is hashed
    refused(pickled(Raw(b")" + b"\x85" * 200_000)), "holds a tuple")
    refused(b"\x80\x03" + b"N0" * 2_100_000 + b".", "instructions; that is no generator|took more than")


LONG = b"\xff" * 8
BROKEN = (
    b"\x8b\xff\xff\xff\x7f", b"\x8b" + LONG, b"B" + LONG, b"X" + LONG, b"\x8e" + LONG, b"\x8d" + LONG,
    b"\x96" + LONG, b"T" + LONG, b"\x95" + LONG, b"h\x09", b"j" + LONG, b"gx\n", b"I" + b"9" * 5000 + b"\n",
    b"L" + b"9" * 70_000, b"Fx\n", b"S'\\\n", b"t", b"e", b"R", b"b", b"s", b"u", b"\x90", b"\x93", b"\x92", b"\x97",
    b"\x98", b"\xff", b"\x00", b"((((", b"NNNb", b"cx", b"G\x00", b"\x80\x09", b"1", b"2", b"Na", b"N(Ne", b"(N(u",
    b"}(Nu", b"cos\nsystem\n)b", b"\x8f(Na",
)  # fmt: skip


def test_broken_instructions_in_a_process_and_here() -> None:
    for instruction in BROKEN:
        with pytest.raises(RefusedError) as caught:
            find.find(open_file(None, memoryview(b"\x80\x03" + instruction + b".")))  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
    for instruction in BROKEN[::7]:
        refused(b"\x80\x03" + instruction + b".", "bad.pkl")


def test_the_reader_never_stumbles(tmp_path: Path) -> None:
    """A good file, changed at random in a thousand ways: refused in words, or read; never anything else."""
    good = pickled({"G_ema": forged.module("Generator", {"weight": torch.ones(3)}, {}, {}, a=1.5, b=["x", 2])}, 4)
    rng = random.Random(5)
    read = 0
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(2, len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 30)]
            elif kind == 2:
                data[at:at] = data[(cut := rng.randrange(len(data))) : cut + rng.randint(1, 30)]
            else:
                data[at:at] = bytes(rng.choices(b"(.0123eatblRcio}s\x81\x85\x93\x94h\x00q\x01", k=3))
        try:
            find.find(open_file(None, memoryview(bytes(data))))  # type: ignore[arg-type]
            read += 1
        except RefusedError as why:
            assert "\n" not in str(why) and str(why).isascii()
    assert 0 < read < 1500


def test_every_cut_of_a_file_is_refused() -> None:
    content = pickled(GOOD)
    for part in (0, 1, 2, 10, 100, len(content) // 3, len(content) // 2, len(content) - 1):
        refused(content[:part], "cut short|broken|empty|no checkpoint|no pickle|missing")
    for end in range(2, 400, 7):
        with pytest.raises(RefusedError):
            Machine(memoryview(content[:end])).run()


# --- tensors that lie


def state(**changes: Any) -> bytes:
    """A bare state dict with some entries changed (None: left out)."""
    entries: dict[str, Any] = {k: tensor(v) for k, v in BASE.state_dict().items()}
    return pickled({"G_ema": ordered(**{k: v for k, v in {**entries, **changes}.items() if v is not None})})


def view(shape: Any, stride: Any, offset: Any = 0, numbers: int = 8) -> Call:
    """A tensor of any claim on a storage of eight numbers."""
    made = tensor(torch.ones(numbers))
    made.args = (made.args[0], offset, shape, stride, False, ordered())
    return made


def stored(content: bytes) -> Call:
    """A tensor whose numbers are said to lie in some bytes."""
    return tensor(ONES, Call(Global("torch.storage", "_load_from_bytes"), (content,)))


NAME = "synthesis.b8.conv1.bias"
ONES = torch.ones(8)


@pytest.mark.parametrize(
    ("lie", "match"),
    [
        (view((1 << 30,), (0,)), "on a block of 8"),
        (view((100,), (1,)), "on a block of 8"),
        (view((2, 2), (4, 9)), "on a block of 8"),
        (view((8,), (1,), -1), "begins nowhere"),
        (view((8,), (1,), 1), "on a block of 8"),
        (view((-8,), (1,)), "no whole number"),
        (view((8,), (-1,)), "no whole number"),
        (view((1 << 62, 1 << 62), (1, 1)), "no whole number"),
        (view((True,), (1,)), "no whole number"),
        (view((8,), (1, 1)), "begins nowhere"),
        (view((1,) * 50, (1,) * 50), "no shape"),
        (view("8", (1,)), "no shape"),
        (view((EXEC,), (1,)), "no whole number"),
        (Call(Global("torch._utils", "_rebuild_tensor_v2"), ()), "without a shape"),
        (tensor(torch.ones(8), EXEC), r"builtins\.exec"),
        (tensor(ONES, Persistent(("storage", Global("torch", "FloatStorage"), "0", "cpu", 8))), "missing from"),
        (stored(b"garbage"), "broken|no pickle|cut"),
        (stored(forged.legacy_storage(b"\0" * 32, 8, "QInt8Storage")), r"torch\.QInt8Storage"),
        (stored(forged.legacy_storage(b"\0" * 8, 8)), "cut short"),
        (stored(forged.legacy_storage(b"\0" * 32, 8)[:-40] + struct.pack("<q", -1)), "cut short"),
    ],
)
def test_tensors_that_lie(lie: Call, match: str) -> None:
    refused(state(**{NAME: lie}), match)


def test_wrong_missing_extra_and_mad_numbers() -> None:
    bias = BASE.state_dict()[NAME]
    refused(state(**{NAME: tensor(torch.full_like(bias, float("nan")))}), rf"{NAME} holds NaN or infinity")
    refused(state(**{NAME: tensor(torch.full_like(bias, float("inf")))}), "NaN or infinity")
    refused(state(**{NAME: tensor(torch.ones(5))}), rf"{NAME} has the shape \[5\]")
    refused(state(**{NAME: None}), f"lacks {NAME}")
    refused(state(**{"synthesis.b8.conv9.weight": tensor(torch.ones(1))}), "has synthesis.b8.conv9.weight, which no")
    refused(state(**{"a b": tensor(torch.ones(1))}), "a name that is none")
    refused(state(**{"x\n\x1b[31m": tensor(torch.ones(1))}), "a name that is none")
    refused(state(**{"synthesis.b4.const": tensor(torch.ones(12, 4, 7))}), r"noise_const has the shape \[4, 4\]")
    refused(state(**{"synthesis.b4.const": tensor(torch.ones(12, 4, 70))}), "columns must be a number from 1 to 16")
    refused(state(**{"synthesis.b8.resample_filter": tensor(torch.ones(4, 4))}), "is not the filter 1 3 3 1")
    refused(pickled({"G_ema": ordered(**{"layer.weight": tensor(torch.ones(2))})}), "no StyleGAN that is known")
    refused(pickled({"epoch": 3, "optimizer": {}}), "under a known name; there are: epoch, optimizer")
    refused(pickled([1, 2]), "holds a list, and no generator")
    wide = nets.two(mapping_lr_multiplier=1e-9)
    refused(pickled(snapshot(forged.stylegan2(wide))), "mapping_lr_multiplier must be")


def test_numpy_arrays_that_lie() -> None:
    def with_array(a: Call) -> bytes:
        g, d, gs = forged.tensorflow(BASE)
        gs.state["variables"] = [("dlatent_avg", a)]
        return pickled((g, d, gs))

    def lying(**changes: Any) -> Call:
        made = forged.array(np.ones(8, "f4"))
        parts = dict(zip(("version", "shape", "dtype", "turned", "data"), made.state, strict=True)) | changes
        made.state = tuple(parts.values())
        return made

    refused(with_array(lying(dtype=forged.dtype("O8"))), "an array of O8")
    refused(with_array(lying(dtype=forged.dtype("O8"), data=[EXEC])), "an array of O8")
    refused(with_array(lying(data=[EXEC])), "holds a list where numbers should be")
    refused(with_array(lying(shape=(1 << 30,))), "cut short or lies")
    refused(with_array(lying(data=b"1234")), "cut short or lies")
    refused(with_array(lying(dtype=EXEC)), r"an array of builtins\.exec")
    refused(with_array(lying(dtype=forged.dtype(">f4"))), "other byte order|an array of")
    refused(with_array(Call(Global("numpy", "load"), ("x",))), r"numpy\.load")
    old = forged.tensorflow(BASE)
    old[2].state["version"] = 3
    refused(pickled(old), "StyleGAN of 2018")
    other = forged.tensorflow(BASE)
    other[2].state["static_kwargs"]["nonlinearity"] = "relu"
    refused(pickled(other), "nonlinearity = 'relu'")
    evil = forged.tensorflow(BASE)
    evil[2].state["components"]["more"] = EXEC
    refused(pickled(evil), r"Gs holds builtins\.exec")


ODD = (None, -1, 0, 1, 2, 3, 10**9, 1.5, float("nan"), float("inf"), "", "relu", [], [1], [3, 4], ["L0_36_6"], {}, True)


@pytest.mark.parametrize("kind", ["two", "r", "xl_head"])
def test_settings_that_lie(kind: str) -> None:
    """Any setting of any module set to anything: a model, or one line; never anything else."""
    value = forged.stylegan2(BASE) if kind == "two" else forged.stylegan3(nets.three(kind))
    Path("good.pkl").write_bytes(pickled(snapshot(value)))
    good = read_foreign("good.pkl")
    rng = random.Random(3)
    made = 0
    for _ in range(150):
        modules = copy.deepcopy(list(good.modules))
        at = rng.choice([m for m in modules if m["values"]])
        at["values"][rng.choice(sorted(at["values"]))] = rng.choice(ODD)
        if rng.random() < 0.2:
            del at["values"][rng.choice(sorted(at["values"]))]
        if rng.random() < 0.1:
            modules.remove(rng.choice(modules[1:]))
        try:
            translate(replace(good, modules=tuple(modules)))
            made += 1
        except ModelError as error:
            assert "\n" not in str(error)
    assert 0 < made < 150


# --- archives and safetensors


def test_zips_that_lie(tmp_path: Path) -> None:
    entries, storages = forged.beside(BASE.state_dict())
    data = {k: content for k, (content, _) in storages.items()}

    def made(**more: Any) -> bytes:
        forged.zip_file(tmp_path / "z", more.pop("value", entries), data, **more)
        return (tmp_path / "z").read_bytes()

    good = made()
    refused(made(packed=True), "packed or locked part")
    refused(good[: len(good) // 2], "torn zip|cut short")
    refused(good[: len(good) - 30], "torn zip|cut short")
    refused(made(value=EXEC), r"builtins\.exec")
    with zipfile.ZipFile("slip", "w") as out:  # names that would leave the folder: nothing is ever unpacked
        out.writestr("../../evil/data.pkl", pickled(EXEC))
        out.writestr("archive/data.pkl", pickled(EXEC, 2))
        out.writestr("archive/data/../../../x", b"1")
    refused(Path("slip").read_bytes(), r"builtins\.exec")
    with zipfile.ZipFile("other", "w") as out:
        out.writestr("readme.txt", "a model inside")
    refused(Path("other").read_bytes(), "none that torch writes")
    with zipfile.ZipFile("bomb", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive/data.pkl", b"\0" * (20 << 20))
    refused(Path("bomb").read_bytes(), "packed or locked part")
    with zipfile.ZipFile("turned", "w") as out:
        out.writestr("archive/data.pkl", pickled(entries, 2))
        out.writestr("archive/byteorder", "big")
    refused(Path("turned").read_bytes(), "the other way round")
    far = bytearray(good)
    far[far.rindex(b"PK\x01\x02") + 42 : far.rindex(b"PK\x01\x02") + 46] = b"\xf0\xff\xff\x7f"
    refused(bytes(far), "torn zip|cut short")
    rng = random.Random(7)
    for _ in range(150):
        torn = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            torn[rng.randrange(len(torn) - 3000, len(torn))] = rng.randrange(256)
        Path("torn").write_bytes(torn)
        try:
            with Path("torn").open("rb") as file:
                find.find(open_file(file, memoryview(bytes(torn))))
        except RefusedError:
            continue


def test_legacy_files_that_lie() -> None:
    entries, storages = forged.beside(BASE.state_dict())
    good = forged.legacy_file(entries, storages)
    for part in (20, 200, len(good) // 2, len(good) - 1):
        refused(good[:part], "cut short|broken|no pickle")
    refused(forged.legacy_file(EXEC, {}), r"builtins\.exec")
    refused(good.replace(pickled(1001, 2), pickled(1002, 2), 1), "a form that is not known")
    missing = dict(list(storages.items())[1:])
    refused(forged.legacy_file(entries, missing), "missing from the file")


def test_safetensors_that_lie() -> None:
    save_file({k: v.detach().clone() for k, v in BASE.state_dict().items()}, "good.safetensors")
    good = Path("good.safetensors").read_bytes()
    length = struct.unpack("<Q", good[:8])[0]

    def with_header(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text + good[8 + length :]

    refused(good[:-10], "cut short, or its header lies")
    refused(struct.pack("<Q", 11 << 20) + b"{" + b" " * (11 << 20), "more than 10 MiB")
    refused(with_header(b'{"a":' + b"[" * 100_000), "header that cannot be read")
    refused(with_header(b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}'), "header lies")
    refused(with_header(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}'), "no whole number")
    refused(with_header(b'{"a":{"dtype":"X99","shape":[1],"data_offsets":[0,4]}}'), "X99")
    refused(with_header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}'), "header lies")
    refused(with_header(b'{"a":{"dtype":"F32","shape":"no","data_offsets":[0,4]}}'), "no shape")
    refused(with_header(b'{"a":3}'), "header that cannot be read")
    many = (b'"t%d":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}' % n for n in range(20_001))
    refused(with_header(b"{" + b",".join(many) + b"}"), "more than 20000")


@pytest.mark.parametrize(
    "start", [b"\x89HDF\r\n", b"\x1f\x8b\x08", b"GIF89a", b"<html>", b"\0" * 64, b"version https://git"]
)
def test_files_of_another_kind(start: bytes) -> None:
    refused(start + b"x" * 100, "no checkpoint|archive or a file of another kind|broken|safetensors|no pickle")


def test_the_same_numbers_many_times_over() -> None:
    one = tensor(torch.ones(100_000))
    refused(pickled({"G_ema": ordered(**{f"x{n}": one for n in range(2000)})}), "the same numbers many times over")


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_foreign("gone.pkl")
    Path("folder").mkdir()
    with pytest.raises(ModelError, match="is no file"):
        read_foreign("folder")


def test_a_full_disk_and_a_taken_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("good.pkl").write_bytes(pickled(GOOD))
    Path("made").mkdir()
    Path("made/x").write_text("mine")
    with pytest.raises(ModelError, match="is there a model of that name"):
        convert_file("good.pkl", Path("made"), Stated("made"))
    assert Path("made/x").read_text() == "mine"
    full: Callable[..., Any] = lambda _: type("Use", (), {"free": 10})()  # noqa: E731
    monkeypatch.setattr("shutil.disk_usage", full)
    with pytest.raises(ModelError, match="disk is too full"):
        convert_file("good.pkl", Path("other"), Stated("other"))
    assert sorted(p.name for p in Path().iterdir()) == ["good.pkl", "made"]
