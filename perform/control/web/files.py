"""The panel's own files, read once: a request names one of them or nothing. No address ever becomes a path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent."""

    body: bytes
    kind: str
    etag: str


@cache
def static_files() -> dict[str, File]:
    """Address -> file; `/` is the page."""
    found: dict[str, File] = {}
    for path in sorted(FOLDER.rglob("*")):
        kind = KINDS.get(path.suffix)
        if kind is not None and path.is_file():
            body = path.read_bytes()
            name = "/" + path.relative_to(FOLDER).as_posix()
            found[name] = File(body, kind, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
    found["/"] = found["/index.html"]
    found["/visit"] = found["/visit.html"]
    return found


def policy(host: str) -> str:
    """Content-Security-Policy of the page: nothing from anywhere else, no script or style in the markup."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
