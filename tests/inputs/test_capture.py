"""A real capture: PortAudio, ALSA, a PulseAudio server of our own. Child processes, for PortAudio reads its
configuration once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from needs import need
from pulse import PulseServer, missing

ROOT = Path(__file__).parents[2]

CAPTURE = """
import json, sys
import numpy as np
from perform.inputs import list_devices, open_input
source = open_input(sys.argv[1], live=True)
source.open()
parts, jumps, end, clean, peaks = [], 0, None, 0, []
while not clean and sum(map(len, parts)) < 48000 * 12:
    block = source.read(256)
    if block is None:
        continue
    jumps += end is not None and abs(block.start_s - end) > 1e-9
    end = block.start_s + len(block.samples) / block.rate_hz
    parts.append(block.samples)
    if sum(map(len, parts)) // 48000 > len(peaks):
        heard = np.concatenate(parts)[-48000:]
        peaks.append(np.abs(np.fft.rfft(heard, axis=0)).argmax(axis=0).tolist())
        steady = np.abs(heard.std(axis=0) - 0.5 / np.sqrt(2)).max() < 0.005
        clean = len(peaks) > 1 and peaks[-1] == [440, 880] and steady
print(json.dumps({
    "name": source.name, "rate_hz": source.rate_hz, "channels": source.channels, "counts": dict(source.counts()),
    "peaks_hz": peaks, "rms": heard.std(axis=0).tolist(), "jumps": int(jumps), "clean": bool(clean),
    "latency_s": source.latency_s, "devices": [d["name"] for d in list_devices()],
}))
source.close()
"""

LOSS = """
import json, sys, time
from perform.inputs import open_input
source = open_input("device:vj", live=True)
source.open()

def wait(until):
    empty, end = 0, time.monotonic() + 60
    while not until() and time.monotonic() < end:
        block = source.read(256)
        empty += block is None
        times.append((block.start_s, len(block.samples)) if block else None)
    return empty

times = []
wait(lambda: len(times) > 200 and times[-1])
print("playing", flush=True)
empty = wait(lambda: source.counts()["errors"] > 0)
print("lost", flush=True)
wait(lambda: source.counts()["reopened"] > 0)
before = max(t[0] for t in times if t)
n = len(times)
wait(lambda: len(times) > n + 200 and times[-1])
after = [t for t in times[n:] if t]
print(json.dumps({"counts": dict(source.counts()), "finished": source.finished, "blocks_after": len(after),
                  "grows": all(a[0] < b[0] for a, b in zip(after, after[1:])), "error": source.error}), flush=True)
source.close()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PulseServer]:
    need(missing() is None, str(missing()))
    with PulseServer(tmp_path / "home") as running:
        yield running


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    t = np.arange(48000 * 40) / 48000
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.5 * np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 880 * t)], axis=1), 48000)
    return path


def child(server: PulseServer, code: str, *arguments: str) -> subprocess.Popen[str]:
    env = {**server.env, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def last_json(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def test_a_tone_is_captured_as_it_was_played(server: PulseServer, tone: Path) -> None:
    server.play(tone)
    got = last_json(child(server, CAPTURE, "device:VJ"))
    assert (got["name"], got["rate_hz"], got["channels"]) == ("vj", 48000.0, 2)
    assert "vj" in got["devices"]
    assert 0 < got["latency_s"] < 0.1
    # On a busy machine a second may be disturbed by the player or the server; one undisturbed second is the proof.
    assert got["clean"], got
    counts = got["counts"]
    assert counts["errors"] == counts["reopened"] == counts["clipped"] == 0
    assert got["jumps"] <= counts["dropped"], "a jump of the stamps is a counted loss"


def test_the_default_device_and_an_unknown_one(server: PulseServer, tone: Path) -> None:
    server.play(tone)
    got = last_json(child(server, CAPTURE, "mic"))
    assert got["clean"], got
    process = child(server, "from perform.inputs import open_input\nopen_input('device:tascam', live=True).open()")
    _, err = process.communicate(timeout=60)
    line = err.strip().splitlines()[-1]
    assert "DeviceError" in line and "tascam" in line and "vj" in line


def test_a_server_that_dies_is_survived_and_found_again(server: PulseServer, tone: Path) -> None:
    server.play(tone)
    process = child(server, LOSS)
    assert process.stdout is not None
    assert process.stdout.readline() == "playing\n", process.stderr and process.stderr.read()
    server.kill()
    assert process.stdout.readline() == "lost\n"
    time.sleep(2.5)
    server.start()
    server.play(tone)
    got = last_json(process)
    assert got["counts"]["reopened"] == 1 and got["counts"]["errors"] >= 1
    assert got["finished"] is False and got["error"] is None
    assert got["blocks_after"] > 50 and got["grows"]


SPEAK = """
import json, time
import numpy as np
from perform.core.types import AudioBlock
from perform.outputs.speaker import Speaker
assert Speaker.available()
speaker = Speaker(48000.0, 2)
t = np.arange(48000 * 8) / 48000
tone = np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 880 * t)], axis=1).astype(np.float32) * 0.5
start = time.monotonic()
for i in range(0, len(t), 512):
    speaker.send_audio(AudioBlock(tone[i:i + 512], 48000.0, i / 48000))
    time.sleep(max(0.0, start + i / 48000 - time.monotonic()))
said = {"counts": dict(speaker.counts()), "sent": len(t) // 512}
print(json.dumps(said | {"error": speaker.error, "latency_s": speaker.latency_s}))
speaker.close()
speaker.close()
"""


def test_the_speaker_is_heard(server: PulseServer) -> None:
    speaker = child(server, SPEAK)
    got = last_json(child(server, CAPTURE, "device:vj"))
    said = last_json(speaker)
    assert said["error"] is None and 0.05 < said["latency_s"] < 1.0
    assert said["counts"]["written"] + said["counts"]["dropped"] == said["sent"] and said["counts"]["errors"] == 0
    assert any(peaks == pytest.approx([440, 880], abs=3) for peaks in got["peaks_hz"])
