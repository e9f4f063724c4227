"""A lighting desk fades the picture of a running show, and what the picture does when the desk is gone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from running import film, free_port, playing, write_presets

VENUE = """
[lights]
universe = 2
address = 101
lost = "rest"
artnet_port = {artnet}
sacn_port = {sacn}
colour = "red"
"""


def test_a_lighting_desk_fades_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sacn = pytest.importorskip("sacn", reason="the sacn package is the desk in this test")
    write_presets(tmp_path)
    out, ports = tmp_path / "show.mp4", {"artnet": free_port(), "sacn": free_port()}
    (tmp_path / "venue.toml").write_text(VENUE.format(**ports))
    monkeypatch.setattr("sacn.sending.sender_socket_udp.DEFAULT_PORT", ports["sacn"])
    options = ("--size", "160x90", "--display", "offscreen", "--preset", "steady", "--audio", "silence",
               "--midi", "none", "--no-web", "--osc-port", "-1", "--seconds", "8.5", "--record", str(out))  # fmt: skip
    with playing(tmp_path, *options) as show:
        assert "lights.colour is skipped" in show.wait_for("lights.colour")
        assert "universe 2" in show.wait_for("lighting desk")
        show.wait_for("playing")
        time.sleep(1.6)
        desk = sacn.sACNsender(bind_address="127.0.0.1", bind_port=0, fps=40)
        desk.start()
        desk.activate_output(2)
        desk[2].destination = "127.0.0.1"
        for step in range(31):
            desk[2].dmx_data = (*(0,) * 100, 255 - 255 * step // 30)
            time.sleep(0.05)
        time.sleep(0.4)
        desk.manual_flush = True  # the desk falls silent, as if its cable had been pulled
        report = show.finish()
        desk.stop()
    assert report["frames"] > 60
    counts = next(counts for counts in report["osc"] if "lights received" in counts)
    assert counts["lights received"] >= 31 and counts["lights refused"] == 0
    times, light = film(out)
    bright = light[times < times[0] + 1.5].max()
    levels = light / bright
    dark = np.flatnonzero(levels < 0.03)
    assert len(dark) > 8, "the desk's fader at 0 left the picture bright"
    fading = levels[dark[0] - 20 : dark[0]]
    assert ((fading > 0.15) & (fading < 0.85)).sum() >= 5, "the picture did not fade with the fader"
    assert np.all(np.diff(fading) < 0.05)
    assert levels[-1] > 0.9, "the picture did not come back when the desk was gone"
