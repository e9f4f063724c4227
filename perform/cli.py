"""The commands. Parsing is light: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perform import __version__
from perform.core.errors import PerformError, UsageError

EXIT_NOT_READY = 69
EXIT_RECORDING = 74
QUIET = ("analysis blocks", "analysis hops")


class _Parser(argparse.ArgumentParser):
    """Errors as one line, without the whole usage."""

    def error(self, message: str) -> Any:
        sys.stderr.write(f"{self.prog}: {message}; see `{self.prog} --help`\n")
        raise SystemExit(UsageError.exit_code)


def _size(text: str) -> tuple[int, int]:
    from perform.options import parse_size

    try:
        return parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number over 0")
    return value


def _port(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -2
    if not -1 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0..65535, or -1 for none)")
    return value


def _not_negative(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _positive(text)


def build_parser() -> argparse.ArgumentParser:
    """The command line, whole."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    parser = _Parser(prog="perform", description="Sound goes in, a picture that belongs to it comes out.")
    parser.add_argument("--version", action="version", version=f"perform {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_play(commands, shared)
    _add_render(commands, shared)
    _add_small(commands, shared)
    return parser


def _look_options() -> argparse.ArgumentParser:
    """What play and render have in common."""
    look = argparse.ArgumentParser(add_help=False)
    look.add_argument("--preset", metavar="NAME", help="a look; see `perform list presets`")
    look.add_argument("--source", metavar="SOURCE", help="model:NAME, shader:NAME, image:FILE or testcard")
    look.add_argument("--model", metavar="NAME", help="short for --source model:NAME; a folder works too")
    look.add_argument("--size", type=_size, metavar="WxH", help="of the picture, like 1280x720")
    look.add_argument("--fps", type=_positive, metavar="N", help="frames a second")
    look.add_argument("--seed", type=int, metavar="N", help="start from this seed of the model")
    look.add_argument("--channels", metavar="1,2", help="which channels of the sound to use, from 1")
    look.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where the model runs")
    look.add_argument("--start", type=_not_negative, default=0.0, metavar="S", help="begin this far into the sound")
    look.add_argument("--seconds", type=_positive, metavar="S", help="stop after this long")
    return look


def _add_play(commands: Any, shared: argparse.ArgumentParser) -> None:
    play = commands.add_parser("play", parents=[shared, _look_options()], help="play live", allow_abbrev=False)
    play.add_argument("--audio", metavar="SOUND", help="synth, mic, silence, device:NAME-PART, file:PATH or PATH")
    play.add_argument("--venue", type=Path, metavar="FILE", help="the room: devices, screens, ports")
    play.add_argument("--display", choices=("auto", "window", "offscreen"), default="auto")
    play.add_argument("--monitor", type=int, metavar="N", help="which screen, from 0")
    play.add_argument("--fullscreen", action="store_true")
    play.add_argument("--record", type=Path, metavar="FILE.mp4", help="keep picture and sound")
    play.add_argument("--osc-port", type=_port, metavar="N", help="UDP port to listen on (default 9000; -1 for none)")
    play.add_argument("--json", action="store_true", help="print the health report at the end")
    play.set_defaults(run=_play)


def _add_render(commands: Any, shared: argparse.ArgumentParser) -> None:
    render = commands.add_parser("render", parents=[shared, _look_options()], help="render offline", allow_abbrev=False)
    render.add_argument("audio", metavar="AUDIO", help="a sound file, or synth")
    render.add_argument("out", nargs="?", type=Path, metavar="OUT.mp4", help="a film with the sound in it")
    render.add_argument("--frames", type=Path, metavar="DIR", help="every frame as a PNG")
    render.add_argument("--json", action="store_true", help="print a summary with the hash of all pixels")
    render.set_defaults(run=_render)


def _add_small(commands: Any, shared: argparse.ArgumentParser) -> None:
    from perform.listing import WHAT

    listing = commands.add_parser("list", parents=[shared], help="what there is", allow_abbrev=False)
    listing.add_argument("what", nargs="?", choices=WHAT)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)
    doctor = commands.add_parser("doctor", parents=[shared], help="can the show run here?", allow_abbrev=False)
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)
    bench = commands.add_parser("bench", parents=[shared], help="measure this machine", allow_abbrev=False)
    bench.add_argument("name", nargs="?", metavar="NAME")
    bench.add_argument("--json", action="store_true")
    bench.add_argument("--save", type=Path, metavar="DIR", help="keep the figures there, as JSON and as RESULTS.md")
    bench.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    bench.set_defaults(run=_bench)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _source(args: argparse.Namespace) -> str | None:
    if args.source and args.model:
        raise UsageError("--model X is short for --source model:X; give one of the two")
    return args.source or (f"model:{args.model}" if args.model else None)


def _options(args: argparse.Namespace) -> Any:
    from perform.options import Options

    return Options(
        audio=args.audio, channels=args.channels, preset=args.preset, source=_source(args), size=args.size,
        device=args.device, fps=args.fps, start_s=args.start, seconds=args.seconds, seed=args.seed,
    )  # fmt: skip


def _play(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from perform.options import find_venue, with_venue
    from perform.play import play

    options = replace(
        _options(args), display=args.display, monitor=args.monitor, fullscreen=args.fullscreen, record=args.record,
        osc_port=args.osc_port,
    )  # fmt: skip
    options, problems = with_venue(options, find_venue(args.venue))
    for line in problems:
        _say(line)
    report = play(options, _say, _began_s())
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        _say(_closing_line(report))
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


def _render(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from perform.render import render

    options = replace(_options(args), record=args.out, frames=args.frames)
    with _progress_bar() as progress:
        summary = render(options, _say, progress)
    if args.json:
        print(json.dumps(summary, indent=1))
    else:
        _say(f"{summary['frames']} frames, {summary['seconds']:g} s -> {args.out or args.frames}")
    return 0


def _progress_bar() -> Any:
    from perform.progress import ProgressBar

    return ProgressBar(sys.stderr)


def _list(args: argparse.Namespace) -> int:
    from perform.listing import WHAT, listed, table

    kinds = [args.what] if args.what else list(WHAT)
    found = {kind: listed(kind) for kind in kinds}
    if args.json:
        whole: Any = found[args.what] if args.what else [{"list": k, **row} for k in kinds for row in found[k]]
        print(json.dumps(whole, indent=1, default=str))
        return 0
    for kind in kinds:
        print(f"{kind}:" if not args.what else "", end="\n" if not args.what else "")
        print(table(found[kind]))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from perform.doctor import diagnose, ready

    checks = diagnose()
    if args.json:
        print(json.dumps({"ready": ready(checks), "checks": [asdict(c) for c in checks]}, indent=1, default=str))
    else:
        for check in checks:
            mark = "ok     " if check.ok else "MISSING" if check.needed else "without"
            print(f"{mark}  {check.name}: {check.found}")
            if not check.ok:
                print(f"           why: {check.why}\n           fix: {check.fix}")
        print("the show can run" if ready(checks) else "the show cannot run yet: see MISSING above")
    return 0 if ready(checks) else EXIT_NOT_READY


def _bench(args: argparse.Namespace) -> int:
    from perform import bench
    from perform.listing import bench_table

    if args.name and args.name not in bench.NAMES:
        raise UsageError(f"no bench {args.name!r}; there are {', '.join(bench.NAMES)}")
    results = [bench.run(name, args.quick) for name in ([args.name] if args.name else bench.NAMES)]
    if args.save is not None:
        from perform.bench._results import save

        _say(f"kept in {save(results, args.save)}")
    if args.json:
        print(json.dumps(results[0] if args.name else results, indent=1))
    else:
        print("\n\n".join(bench_table(result) for result in results))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `perform`; returns the exit code."""
    # Threads of a network that wait by spinning starve the software renderer and the sound on a small machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    parser = build_parser()
    args = parser.parse_args(argv)
    if not args.command:
        parser.print_help()
        return UsageError.exit_code
    try:
        return int(args.run(args))
    except PerformError as error:
        return _failed(args, error, str(error), error.exit_code)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line, unless --debug asks for all
        what = f"something broke ({type(error).__name__}: {error}); run it again with --debug and report it"
        return _failed(args, error, what, PerformError.exit_code)


def _failed(args: argparse.Namespace, error: BaseException, line: str, code: int) -> int:
    if getattr(args, "debug", False):
        traceback.print_exception(error)
    else:
        _say("perform: " + " ".join(line.split()))
    return code


def entry() -> None:
    """What the `perform` command runs. A model still loading in its thread must not turn the end into a crash."""
    try:
        code = main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader of our output has left
            continue
    if any(thread.name.startswith("painter") for thread in threading.enumerate()):
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    entry()
