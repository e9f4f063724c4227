"""The door: blocks of any size, rate and channel count become hops of clean stereo sound with a stream time.

Everything here is elementwise or done per hop, which is why the block size leaves no trace.
"""

from __future__ import annotations

import math

import numpy as np

from perform.core.types import AudioBlock
from perform.features.tables import WAVEFORM_SAMPLES, Plan

LOUDEST = 8.0
"""Samples beyond this (18 dB over full scale) are no sound: they become zero."""
FAINTEST = 1e-9
"""A hop whose peak is below this (-180 dBFS) is a hop of zeros, so that no denormal number reaches the arithmetic."""
CLIP_AT = 0.999
LOWEST_RATE_HZ = 4000.0
HIGHEST_RATE_HZ = 768000.0
GAP_S = 0.002
_WRAP_HOPS = 32


class Intake:
    """Holds the newest sound, [2, window] and a little more, and counts what it had to stop.

    kept: samples of history that are always there. counts: blocks and hops seen; bad_samples (NaN, infinite, absurd),
    faint_hops (denormal), offset_hops (on a constant), gaps, rate_changes, channel_changes, refused_blocks (no
    samples, wrong shape or an impossible rate).
    """

    def __init__(self, plan: Plan) -> None:
        self.counts = dict.fromkeys(
            (
                "blocks", "hops", "bad_samples", "faint_hops", "offset_hops", "gaps", "rate_changes",
                "channel_changes", "refused_blocks",
            ), 0,
        )  # fmt: skip
        self.gain = 1.0
        self.peak = 0.0
        self.channels = 2
        self._start_s = 0.0
        self._samples = 0
        self._begun = False
        self.retune(plan)

    def retune(self, plan: Plan) -> None:
        """Start over with empty history at another rate."""
        self.plan = plan
        self.kept = max(plan.window, WAVEFORM_SAMPLES * plan.stride)
        self._hop = plan.hop
        self._ring = np.zeros((2, self.kept + _WRAP_HOPS * plan.hop), np.float32)
        self._abs = np.zeros((2, plan.hop), np.float32)
        self._flat = self._abs.reshape(-1)
        self._write = self.kept
        self._filled = 0

    @property
    def time_s(self) -> float:
        """Stream time of the newest sample that went in (its end)."""
        return self._start_s + self._samples / self.plan.rate_hz

    @property
    def filled(self) -> int:
        """Samples of the hop at hand that are there already."""
        return self._filled

    def newest(self, samples: int) -> np.ndarray:
        """[2, samples] float32: a view of the newest sound, oldest first. Valid until the next hop."""
        return self._ring[:, self._write - samples : self._write]

    def accept(self, block: AudioBlock) -> np.ndarray | None:
        """The block as [n, channels] float32, or None (counted) when nothing can be made of it."""
        samples = np.asarray(block.samples)
        if samples.ndim == 1:
            samples = samples[:, None]
        usable = samples.ndim == 2 and samples.shape[0] > 0 and samples.shape[1] > 0
        if not usable or not LOWEST_RATE_HZ <= block.rate_hz <= HIGHEST_RATE_HZ:
            self.counts["refused_blocks"] += 1
            return None
        self.counts["blocks"] += 1
        if samples.dtype != np.float32:
            with np.errstate(over="ignore", invalid="ignore"):
                samples = samples.astype(np.float32)
        if samples.shape[1] != self.channels:
            self.counts["channel_changes"] += self.counts["blocks"] > 1
            self.channels = samples.shape[1]
        return samples

    def follow(self, block: AudioBlock) -> None:
        """Set the stream time by the block's stamp where it does not follow on from the last one."""
        if not math.isfinite(block.start_s):
            self.counts["gaps"] += 1
        elif not self._begun or abs(block.start_s - self.time_s) > GAP_S:
            self.counts["gaps"] += self._begun
            self._start_s, self._samples, self._begun = float(block.start_s), 0, True

    def restamp(self) -> None:
        """Forget the stream time: the next block sets it without counting a gap."""
        self._begun = False

    def push(self, samples: np.ndarray, offset: int) -> tuple[int, bool]:
        """Copy from `offset` on; returns (samples taken, whether a hop is complete). Then call `newest`."""
        hop, filled, write, ring = self._hop, self._filled, self._write, self._ring
        if filled == 0 and write + hop > ring.shape[1]:
            keep = self.kept
            ring[:, :keep] = ring[:, write - keep : write]
            self._write = write = keep
        taken = min(hop - filled, samples.shape[0] - offset)
        self._fold(samples[offset : offset + taken], ring[:, write + filled : write + filled + taken])
        self._samples += taken
        if filled + taken < hop:
            self._filled = filled + taken
            return taken, False
        self._filled = 0
        self._write = write + hop
        self._clean(ring[:, write : write + hop])
        self.counts["hops"] += 1
        return taken, True

    def _fold(self, samples: np.ndarray, out: np.ndarray) -> None:
        """[n, channels] into [2, n]: mono to both; beyond two, channels add to left and right in turn."""
        channels = samples.shape[1]
        if channels <= 2:
            out[:] = samples.T
            return
        with np.errstate(over="ignore", invalid="ignore"):
            out[0], out[1] = samples[:, 0], samples[:, 1]
            for extra in range(2, channels):
                out[extra % 2] += samples[:, extra]

    def _highest(self) -> float:
        """The highest of the hop's absolute samples, NaN where there is one: argmax costs a sixth of what max does."""
        return self._flat.item(self._flat.argmax())

    def _clean(self, hop: np.ndarray) -> None:
        """Make one complete hop [2, hop] safe in place, note its peak, apply the gain."""
        np.abs(hop, self._abs)
        peak = self._highest()
        if not peak <= LOUDEST:
            bad = ~(self._abs <= LOUDEST)
            self.counts["bad_samples"] += int(np.count_nonzero(bad))
            hop[bad] = 0.0
            np.abs(hop, out=self._abs)
            peak = self._highest()
        if 0.0 < peak < FAINTEST:
            self.counts["faint_hops"] += 1
            hop.fill(0.0)
            peak = 0.0
        self.peak = peak
        if self.gain != 1.0 and peak > 0.0:
            np.multiply(hop, np.float32(self.gain), out=hop)
