"""The command line: parses, runs the command, and turns every error into one line. Parsing is light: nothing heavy
is imported before a command needs it; the commands themselves are in `perform.commands`."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from perform import __version__, commands
from perform.commands.arguments import say
from perform.core.errors import PerformError, UsageError


class _Parser(argparse.ArgumentParser):
    """Errors as one line, without the whole usage."""

    def error(self, message: str) -> Any:
        sys.stderr.write(f"{self.prog}: {message}; see `{self.prog} --help`\n")
        raise SystemExit(UsageError.exit_code)


def build_parser() -> argparse.ArgumentParser:
    """The command line, whole."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    parser = _Parser(prog="perform", description="Sound goes in, a picture that belongs to it comes out.")
    parser.add_argument("--version", action="version", version=f"perform {__version__}")
    mounted = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for module in commands.modules():
        module.add(mounted, shared)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `perform`; returns the exit code."""
    # Threads of a network that wait by spinning starve the software renderer and the sound on a small machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched but by `models add`, which takes this back
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
        say("perform: " + " ".join(line.split()))
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
