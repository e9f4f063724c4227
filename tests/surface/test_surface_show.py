"""A layout played against a running show: what its faders send arrives, and feedback puts them where they were put."""

from __future__ import annotations

import signal
import socket
import time
import zlib
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from running import free_port, playing

from perform.cli import main

SHOW = ("--preset", "coral_reef", "--size", "160x90", "--display", "offscreen", "--audio", "silence", "--no-web",
        "--oscquery", "-1", "--midi", "none", "--seconds", "60")  # fmt: skip
AT = 0.3


def faders(path: Path) -> dict[str, tuple[float, float]]:
    """Address -> (scaleMin, scaleMax) of every fader with one native value, as the file says it."""
    found = {}
    for node in Xml.fromstring(zlib.decompress(path.read_bytes())).iter("node"):
        message = node.find("messages/osc")
        if node.get("type") == "FADER" and message is not None and message.findtext("receive") == "1":
            argument = message.find("arguments/partial")
            if argument is not None and argument.findtext("conversion") == "FLOAT":
                scale = float(argument.findtext("scaleMin") or 0), float(argument.findtext("scaleMax") or 0)
                found[message.findtext("path/partial/value") or ""] = scale
    return found


def test_every_fader_arrives_and_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surface", "touchosc", str(tmp_path / "it.tosc"), "--preset", "coral_reef"]) == 0
    known = faders(tmp_path / "it.tosc")
    assert len(known) > 40
    port, back = free_port(), free_port()
    where = ("--osc-port", str(port), "--osc-out", f"127.0.0.1:{back}=values")
    with playing(tmp_path, *SHOW, *where) as show, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tablet:
        tablet.bind(("127.0.0.1", back))
        tablet.settimeout(0.2)
        show.wait_for("playing")
        stands: dict[str, float] = {}
        ends = time.monotonic() + 25.0
        sent = 0.0
        while time.monotonic() < ends and not all(abs(stands.get(a, -9.0) - AT) < 0.002 for a in known):
            if time.monotonic() - sent > 3.0:  # a hand that tries again, since a datagram may be lost
                sent = time.monotonic()
                for address, (lo, hi) in known.items():
                    message = OscMessageBuilder(address)
                    message.add_arg(lo + AT * (hi - lo), "f")
                    tablet.sendto(message.build().dgram, ("127.0.0.1", port))
            try:
                heard = OscMessage(tablet.recv(4096))
            except TimeoutError:
                continue
            if heard.address in known and heard.params:
                lo, hi = known[heard.address]
                stands[heard.address] = (float(heard.params[0]) - lo) / (hi - lo)
        show.process.send_signal(signal.SIGTERM)
        report = show.finish()
    wrong = {a: stands.get(a) for a in known if abs(stands.get(a, -9.0) - AT) >= 0.002}
    assert not wrong
    listener = next(counts for counts in report["osc"] if "unknown" in counts)
    assert listener["unknown"] == 0 and listener["refused"] == 0
