"""Teaches the beat tracker's judge: `python -m perform.train.beat_judge --write perform/features/beat`.

Every practice piece of `beat_band` goes through the tracker's own onset front. At moments drawn at random the true
grid is set beside its relatives (half, double, three against two, shifted, and some at random), each cut into eight
beats as the judge hears them; the judge learns to pick the true one, or none where there is no beat or where the true
one was left out (cross-entropy over the grids and "none"). On the true grid it also learns the place in the bar. Gains
of the bands vary, bands drop out, noise is added: renders are tidier than music.

Every eighth groove may be kept back (`--hold`), to see how well grooves are judged that were never practised.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from perform.features.beat.choice import RELATIVES
from perform.features.beat.core import LATENCY_S
from perform.features.beat.judge import BEATS, CELLS, PLACES, SUBDIVISIONS, tempo_code
from perform.features.beat.onset import BANDS, HOPS_PER_S
from perform.train.beat_band import NOT_MUSIC_EVERY, RATE_HZ, play
from perform.train.beat_styles import grooves
from perform.train.beat_tables import listen

PIECES = 4200
EPOCHS = 8
MOMENTS = 8
"""Taken from each piece."""
FURTHER = ((2.0, 0.5), (2.0, 1.5), (4 / 3, 1 / 3), (1 / 2, 1 / 4), (4.0, 0.0), (4.0, 2.0), (1 / 4, 0.0))
"""Relatives that are practised and not asked for in play."""
STRANGERS = 3
BATCH, GRIDS_A_STEP = 64, 15
WIDTH, HIDDEN = 32, 64
_DROP, _SMOOTH, _PLACE_WEIGHT, _LEFT_OUT = 0.25, 0.05, 0.3, 0.2
_SHORTEST, _LONGEST = 24.0, 205.0
_EVENT_DELAY_S = 0.02
_PAD = 2000
_CELL_AT = np.arange(CELLS) / SUBDIVISIONS - BEATS
_FIRST_PLACE = np.cumsum([0, 2, 3, 4, 5, 6])


@dataclass(frozen=True)
class Lessons:
    """cells [n, grids, BEATS, SUBDIVISIONS * BANDS] float16. side [n, grids, 17] float32: tempo, how much of the
    eight beats has been heard, whether the grid counts. place [n]: 0..PLACES - 1, or -1 where there is no beat.
    seed [n]. The true grid is the first."""

    cells: np.ndarray
    side: np.ndarray
    place: np.ndarray
    seed: np.ndarray


def groove_number(seed: np.ndarray) -> np.ndarray:
    """Which groove a piece plays; -1: none."""
    return np.where(
        seed % NOT_MUSIC_EVERY == NOT_MUSIC_EVERY - 1, -1, (seed - seed // NOT_MUSIC_EVERY) % len(grooves())
    )


def hear(seed: int, cache: Path | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(events [hops, BANDS], beats_s, places, metre) of one piece; kept in a folder if one is given."""
    kept = cache / f"{seed}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept) as z:
            return z["events"], z["beats_s"], z["places"], int(z["metre"])
    piece = play(seed)
    events = listen(piece.samples, RATE_HZ).events
    if kept:
        np.savez(kept, events=events, beats_s=piece.beats_s, places=piece.places, metre=piece.metre)
    return events, piece.beats_s, piece.places, piece.metre


def cut(events: np.ndarray, last: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Events [hops, BANDS] as grids cut them [n, BEATS, SUBDIVISIONS * BANDS]. last, period: in hops [n]."""
    padded = np.concatenate([np.zeros((_PAD, BANDS), np.float32), events])
    index = np.round(last[:, None] + _CELL_AT * period[:, None]).astype(int) + _PAD
    return padded[np.clip(index, 0, len(padded) - 1)].reshape(len(last), BEATS, SUBDIVISIONS * BANDS)


def _moment(
    hops: int, beats_s: np.ndarray, places: np.ndarray, metre: int, rng: np.random.Generator
) -> tuple[float, float, float, int] | None:
    """(now, last beat, period, place of the beat before) of a moment of a piece, times in hops; None: too early."""
    now = float(rng.uniform(1.6, hops / HOPS_PER_S)) * HOPS_PER_S
    if len(beats_s) <= 6:
        period = HOPS_PER_S * 60.0 / float(rng.uniform(40, 220))
        return now, now - float(rng.uniform(0.0, period)), period, -1
    delay_s = LATENCY_S + _EVENT_DELAY_S
    k = int(np.searchsorted(beats_s, now / HOPS_PER_S - delay_s)) - 1
    if k < 3:
        return None
    back = min(int(rng.integers(2, 6)), k)
    period = float(beats_s[k] - beats_s[k - back]) / back * HOPS_PER_S * float(np.exp(rng.normal(0.0, 0.004)))
    last = (float(beats_s[k]) + delay_s) * HOPS_PER_S - 1.0 + float(rng.normal(0.0, 0.8))
    return now, last, period, int(_FIRST_PLACE[metre - 2] + (places[k] - 1) % metre)


def lessons_of(seed: int, cache: Path | None) -> Lessons | None:
    """What one piece teaches."""
    rng = np.random.default_rng([5, seed])
    events, beats_s, places, metre = hear(seed, cache)
    family = np.array([*RELATIVES, *FURTHER])
    rows = []
    for _ in range(MOMENTS):
        moment = _moment(len(events), beats_s, places, metre, rng)
        if moment is None:
            continue
        now, last, period, place = moment
        length = np.concatenate([period * family[:, 0], period * np.exp(rng.uniform(-0.7, 0.7, STRANGERS))])
        beat = np.concatenate([last + period * family[:, 1], now - rng.uniform(0.0, 1.5 * period, STRANGERS)])
        beat -= np.ceil((beat - now) / length) * length
        counts = (length >= _SHORTEST) & (length <= _LONGEST)
        if not counts[0]:
            continue
        cells = cut(events, beat, np.clip(length, 20.0, 210.0))
        cells[~counts] = 0.0
        heard = np.clip(beat / (BEATS * length), 0.0, 1.0)
        side = np.concatenate([tempo_code(length), heard[:, None], counts[:, None]], axis=1).astype(np.float32)
        rows.append((cells.astype(np.float16), side, place))
    if not rows:
        return None
    cells, sides, known = zip(*rows, strict=True)
    return Lessons(np.stack(cells), np.stack(sides), np.array(known), np.full(len(rows), seed))


def gather(seeds: range, cache: Path | None) -> Lessons:
    """What all these pieces teach."""
    parts = [part for seed in seeds if (part := lessons_of(seed, cache)) is not None]
    return Lessons(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("cells", "side", "place", "seed")))


class Network(nn.Module):
    """As `perform.features.beat.judge.Judge` computes it."""

    def __init__(self) -> None:
        super().__init__()
        self.beat = nn.Linear(SUBDIVISIONS * BANDS, WIDTH)
        self.all = nn.Linear(BEATS * WIDTH + 16, HIDDEN)
        self.score = nn.Linear(HIDDEN, 1)
        self.place = nn.Linear(HIDDEN, PLACES)

    def forward(self, cells: torch.Tensor, side: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """cells [..., BEATS, SUBDIVISIONS * BANDS], side [..., 16] -> score [...], place [..., PLACES]."""
        each = F.dropout(F.relu(self.beat(cells)).flatten(-2), _DROP, self.training)
        hidden = F.dropout(F.relu(self.all(torch.cat([each, side], -1))), _DROP, self.training)
        return self.score(hidden)[..., 0], self.place(hidden)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights under the judge's names, float16."""
        out = {}
        for name in ("beat", "all", "score", "place"):
            layer = getattr(self, name)
            out[f"{name}_w"] = layer.weight.detach().numpy().T.astype(np.float16)
            out[f"{name}_b"] = layer.bias.detach().numpy().astype(np.float16)
        out["score_w"], out["score_b"] = out["score_w"][:, 0], out["score_b"][0]
        return out


def _taken(lessons: Lessons, rows: np.ndarray, columns: np.ndarray) -> tuple[torch.Tensor, ...]:
    """(cells, side, counts, place) of some lessons and some of their grids."""
    at = (rows[:, None], columns[None, :])
    side = torch.from_numpy(lessons.side[at])
    cells = torch.from_numpy(lessons.cells[at].astype(np.float32))
    return cells, side[..., :-1], side[..., -1] > 0, torch.from_numpy(lessons.place[rows])


def _choices(score: torch.Tensor, counts: torch.Tensor, absent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(logits with "none" first, which may be chosen)."""
    allowed = counts.clone()
    allowed[:, 0] &= ~absent
    allowed = torch.cat([torch.ones(len(score), 1, dtype=torch.bool), allowed], 1)
    logits = torch.cat([torch.zeros(len(score), 1), score], 1)
    return logits.masked_fill(~allowed, -1e4), allowed


def _loss(network: Network, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
    cells, side, counts, place = batch
    count, width = len(cells), cells.shape[:3]
    gain = (torch.rand(count, 1, 1, 1, BANDS) * 0.7 + 0.5) * (torch.rand(count, 1, 1, 1, BANDS) > 0.1)
    cells = (cells.view(*width, SUBDIVISIONS, BANDS) * gain).flatten(-2)
    cells = cells + 0.04 * torch.randn_like(cells)
    absent = (place < 0) | (torch.rand(count) < _LEFT_OUT)
    score, where = network(cells, side)
    logits, allowed = _choices(score, counts, absent)
    picked = F.cross_entropy(logits, (~absent).long())
    even = -((F.log_softmax(logits, 1) * allowed).sum(1) / allowed.sum(1)).mean()
    loss = (1.0 - _SMOOTH) * picked + _SMOOTH * even
    known = place >= 0
    if bool(known.any()):
        loss = loss + _PLACE_WEIGHT * F.cross_entropy(where[known, 0], place[known])
    return loss


def measure(network: Network, lessons: Lessons, rows: np.ndarray) -> dict[str, float]:
    """How often the true grid is the best, and its place the likeliest, over lessons that have one."""
    network.eval()
    right, placed = [], []
    rows = rows[lessons.place[rows] >= 0]
    with torch.no_grad():
        for some in np.array_split(rows, max(1, len(rows) // 256)):
            cells, side, counts, place = _taken(lessons, some, np.arange(lessons.side.shape[1]))
            score, where = network(cells, side)
            right.append((score.masked_fill(~counts, -1e4).argmax(1) == 0).numpy())
            placed.append((where[:, 0].argmax(1) == place).numpy())
    return {
        "grid": round(float(np.concatenate(right).mean()), 3),
        "place": round(float(np.concatenate(placed).mean()), 3),
    }


def teach(lessons: Lessons, rows: np.ndarray, epochs: int) -> Network:
    """A network taught on these lessons, the same every time on the same machine."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    per_epoch, grids = max(1, len(rows) // BATCH), lessons.side.shape[1]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=epochs * per_epoch + 1)
    for _ in range(epochs):
        network.train()
        for some in np.array_split(rng.permutation(rows), per_epoch):
            columns = np.concatenate([[0], 1 + rng.permutation(grids - 1)[: GRIDS_A_STEP - 1]])
            loss = _loss(network, _taken(lessons, np.sort(some), columns))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network


def card(sha256: str, pieces: int, epochs: int, measures: dict[str, float]) -> str:
    """The card, as TOML."""
    shown = ", ".join(f"{name} = {value}" for name, value in measures.items())
    return (
        'name = "judge"\nauthor = "the perform authors"\nlicence = "Apache-2.0"\n'
        'description = "Whether a grid of beats fits the music: level, off-beat, place in the bar. See judge.py."\n'
        f'weights = "judge.npz"\nsha256 = "{sha256}"\n\n[training]\n'
        f'data = "{pieces} pieces of 18 s in {len(grooves())} grooves, written and synthesised by this project '
        '(perform/train/beat_styles.py, beat_band.py, beat_sounds.py). No recording, no other model."\n'
        f'script = "python -m perform.train.beat_judge --pieces {pieces} --epochs {epochs} --write FOLDER"\n'
        f"measures_on_practice = {{ {shown} }}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """The command: teach, measure, write the weights and their card."""
    parser = argparse.ArgumentParser(prog="perform.train.beat_judge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pieces", type=int, default=PIECES, help="how many practice pieces")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--hold", action="store_true", help="keep every eighth groove back and measure on it")
    parser.add_argument("--cache", type=Path, help="a folder that keeps what was heard of each piece")
    parser.add_argument("--write", type=Path, help="the folder for judge.npz and judge.toml")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    start_s = time.perf_counter()
    lessons = gather(range(options.pieces), options.cache)
    groove = groove_number(lessons.seed)
    held = (groove >= 0) & (groove % 8 == 3)
    rows = np.flatnonzero(~held) if options.hold else np.arange(len(lessons.seed))
    network = teach(lessons, rows, options.epochs)
    measures = measure(network, lessons, np.flatnonzero(held) if options.hold else rows)
    sys.stdout.write(f"{measures} after {time.perf_counter() - start_s:.0f} s\n")
    if options.write:
        path = options.write / "judge.npz"
        np.savez(path, **network.arrays())
        text = card(hashlib.sha256(path.read_bytes()).hexdigest(), options.pieces, options.epochs, measures)
        path.with_suffix(".toml").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
