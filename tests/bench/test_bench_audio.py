"""The audio bench runs and says what it should; the clock is never asserted."""

import json

from perform.bench import audio


def test_quick_run():
    result = audio.run(quick=True)
    assert result["bench"] == "audio" and result["machine"]
    ours, theirs, ratio = result["rows"]
    assert ours["what"] == "features per 256-sample hop" and theirs["what"] == "librosa per frame"
    for row in (ours, theirs):
        assert 0 < row["us_p50"] <= row["us_p99"] and row["percent_of_hop"] > 0
    assert ratio["what"] == "ratio" and ratio["times_faster"] > 0
    json.dumps(result)
