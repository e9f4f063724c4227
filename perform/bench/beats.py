"""How well the beat is found: the scorer's figures on the development set, and what a hop costs in CPU time.

The set and its scorer lie beside the checkout and are never shipped; without them the figures are not taken. The
excerpts are split into two folds by number, and the mean over the folds is what is reported. The tables that the
tracker goes by and the judge's weights come from renders of our own (`perform.train.beat_tables`, `beat_judge`),
never from the set; which scalars were chosen with the set in sight is listed in `perform.features.beat.core`.
"""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from perform.bench.machine import describe

SET_DIR = Path(__file__).resolve().parents[2].parent / "shared" / "audio"
SKIP_S = 5.0
AHEAD_S = 0.1
FIGURES = ("liveF", "F", "CMLt", "AMLt", "dbF", "med", "p95", "lock")
_QUICK = 6
_COST_S = 20.0


def run(quick: bool = False) -> dict[str, Any]:
    """Score the live causal path over every excerpt.

    quick: six excerpts only. Returns {"bench", "machine", "rows", "note"}; a row is {"what", figures...}. With no
    development set, `note` says so and only the cost rows are there.
    """
    rows: list[dict[str, Any]] = []
    note = ""
    scorer = load_scorer(SET_DIR)
    if scorer is None:
        note = "not taken: development set absent"
    else:
        paths = sorted((SET_DIR / "beats").glob("*.beats"))
        if quick:
            paths = paths[:: max(len(paths) // _QUICK, 1)]
        scored = [(path.stem, *score_one(scorer, path)) for path in paths]
        rows += summary(scored)
    rows.append(cost())
    return {"bench": "beats", "machine": describe(), "rows": rows, "note": note}


def load_scorer(set_dir: Path) -> ModuleType | None:
    """The scorer beside the set as a module; None when the set or mir_eval is not there."""
    path = set_dir / "score_beats.py"
    if not path.is_file() or not (set_dir / "beats").is_dir() or importlib.util.find_spec("mir_eval") is None:
        return None
    spec = importlib.util.spec_from_file_location("score_beats", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score_one(scorer: ModuleType, reference: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The scorer's figures for one excerpt, announced on the beat and AHEAD_S before it."""
    from perform.analysis.path import announced
    from perform.inputs import open_input

    sound = open_input(str(reference.with_suffix(".ogg")), live=False)
    sound.open()
    found = announced(sound, (0.0, AHEAD_S))
    sound.close()
    truth = scorer.load(str(reference))
    now, ahead = (scorer.score(truth, np.array(beats, float).reshape(-1, 3), SKIP_S) for beats in found)
    return now, ahead


def summary(scored: list[tuple[str, dict[str, float], dict[str, float]]]) -> list[dict[str, Any]]:
    """Rows: each excerpt, each fold, the mean over folds, the mean with lead, the false beats."""
    rows: list[dict[str, Any]] = [{"what": name, **_figures([now])} for name, now, _ in scored]
    folds = [[now for _, now, _ in scored[k::2]] for k in (0, 1)]
    means = [_figures(fold) for fold in folds]
    rows += [{"what": f"fold {k + 1} ({len(folds[k])})", **means[k]} for k in (0, 1)]
    rows.append({"what": "mean over folds", **{key: _mean([m.get(key) for m in means]) for key in FIGURES}})
    rows.append({"what": f"mean, {AHEAD_S * 1e3:.0f} ms ahead", **_figures([ahead for _, _, ahead in scored])})
    locks = [now["lock"] for _, now, _ in scored if np.isfinite(now["lock"])]
    rows.append({"what": "median lock", "lock_s": round(float(np.median(locks)), 2) if locks else None})
    false = [now["false"] for _, now, _ in scored if np.isfinite(now["false"])]
    rows.append({"what": "false beats where there is none", "count": int(sum(false)), "excerpts": len(false)})
    return rows


def _figures(scores: list[dict[str, float]]) -> dict[str, float | None]:
    return {key: _mean([score[key] for score in scores]) for key in FIGURES}


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None and np.isfinite(v)]
    return round(float(np.mean(known)), 3) if known else None


def cost(seconds: float = _COST_S, rate_hz: float = 44100.0) -> dict[str, Any]:
    """Microseconds of CPU time that one 10 ms hop of a drum pattern takes, median and p99, next to an FFT of 2048."""
    from perform.core.types import AudioBlock
    from perform.features.beat import BeatTracker

    t = np.arange(int(seconds * rate_hz)) / rate_hz
    into = t % 0.5
    noise = np.random.default_rng(1).standard_normal(len(t))
    sound = np.sin(2 * np.pi * 60 * t) * np.exp(-into * 25) + 0.2 * noise * np.exp(-((t + 0.25) % 0.5) * 40)
    samples = np.stack([sound, sound], axis=1).astype(np.float32)
    tracker = BeatTracker(rate_hz)
    hop = int(rate_hz / 100)
    taken, plain = [], []
    for at in range(0, len(samples) - hop, hop):
        block = AudioBlock(samples[at : at + hop], rate_hz, at / rate_hz)
        start = time.thread_time()
        tracker.process(block)
        middle = time.thread_time()
        np.fft.rfft(samples[:2048, 0])
        taken.append(middle - start)
        plain.append(time.thread_time() - middle)
    settled, base = np.array(taken[100:]) * 1e6, np.array(plain[100:]) * 1e6
    return {
        "what": "cost of a 10 ms hop",
        "median_us": round(float(np.median(settled)), 1),
        "p99_us": round(float(np.percentile(settled, 99)), 1),
        "ffts": round(float(np.median(settled) / np.median(base)), 2),
    }
