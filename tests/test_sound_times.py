"""Sound on the clock of the show, however badly the first blocks come."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.types import AudioBlock
from perform.sound_times import SETTLE_S, on_show_time

BLOCK, RATE = 256, 48000.0


def test_an_old_first_block_does_not_shift_the_recording() -> None:
    now, sent = [0.0], []
    listen = on_show_time(sent.append, lambda: now[0])
    true_s = 2.0  # show time of stream time 0
    for n in range(600):
        end_s = (n + 1) * BLOCK / RATE
        backlog_s = 0.4 if n < 60 else 0.0  # the first sixty come all at once, late
        now[0] = true_s + max(end_s, backlog_s) + (0.003 if n % 5 else 0.0)
        listen(AudioBlock(np.zeros((BLOCK, 3), np.float32), RATE, n * BLOCK / RATE))
    assert len(sent) == 600 and sent[0].samples.shape == (BLOCK, 2)
    assert [round(b.start_s * RATE) for b in np.array(sent, object)[1:]] == [
        round(b.start_s * RATE) + BLOCK for b in sent[:-1]
    ]
    assert sent[0].start_s == pytest.approx(true_s, abs=0.001) and SETTLE_S <= 1.0
