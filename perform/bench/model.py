"""The shipped model's frame time, beside the textbook formulation of the same network."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def model_folders(kind: str = "stylegan") -> list[Path]:
    """Every shipped model whose card's kind begins so: in a checkout beside the package, in a wheel inside it."""
    from perform.core.card import read_card

    package = Path(__file__).resolve().parents[1]
    places = (package.parent / "models", package / "content" / "models")
    folders = sorted(card.parent for place in places for card in place.glob("*/model.toml"))
    return [folder for folder in folders if read_card(folder).kind.startswith(kind)]


def timed(call: Callable[[], Any], count: int) -> dict[str, float]:
    """Milliseconds of one call, median and 99th percentile, and calls a second."""
    import numpy as np

    for _ in range(3):
        call()
    spans = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        spans.append((time.perf_counter() - begin) * 1e3)
    p50, p99 = np.percentile(spans, [50, 99])
    return {"ms_p50": round(float(p50), 2), "ms_p99": round(float(p99), 2), "fps": round(1e3 / float(p50), 1)}


def run(quick: bool = False) -> dict[str, Any]:
    """One row per model and precision, and the plain formula as the baseline."""
    import torch

    from perform.bench.machine import describe
    from perform.generators.stylegan import load_network

    count = 5 if quick else 120
    rows: list[dict[str, Any]] = []
    for folder in model_folders():
        ws = None
        for word, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            network = load_network(folder, dtype=dtype)
            ws = network.mapping(network.seed(1)) if ws is None else ws
            what = f"{folder.name} {network.resolution} px {word}"
            rows.append({"what": what, **timed(lambda n=network, w=ws: n.synthesis(w), count)})  # type: ignore[misc]
        plain = network.generator.synthesis
        with torch.no_grad():
            rows.append({"what": f"{folder.name} plain formula float32", **timed(lambda p=plain, w=ws: p(w), count)})
    return {"bench": "model", "machine": describe(), "rows": rows}
