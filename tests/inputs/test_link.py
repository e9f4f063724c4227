"""Ableton Link with a second peer that we did not write, in a network namespace with multicast on loopback."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import netns
import pytest
from needs import need

from perform.core.errors import DeviceError
from perform.inputs.link import LinkSource

TESTS = Path(__file__).resolve().parent.parent
HERE = [str(TESTS / "link_peer.py")]


@pytest.fixture(scope="module")
def network() -> None:
    need(netns.missing() is None, f"a network namespace: {netns.missing()}")
    for name in ("link", "aalink"):
        need(importlib.util.find_spec(name) is not None, f"the extra `link` and the test peer ({name})")


def session(tmp_path: Path, seconds: float, *peers: list[str], push: float = 0.0) -> Any:
    done = netns.alone(*peers, [str(TESTS / "link_session.py"), str(seconds), str(push)], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("network")
def test_a_peer_leads_changes_its_tempo_leaves_and_the_tempo_runs_on(tmp_path: Path) -> None:
    found = session(tmp_path, 10.0, [*HERE, "126", "6", "133", "3"])
    seen = found["seen"]
    beats = [row[4] for row in seen]
    assert beats == sorted(beats)
    led = [row for row in seen if row[2] == "link" and row[1]]
    assert led and 133 in {round(row[3]) for row in led}
    assert round(led[0][3]) in (100, 126)  # whichever session is older stands at first
    assert any(row[6] for row in led)  # its play came over
    steady = [row for row in led if row[7] is not None][-20:]
    for row in steady:  # on the session's beat and bar
        assert (row[4] - row[7] + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=0.02)
        assert (row[5] - row[7] / 4 + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=0.01)
    after = [row for row in seen if row[0] > 8.5]
    assert after and all(row[1] == 0 and row[3] == pytest.approx(133.0, abs=0.1) for row in after)
    assert all(b[4] > a[4] for a, b in pairwise(after))
    assert found["counts"]["peers joined"] == 1


@pytest.mark.usefixtures("network")
def test_a_session_with_nobody_else_in_it_leads_nobody_and_our_tempo_goes_to_the_others(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import asyncio, sys, aalink\n"
        "async def main():\n"
        "    peer = aalink.Link(90.0, asyncio.get_running_loop())\n"
        "    peer.enabled = True\n"
        "    for _ in range(1000):\n"
        "        await asyncio.sleep(0.05)\n"
        "        open('tempo.txt', 'w').write(str(peer.tempo))\n"
        "asyncio.run(main())\n"
    )
    found = session(tmp_path, 7.0, [str(probe)], push=4.0)
    assert found["counts"]["tempi sent"] == 1
    assert float((tmp_path / "tempo.txt").read_text()) == pytest.approx(141.0, abs=0.01)
    lonely = session(tmp_path, 1.0)
    assert all(row[2] == "manual" and row[7] is None for row in lonely["seen"])


@pytest.mark.usefixtures("network")
def test_a_show_joins_by_a_flag(tmp_path: Path) -> None:
    play = ["-m", "perform.cli", "play", "--json", "--display", "offscreen", "--audio", "silence",
            "--source", "testcard", "--size", "64x36", "--osc-port", "-1", "--midi", "none",
            "--link", "--seconds", "5"]  # fmt: skip
    done = netns.alone([*HERE, "97", "60"], play, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tempo = json.loads(done.stdout)["tempo"]
    assert tempo["source"] == "link" and tempo["bpm"] == pytest.approx(97.0, abs=0.01)


def test_without_the_library_it_is_one_line_and_never_an_import_of_anything_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(DeviceError, match="not installed"):
        LinkSource(lambda: 0.0).open()
    root = TESTS.parent
    for path in (root / "perform").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {"link", "aalink"} & {n.split(".")[0] for n in names} or path.name == "link.py", path
    code = "import perform.app, perform.clocks, sys; assert 'link' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=120)
