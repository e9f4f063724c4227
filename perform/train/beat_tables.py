"""The beat tracker's tables, from renders of our own: `python -m perform.train.beat_tables [--write FILE]`.

Every piece of `beat_renders` goes through the tracker's own onset front. The strength of the onset in each band on
beats, halfway, on quarters and on a triplet's last third is set against that of any hop, which is what a grid of a
wrong tempo or phase meets: for each band a line a + b * strength is fitted to the logarithm of the likelihood ratio
(logistic regression with both sides weighing the same). Only pieces that use a kind of place speak for it; the share
of pieces that do is its share.

One choice was made with the development set in sight: places that hold a note against places that hold none were
tried first. Fresh renders hardly tell the two readings apart (F 0.83 for the first, 0.81 for this), the set does
(0.72 and 0.86), and so the first was dropped. No number here was changed after a look at the set.

For the bar, the cues of each beat are standardised within a piece, and the linear discriminant between places gives
their weights.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from perform.features.beat.core import LATENCY_S
from perform.features.beat.onset import BANDS, HOPS_PER_S, OnsetFront, OnsetScale
from perform.features.beat.pulse import PulseModel
from perform.train.beat_renders import RATE_HZ, STYLES, Piece, render

PIECES = 4 * len(STYLES)
KINDS = ("beat", "half", "quarter", "swing")
SPOTS = ((0.0, 0), (0.5, 1), (0.25, 2), (0.75, 2), (2 / 3, 3))
"""(place in the beat, kind) of the places that the pulse filter looks at."""

_USED = 0.2  # a piece that writes on this part of such places uses them
_SETTLE_S = 2.0  # the scale of the onsets has found its level
_RIDGE = 0.02
_EVENT_DELAY_S = 0.02


@dataclass(frozen=True)
class Heard:
    """What the tracker's front made of a piece. events: [hops, BANDS]. spectra: [hops, filters]."""

    events: np.ndarray
    spectra: np.ndarray
    centres_hz: np.ndarray


def listen(samples: np.ndarray, rate_hz: float) -> Heard:
    """Run the onset front and the scale over samples [n, channels], and gather events as the pulse filter does."""
    model, front, scale = PulseModel(), OnsetFront(rate_hz), OnsetScale()
    front.feed(samples)
    onsets, spectra = [], []
    while front.ready():
        onsets.append(scale.step(front.next()[1]))
        spectra.append(front.bands)
    taper = np.array(model.taper, np.float32)[:, None]
    padded = np.concatenate([np.zeros((len(taper) - 1, BANDS), np.float32), np.array(onsets)])
    events = np.stack([(padded[k : k + len(taper)] * taper).max(axis=0) for k in range(len(onsets))])
    return Heard(np.minimum(events, model.cap), np.array(spectra), front.centres_hz)


def hop_of(time_s: np.ndarray) -> np.ndarray:
    """The hops whose events show what falls at these times."""
    return np.round((time_s + LATENCY_S + _EVENT_DELAY_S) * HOPS_PER_S).astype(int) - 1


@dataclass(frozen=True)
class Sample:
    """on: for each kind, events [n, BANDS] at every such place. used: whether the piece writes on such places at all.
    anywhere: events of all hops, which is what a grid of a wrong tempo or phase meets."""

    on: list[np.ndarray]
    used: np.ndarray
    anywhere: np.ndarray


def places(piece: Piece, heard: Heard) -> Sample:
    """Sort a piece's hops by place in the beat."""
    on: list[list[np.ndarray]] = [[] for _ in KINDS]
    written = np.zeros((len(KINDS), 2))
    first_hop = round(_SETTLE_S * HOPS_PER_S)
    for part, kind in SPOTS:
        beats = np.arange(len(piece.beats_s)) + part
        hops = hop_of(piece.beats_s[0] + beats * piece.period_s)
        usable = (hops < len(heard.events)) & (hops >= first_hop)
        on[kind].append(heard.events[hops[usable]])
        near = np.abs(beats[:, None] - piece.grid_beats[None, :]).min(axis=1) < 0.02
        written[kind] += (near.sum(), len(near))
    used = written[:, 0] > _USED * written[:, 1]
    return Sample([np.concatenate(part) for part in on], used, heard.events[first_hop:])


def line(yes: np.ndarray, no: np.ndarray) -> tuple[float, float]:
    """(a, b) of the log likelihood ratio a + b * x of yes [n] against no [m], by logistic regression."""
    x = np.stack([np.ones(len(yes) + len(no)), np.concatenate([yes, no])], axis=1)
    y = np.concatenate([np.ones(len(yes)), np.zeros(len(no))])
    weight = np.concatenate([np.full(len(yes), 0.5 / len(yes)), np.full(len(no), 0.5 / len(no))])
    ridge = np.diag([0.0, _RIDGE / 25.0])
    fit = np.zeros(2)
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ fit, -30.0, 30.0)))
        slope = x.T @ (weight * (p - y)) + ridge @ fit
        bend = (x * (weight * p * (1.0 - p))[:, None]).T @ x + ridge
        fit -= np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
    return float(fit[0]), float(fit[1])


def cues(piece: Piece, heard: Heard) -> np.ndarray:
    """The bar filter's cues [beats, 3] for a piece whose beats are known, standardised; see `bars`."""
    period = piece.period_s
    harmony = (heard.centres_hz >= 60.0) & (heard.centres_hz <= 2000.0)
    last, rows = np.zeros(int(harmony.sum())), []
    for beat_s, hop in zip(piece.beats_s, hop_of(piece.beats_s), strict=True):
        lo = round((beat_s + LATENCY_S + 0.2 * period) * HOPS_PER_S)
        hi = max(round((beat_s + min(0.85 * period, period - 0.12)) * HOPS_PER_S), lo + 1)
        if hi > len(heard.events):
            break
        event = heard.events[hop]
        shape = heard.spectra[lo:hi, harmony].sum(axis=0)
        shape = shape - shape.mean()
        shape = shape / max(float(np.sqrt(shape @ shape)), 1e-6)
        rows.append([event[0], 0.5 * (event[2] + event[3]) - event[0], 1.0 - float(shape @ last)])
        last = shape
    table = np.array(rows)[1:]  # the first has nothing before it
    return np.asarray(np.clip((table - table.mean(axis=0)) / np.sqrt(table.var(axis=0) + 1e-4), -2.5, 2.5))


def bar_weights(pieces: list[tuple[Piece, np.ndarray]]) -> dict[str, tuple[float, ...]]:
    """Weights of the cues on downbeats, in the middle of a bar of four and elsewhere: the linear discriminant, which
    is the mean of each group over the covariance that the groups share."""
    groups: dict[str, list[np.ndarray]] = {"downbeat": [], "weak": [], "middle": []}
    for piece, table in pieces:
        metre, where = piece.style.metre, piece.places[1 : len(table) + 1]
        if metre == 2:  # half of its ones would be threes of a bar of four
            continue
        middle = (where == 2) & (metre == 4)
        groups["downbeat"].append(table[where == 0])
        groups["weak"].append(table[(where > 0) & ~middle])
        groups["middle"].append(table[middle])
    tables = {name: np.concatenate(rows) for name, rows in groups.items()}
    inside = np.concatenate([table - table.mean(axis=0) for table in tables.values()])
    shared = inside.T @ inside / len(inside) + 0.05 * np.eye(inside.shape[1])
    return {name: _rounded(np.linalg.solve(shared, table.mean(axis=0))) for name, table in tables.items()}


def _rounded(values: np.ndarray, digits: int = 2) -> tuple[float, ...]:
    return tuple(round(float(v), digits) + 0.0 for v in values)


def derive(seeds: range) -> dict[str, tuple[float, ...]]:
    """All tables, from the pieces of these seeds."""
    samples, bars = [], []
    for seed in seeds:
        piece = render(seed)
        heard = listen(piece.samples, RATE_HZ)
        samples.append(places(piece, heard))
        bars.append((piece, cues(piece, heard)))
    anywhere = np.concatenate([s.anywhere for s in samples])
    tables: dict[str, tuple[float, ...]] = {}
    for kind, name in enumerate(KINDS):
        events = np.concatenate([s.on[kind] for s in samples if s.used[kind]] or [anywhere])
        lines = np.array([line(events[:, band], anywhere[:, band]) for band in range(BANDS)])
        tables[name] = _rounded(lines.T.ravel())
    used = np.mean([s.used for s in samples], axis=0)
    tables["shares"] = _rounded(np.clip(used, 0.02, 0.98))
    return tables | bar_weights(bars)


HEAD = '''"""What onsets are like by place in the beat and in the bar, as `python -m perform.train.beat_tables` found.

The numbers come from renders of this project's own ({count} pieces of {styles} styles; that script makes them again
to the last digit) and from nothing else. BEAT, HALF, QUARTER, SWING: log likelihood of an onset on such a place
against one at any hop; for each band the value at silence, then the slopes. SHARES: how many pieces use such places.
DOWNBEAT, WEAK, MIDDLE: weights of the bar filter's three cues.
"""

'''


def module_text(tables: dict[str, tuple[float, ...]], count: int) -> str:
    """The module that holds the tables, as text."""
    lines = [f"{name.upper()} = ({', '.join(str(v) for v in values)})" for name, values in tables.items()]
    return HEAD.format(count=count, styles=len(STYLES)) + "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command: print the module, or write it."""
    parser = argparse.ArgumentParser(prog="perform.train.beat_tables", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pieces", type=int, default=PIECES, help="how many pieces to render")
    parser.add_argument("--write", type=Path, help="the module to write, perform/features/beat/tables.py")
    options = parser.parse_args(arguments)
    text = module_text(derive(range(options.pieces)), options.pieces)
    if options.write:
        options.write.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
