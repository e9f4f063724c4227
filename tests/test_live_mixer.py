"""The mixer with real edges: OSC from a peer that is not ours, a film that is recorded, a window under Xvfb."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
from running import film, free_port, playing
from test_live import screen, screenshot, send, until_screen  # noqa: F401 - screen is a fixture

SMALL = ("--size", "160x90", "--audio", "silence")
LOOK = 'version = 1\n[deck.a]\nsource = "image:{a}"\n[deck.a.params]\ndrift = 0.0\n'


def write_look(folder: Path, a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    """A preset that shows one colour, and another colour in `media/`."""
    from PIL import Image

    (folder / "presets").mkdir()
    (folder / "media").mkdir()
    Image.new("RGB", (64, 36), a).save(folder / "a.png")
    Image.new("RGB", (64, 36), b).save(folder / "media" / "b.png")
    (folder / "presets" / "plain.toml").write_text(LOOK.format(a=folder / "a.png"))


def test_a_deck_is_loaded_and_faded_in_over_osc_by_a_foreign_peer(tmp_path: Path) -> None:
    write_look(tmp_path, (30, 30, 30), (250, 250, 250))
    port, out = free_port(), tmp_path / "show.mp4"
    options = (*SMALL, "--display", "offscreen", "--preset", "plain", "--seconds", "9", "--record", str(out))
    with playing(tmp_path, *options, "--osc-port", str(port)) as show:
        show.wait_for("first picture")
        for address, *arguments in (
            ("/perform/mix/duration_s", "f", "1.0"),
            ("/perform/deck/b/load", "s", "image:b.png"),
            ("/perform/deck/b/chain/add", "s", "posterise"),
            ("/perform/deck/b/chain/add", "s", "mirror"),
            ("/perform/deck/b/load", "s", "image:../../etc/passwd"),
        ):
            send(port, address, *arguments)
        time.sleep(1.5)
        send(port, "/perform/mix/go")
        report = show.finish()
    assert report["counts"].get("control errors", 0) == 0
    assert len([line for line in show.said if "never paths" in line]) == 1, show.said
    _, light = film(out)
    assert light[: len(light) // 8].max() < 0.2 and light[-5:].min() > 0.8, "it faded from deck a to deck b"
    between = light[(light > 0.2) & (light < 0.8)]
    assert len(between) >= 3 and (np.diff(light[len(light) // 8 :]) > -0.03).all(), "and got there step by step"


def test_a_window_turned_and_cut_by_the_venue(tmp_path: Path, screen: str) -> None:  # noqa: F811
    write_look(tmp_path, (200, 40, 40), (0, 0, 0))
    (tmp_path / "venue.toml").write_text(
        "[out]\n[[out.slice]]\nto = [0.0, 0.0, 0.5, 0.5]\n[[out.slice]]\nto = [0.5, 0.5, 0.5, 0.5]\n"
    )
    env = {**os.environ, "DISPLAY": screen}
    options = (
        "--display",
        "window",
        "--preset",
        "plain",
        "--osc-port",
        "-1",
        "--size",
        "320x180",
        "--audio",
        "silence",
    )
    with playing(tmp_path, *options, env=env) as show:
        show.wait_for("window")
        until_screen(screen, lambda s: (s[..., 0] > 150).sum() > 20_000)
        lit = screenshot(screen)[..., 0] > 150
        rows, columns = np.where(lit)
        top, left = rows.min(), columns.min()
        height, width = rows.max() + 1 - top, columns.max() + 1 - left
        inside = lit[top : top + height, left : left + width]
        show.process.send_signal(signal.SIGTERM)
        report = show.finish()
    assert abs(width - 320) <= 2 and abs(height - 180) <= 2, (width, height)
    half = (height // 2, width // 2)
    quarters = [
        inside[y : y + half[0] - 2, x : x + half[1] - 2].mean() for y in (0, half[0] + 2) for x in (0, half[1] + 2)
    ]
    assert [q > 0.9 for q in quarters] == [True, False, False, True], quarters
    assert report["frames"] > 3
