"""Our side of a Link session, run in a network of its own by test_link.py: prints what it saw as JSON."""

from __future__ import annotations

import json
import sys
import time

from perform.core.beat_choice import BeatChoice
from perform.core.clock import TempoClock
from perform.inputs.link import LinkSource

ends_s, push = float(sys.argv[1]), float(sys.argv[2])
began = time.monotonic()
link = LinkSource(lambda: time.monotonic() - began, 100.0, lambda: 4, start_stop=True)
link.open()
clock, choice = TempoClock(100.0), BeatChoice()
seen, before, pushed = [], 0.0, False
while (now := time.monotonic() - began) < ends_s:
    word = link.beat(now)
    words = {} if word is None else {"link": word}
    name = choice.pick(now, words)
    lead = words.get(name)
    clock.advance(now - before, lead, 0.0 if lead is None else now - lead.time_s)
    before = now
    if push and now > push and not pushed:
        link.set_tempo(141.0)
        pushed = True
    seen.append([
        now, link.peers, clock.source, clock.bpm, clock.beats, clock.bar_phase, link.playing,
        None if word is None else word.beats,
    ])  # fmt: skip
    time.sleep(0.02)
counts = dict(link.counts())
link.close()
link.close()
print(json.dumps({"seen": seen, "counts": counts}))
