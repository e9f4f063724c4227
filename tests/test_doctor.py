"""doctor: each check alone, and one that breaks hides no other."""

import json
from dataclasses import asdict

import pytest

from perform import doctor
from perform.core.errors import ModelError
from perform.doctor import Check, Probe, Result, diagnose, ready


def test_every_row_says_what_why_and_how():
    checks = diagnose()
    assert len({c.name for c in checks}) == len(checks) >= 12
    for check in checks:
        assert check.found, check
        assert check.why, check
        assert check.fix, check
        assert "\n" not in check.found + check.why + check.fix
    rows = {c.name: c for c in checks}
    assert rows["python"].ok
    assert rows["torch"].ok
    assert rows["video"].ok
    assert rows["shaders"].ok
    json.dumps([asdict(c) for c in checks])


def test_ready_asks_for_what_is_needed_only():
    there = Check("a", True, True, "x", "x", "x")
    missing_extra = Check("b", False, False, "x", "x", "x")
    missing = Check("c", False, True, "x", "x", "x")
    assert ready([there, missing_extra])
    assert not ready([there, missing])


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no module\nnamed torch"),
        OSError("libGL.so.1: cannot open"),
        ModelError("x: broken"),
        RuntimeError(),
    ],
)
def test_a_check_that_breaks_is_a_row_like_any_other(error, monkeypatch):
    def breaks():
        raise error

    probes = [Probe("breaks", True, breaks, "why", "fix"), Probe("good", True, lambda: Result(True, "all"), "y", "z")]
    monkeypatch.setattr(doctor, "_probes", lambda: probes)
    first, second = diagnose()
    assert not first.ok
    assert first.found
    assert "\n" not in first.found
    assert second.ok


def test_a_taken_port_and_a_full_disk_are_found(monkeypatch):
    from perform.control.osc import OscServer

    blocker = OscServer(0, lookup=lambda path: None, clock=lambda: 0.0)
    blocker.open(lambda event: None)
    try:
        monkeypatch.setattr(doctor, "OSC_PORT", blocker.port)
        monkeypatch.setattr(doctor, "DISK_NEEDED_GIB", 1e9)
        rows = {c.name: c for c in diagnose()}
    finally:
        blocker.close()
    assert not rows["osc port"].ok
    assert str(blocker.port) in rows["osc port"].found
    assert not rows["disk"].ok


def test_no_display_is_said_plainly(monkeypatch):
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert doctor._window() == Result(False, "no display server (neither DISPLAY nor WAYLAND_DISPLAY is set)")


def test_an_nvidia_card_that_torch_does_not_use_gets_its_own_remedy(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "--index-url" in doctor._gpu().fix
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert doctor._gpu() == Result(False, "none that torch can use")


def test_broken_content_is_named_and_the_rest_still_counts():
    assert doctor._content(["a"], ["b: broken"]) == Result(True, "1: a; b: broken")
    assert doctor._content([], ["b: broken"]) == Result(False, "none; b: broken")
