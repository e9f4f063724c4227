"""`perform play`: the live show."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from perform.commands.arguments import look_options, options, port, positive, say, target

EXIT_RECORDING = 74
QUIET = ("analysis blocks", "analysis hops")


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    play = commands.add_parser("play", parents=[shared, look_options()], help="play live", allow_abbrev=False)
    play.add_argument("--audio", metavar="SOUND", help="synth, mic, silence, metronome, device:NAME-PART or PATH")
    play.add_argument("--venue", type=Path, metavar="FILE", help="the room: devices, screens, ports")
    play.add_argument("--display", choices=("auto", "window", "offscreen"), default="auto")
    play.add_argument("--monitor", type=int, metavar="N", help="which screen, from 0")
    play.add_argument("--fullscreen", action="store_true")
    play.add_argument("--record", type=Path, metavar="FILE.mp4", help="keep picture and sound")
    play.add_argument("--osc-port", type=port, metavar="N", help="UDP port to listen on (default 9000; -1 for none)")
    play.add_argument(
        "--osc-out", type=target, action="append", metavar="HOST:PORT[=GROUPS]",
        help="tell a listener what goes on: beat,features,values,floats,health,notices,also or all; may be repeated",
    )  # fmt: skip
    play.add_argument("--osc-rate", type=positive, metavar="HZ", help="how often at most (default 30)")
    play.add_argument("--osc-tcp", type=port, metavar="N", help="listen there for OSC by TCP as well")
    play.add_argument("--midi", metavar="WHICH", help="auto (all devices), none, or a part of a device's name")
    play.add_argument(
        "--midi-clock-out", metavar="WHERE", help="send MIDI clock: a part of an output's name, or virtual"
    )
    play.add_argument("--link", action="store_true", default=None, help="join Ableton Link (an optional extra)")
    play.add_argument(
        "--osc-send",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="send notices there by OSC; may be repeated",
    )
    play.add_argument("--web", type=port, metavar="PORT", help="where the panel is (default 9080; -1 for none)")
    play.add_argument("--no-web", dest="web", action="store_const", const=-1, help="play without the panel")
    play.add_argument("--lan", action="store_true", default=None, help="let phones here use the panel, by QR code")
    play.add_argument("--keys", metavar="FILE", help="a map of keys, pads and lights over the others")
    play.add_argument("--lights", nargs="?", const="127.0.0.1", default="", metavar="HOST",
                      help="let a lighting desk play by Art-Net and sACN, on this interface")  # fmt: skip
    play.add_argument("--camera-signals", nargs="?", const="auto", metavar="NAME",
                      help="what moves before a camera, and how light it is, as sources of routes")  # fmt: skip
    play.add_argument("--oscquery", type=port, metavar="PORT", help="where OSCQuery is (default 9070; -1 for none)")
    play.add_argument("--oscquery-lan", action="store_true", default=None, help="OSCQuery for the network too")
    play.add_argument("--oscquery-allow", action="append", default=[], metavar="ADDRESS",
                      help="who: 192.168.1.20 or 192.168.1.0/24; may be given several times")  # fmt: skip
    play.add_argument("--resume", action="store_true", help="go on where the last show stood, after a fall or a stop")
    play.add_argument("--json", action="store_true", help="print the health report at the end")
    play.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play until told to stop."""
    from dataclasses import replace

    from perform.lights_room import LightsRoom
    from perform.options import find_venue, with_venue
    from perform.play import play

    asked = replace(
        options(args), display=args.display, monitor=args.monitor, fullscreen=args.fullscreen, record=args.record,
        osc_port=args.osc_port, osc_out=tuple(args.osc_out or ()), midi=args.midi, midi_clock_out=args.midi_clock_out,
        link=args.link, osc_send=tuple(args.osc_send), web=args.web, lan=args.lan,
        keys=args.keys, lights=LightsRoom(host=args.lights), camera_signals=args.camera_signals,
        resume=args.resume, autosave=True, oscquery=args.oscquery, oscquery_lan=args.oscquery_lan,
        oscquery_allow=tuple(args.oscquery_allow), osc_tcp=args.osc_tcp,
        osc_out_rate_hz=min(max(args.osc_rate or 30.0, 1.0), 240.0),
    )  # fmt: skip
    asked, problems = with_venue(asked, find_venue(args.venue))
    for line in problems:
        say(line)
    report = play(asked, say, _began_s())
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        say(_closing_line(report))
    return EXIT_RECORDING if report.get("recording", {}).get("error") else 0


def _closing_line(report: dict[str, Any]) -> str:
    sound = {f"sound {k}": v for k, v in report["sound"].items() if v and k not in QUIET}
    troubles = [f"{k} {v}" for k, v in {**sound, **report["counts"]}.items() if "frames" not in k]
    parts = [f"played {report['seconds']:.0f} s, {report['fps']:.1f} frames a second", *troubles]
    if report.get("recording"):
        parts.append("recording: " + ", ".join(f"{k} {v}" for k, v in report["recording"].items() if v is not None))
    return " · ".join(parts)


def _began_s() -> float:
    """Monotonic time at which this process began, as near as the system tells."""
    now_s = time.monotonic()
    try:
        fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
        return now_s - max(0.0, uptime_s - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return now_s
