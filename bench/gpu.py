"""Every figure that needs a CUDA card, from a plain checkout: `python bench/gpu.py`. A few minutes.

Correctness comes first: float16 against float32, recorded graph against layer by layer. Where that fails, no time is
taken, and the exit is 1. Times are of one picture at batch 1, latents in, picture on the card out, the least mean of
some rounds. The floor is the sum over layers of the larger of arithmetic and memory traffic on an H100 (790 TFLOP/s,
3 TB/s), worked out on paper; on another card it is no floor. Writes bench/gpu.json and the section in RESULTS.md.
"""

from __future__ import annotations

import argparse
import ctypes.util
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

ROUND_S = 0.3  # a round of a slow network is cut to about that, two pictures at least
HALF_BOUND, GRAPH_BOUND = 2e-2, 1e-3
CASES: Mapping[str, tuple[str, int, float, float, float]] = {
    "StyleGAN2 config-f 1024": ("stylegan2", 1024, 75.4, 0.38, 1.5),
    "StyleGAN2 config-f 512": ("stylegan2", 512, 60.2, 0.23, 0.8),
    "StyleGAN3-T 1024": ("stylegan3", 1024, 285.0, 1.5, 6.0),
}
"""What -> family, side in px, GMAC of its convolutions, floor and aim in ms."""
SMALL: Mapping[str, tuple[str, int, float, float, float]] = {
    "StyleGAN2 16": ("stylegan2", 16, 0.0, 0.0, 0.0),
    "StyleGAN3-T 16": ("stylegan3", 16, 0.0, 0.0, 0.0),
}


def main(words: list[str] | None = None) -> int:
    """0: all taken; 1: a picture was wrong; 2: no card."""
    parser = argparse.ArgumentParser(description="take the figures that need a CUDA card")
    parser.add_argument("--quick", action="store_true", help="tiny networks, to see that it runs")
    parser.add_argument("--save", type=Path, default=HERE, metavar="DIR", help="where gpu.json and RESULTS.md go")
    args = parser.parse_args(words)
    import torch

    if not torch.cuda.is_available():
        sys.stderr.write("no CUDA device: not taken\n")
        return 2
    rows = taken("cuda", SMALL if args.quick else CASES, 5 if args.quick else 30)
    rows += diffusion(5 if args.quick else 60, args.quick)
    rows.append(interop())
    from perform.bench._results import save
    from perform.bench.machine import describe

    machine = {**describe(), "card": torch.cuda.get_device_name(0), "cuda": torch.version.cuda}
    machine["torch"] = torch.__version__
    page = save([{"bench": "gpu", "machine": machine, "rows": rows}], args.save)
    sys.stdout.write(f"{json.dumps(rows, indent=1)}\nkept in {page}\n")
    return 1 if any(row.get("right") == "no" for row in rows) else 0


def taken(device: str, cases: Mapping[str, tuple[str, int, float, float, float]], count: int) -> list[dict[str, Any]]:
    """The rows of all cases; one that fails says why, and the others go on."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32 is the reference
    torch.backends.cudnn.benchmark = True
    rows = []
    for what, case in cases.items():
        try:
            rows += _one(what, case, device, count)
        except Exception as error:  # noqa: BLE001 - one network that does not fit must not hide the others
            rows.append({"what": what, "right": "no", "note": f"{type(error).__name__}: {str(error)[:160]}"})
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()
    return rows


def diffusion(count: int, quick: bool) -> list[dict[str, Any]]:
    """SD-Turbo's and SDXL-Turbo's shapes; what fails says why."""
    from perform.bench.diffusion import on_card

    try:
        return on_card(count, quick)
    except Exception as error:  # noqa: BLE001 - the other figures must not be lost
        return [{"what": "diffusion", "right": "no", "note": f"{type(error).__name__}: {str(error)[:160]}"}]


def _one(what: str, case: tuple[str, int, float, float, float], device: str, count: int) -> list[dict[str, Any]]:
    import torch

    from perform.generators.stylegan.graphed import Graphed
    from perform.generators.stylegan.load import Network

    family, side, gmac, floor_ms, aim_ms = case
    generator = drawn(family, side).to(device)
    exact, half = Network(generator), Network(generator, dtype=torch.float16)
    graph = Graphed(half._fused, half.num_layers) if device == "cuda" else None
    exact.graph = half.graph = None
    ws = [exact.mapping(exact.seed(number)) for number in (1, 2)]
    right, shown = exact.synthesis(ws[1]), half.synthesis(ws[1])
    rows = [_judged(f"{what}: float16 against float32", shown, right, HALF_BOUND)]
    ways: dict[str, Callable[[], Any]] = {
        "float32, layer by layer": lambda: exact.synthesis(ws[0]),
        "float16, layer by layer": lambda: half.synthesis(ws[0]),
    }
    if graph is not None:
        graph(ws[0], "const", None)  # records with one picture, and then paints the other
        painted = graph(ws[1], "const", None)
        if painted is None:
            return [*rows, {"what": f"{what}: graph", "right": "no", "note": graph.failed}]
        rows.append(_judged(f"{what}: graph against layer by layer", painted, shown, GRAPH_BOUND))
        ways["float16, one graph"] = lambda: graph(ws[0], "const", None)
    if any(row["right"] == "no" for row in rows):
        return rows
    for way, call in ways.items():
        row = {"what": f"{what}: {way}", "ms_least": round(_least_ms(call, count, device), 4)}
        if floor_ms and way.startswith("float16"):
            row |= {"gmac": gmac, "floor_ms": floor_ms, "times_floor": round(row["ms_least"] / floor_ms, 2)}
            row |= {"aim_ms": aim_ms}
        rows.append(row)
    return rows


def _judged(what: str, shown: Any, right: Any, bound: float) -> dict[str, Any]:
    error = float((shown.float() - right.float()).norm() / right.float().norm())
    good = error <= bound and bool(shown.isfinite().all())
    return {"what": what, "error": float(f"{error:.2g}"), "bound": bound, "right": "yes" if good else "no"}


def _least_ms(call: Callable[[], Any], count: int, device: str) -> float:
    import torch

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    call()
    wait()
    began_s = time.perf_counter()
    call()
    wait()
    count = max(2, min(count, int(ROUND_S / max(time.perf_counter() - began_s, 1e-6))))
    least = float("inf")
    for _ in range(7):
        wait()
        began_s = time.perf_counter()
        for _ in range(count):
            call()
        wait()
        least = min(least, (time.perf_counter() - began_s) * 1e3 / count)
    return least


def drawn(family: str, side: int) -> Any:
    """A network of random weights, the same on every machine."""
    import torch

    from perform.bench._arrangements import config_f

    most = 512 if side > 16 else 16
    if family == "stylegan2":
        return config_f(side, {"channel_max": most})
    from perform.generators.stylegan.alias_free import Generator3
    from perform.generators.stylegan.alias_free.schedule import Recipe, planned

    arch, filters = planned(Recipe(side, channel_max=most, num_layers=14 if side > 16 else 4), z_dim=512, w_dim=512)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = Generator3(arch)
        made.set_filters(filters)
        with torch.no_grad():
            waves = made.synthesis.input
            waves.affine.weight.mul_(0.1)
            waves.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
            waves.freqs.mul_(0.5 * arch.input.bandwidth)
    return made.eval().requires_grad_(False)


def interop() -> dict[str, Any]:
    """Whether pictures could go from CUDA to OpenGL on the card: an EGL context on it, and the runtime's entry."""
    row: dict[str, Any] = {"what": "CUDA to OpenGL through EGL"}
    if ctypes.util.find_library("EGL") is None:
        return {**row, "note": "not taken: no libEGL"}
    try:
        import moderngl

        context = moderngl.create_standalone_context(backend="egl")
        renderer = context.info["GL_RENDERER"]
        context.release()
    except Exception as error:  # noqa: BLE001 - no display stack is an answer, too
        return {**row, "note": f"not taken: {type(error).__name__}: {str(error)[:120]}"}
    try:
        entry = hasattr(ctypes.CDLL(ctypes.util.find_library("cuda") or "libcuda.so.1"), "cuGraphicsGLRegisterImage")
    except OSError:
        entry = False
    return {**row, "note": f"{renderer}; cuGraphicsGLRegisterImage {'is there' if entry else 'is missing'}"}


if __name__ == "__main__":
    sys.exit(main())
