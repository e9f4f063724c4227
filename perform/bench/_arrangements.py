"""The ways to run one synthesis on a CPU, each beside the textbook's form, in turns within one run.

Times are the least of some rounds: processor time of all threads, which other programs disturb little, and wall-clock
time. Errors are root mean squares relative to the textbook's picture.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from perform.bench import _textbook


def arrangements(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """Rows for the shipped model and for a config-f of 256 px with random weights (small, when quick)."""
    from perform.generators.stylegan import load_network

    shipped = load_network(folder).generator
    wide = config_f(32 if quick else 256, {"channel_base": 512} if quick else {})
    rows = _compared(f"{folder.name} {shipped.arch.resolution} px", shipped, 2 if quick else 40, not quick)
    rows += _compared(f"config-f {wide.arch.resolution} px", wide, 2 if quick else 6, False)
    rows.append({"what": "OpenVINO: not taken, no such part is used"})
    return rows


def config_f(resolution: int, more: dict[str, Any]) -> Any:
    """[K20]'s largest network, weights drawn by a fixed seed, noise that shows."""
    import torch

    from perform.generators.stylegan import Architecture, Generator

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = Generator(Architecture(resolution=resolution, **more))
    with torch.no_grad():
        for block in made.synthesis.blocks():
            for conv in block.convs:
                conv.noise_strength.fill_(0.1)
    return made.eval().requires_grad_(False)


def _compared(what: str, generator: Any, rounds: int, compile_too: bool) -> list[dict[str, Any]]:
    import torch

    from perform.deck_source import _quick_dtype
    from perform.generators.stylegan.load import Network, seed_z

    played = {"float32": torch.float32}
    if _quick_dtype("cpu") is not None:
        played["bfloat16"] = torch.bfloat16
    networks = {word: Network(generator, dtype=dtype) for word, dtype in played.items()}
    ws = networks["float32"].mapping(seed_z(1, generator.arch.z_dim))
    plain = generator.synthesis
    ways: dict[str, Callable[[], Any]] = {
        "textbook, float32": partial(_textbook.synthesis, plain, ws),
        "training's formula, float32": partial(plain, ws),
        **{f"played, {word}": partial(network.synthesis, ws) for word, network in networks.items()},
    }
    if compile_too and shutil.which("g++"):
        ways["training's formula, compiled by Inductor"] = partial(torch.compile(plain), ws)
    with torch.inference_mode():
        return _taken(what, ways, rounds)


def _taken(what: str, ways: dict[str, Callable[[], Any]], rounds: int) -> list[dict[str, Any]]:
    right = next(iter(ways.values()))()
    errors = {}
    for way, call in ways.items():
        call()  # what is made at the first picture is not what one costs
        errors[way] = float((call() - right).norm() / right.norm())
    wall, busy = (dict.fromkeys(ways, float("inf")) for _ in range(2))
    for _ in range(rounds):
        for way, call in ways.items():
            wall_s, busy_s = time.perf_counter(), time.process_time()
            call()
            busy[way] = min(busy[way], time.process_time() - busy_s)
            wall[way] = min(wall[way], time.perf_counter() - wall_s)
    base_wall, base_busy = next(iter(wall.values())), next(iter(busy.values()))
    return [
        {
            "what": f"{what}: {way}",
            "ms_least": round(wall[way] * 1e3, 2),
            "cpu_ms": round(busy[way] * 1e3, 2),
            "times_faster": round(base_wall / wall[way], 2),
            "times_less_cpu": round(base_busy / max(busy[way], 1e-9), 2),
            "error": float(f"{errors[way]:.2g}"),
        }
        for way in ways
    ]
