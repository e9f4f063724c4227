"""Time left, as a pipe is told it: by the pace of this run, whatever was done before."""

from __future__ import annotations

import io

import pytest

from perform import progress


@pytest.mark.parametrize(("calls", "left_s"), [
    ([(10, 0, 100), (20, 10, 100)], 180),  # 10 in 20 s since the bar began
    ([(10, 1, 100), (20, 10, 100)], 180),
    ([(50, 500, 600), (60, 510, 600)], 90),  # goes on: 10 in the 10 s since the first call
])  # fmt: skip
def test_what_was_done_before_counts_nothing_for_the_pace(calls, left_s, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    told = io.StringIO()
    with progress.ProgressBar(told, "teaching", "second") as bar:
        for at, done, total in calls:
            now[0] = float(at)
            bar(done, total)
    assert told.getvalue().splitlines()[-1] == f"second {calls[-1][1]} of {calls[-1][2]}, {left_s} s left"
