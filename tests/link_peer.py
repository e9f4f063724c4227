"""Another Link peer, through another binding than ours: `python link_peer.py BPM SECONDS [BPM_LATER AFTER_S]`."""

from __future__ import annotations

import asyncio
import sys


async def main() -> None:
    import aalink

    bpm, seconds, *later = map(float, sys.argv[1:])
    peer = aalink.Link(bpm, asyncio.get_running_loop())
    peer.start_stop_sync_enabled = True
    peer.enabled = True
    if later:
        await asyncio.sleep(later[1])
        peer.tempo = later[0]
        peer.playing = True
        await asyncio.sleep(seconds - later[1])
    else:
        await asyncio.sleep(seconds)
    peer.enabled = False


asyncio.run(main())
