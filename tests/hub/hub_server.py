"""A small hub on loopback: speaks what is asked of the real one, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories by name -> folder. requests: (path, Range or None). cut: file -> bytes after which it hangs up.
    wrong: files sent with one byte changed. gated, licences: by name."""

    def __init__(self) -> None:
        self.repos: dict[str, Path] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.cut: dict[str, int] = {}
        self.wrong: set[str] = set()
        self.gated: set[str] = set()
        self.licences: dict[str, str] = {}
        self.tokens: list[tuple[str, str | None]] = []
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.hub.requests.append((path, self.headers.get("Range")))
        self.hub.tokens.append((path, self.headers.get("Authorization")))
        if path.startswith("/api/models/"):
            self._model(path.removeprefix("/api/models/"))
        elif path.startswith("/cdn/"):
            self._file(path.removeprefix("/cdn/"))
        elif "/resolve/" in path:
            repo, _, rest = path[1:].partition("/resolve/")
            revision, _, name = rest.partition("/")
            if repo not in self.hub.repos or revision != REVISION or not (self.hub.repos[repo] / name).is_file():
                return self._send(404, b"", {})
            self._send(302, b"", {"Location": f"{self.hub.cdn}/cdn/{repo}/{name}", "X-Repo-Commit": REVISION})

    def _model(self, name):
        repo, _, revision = name.partition("/revision/")
        if repo not in self.hub.repos or revision not in ("", REVISION, "main"):
            code = "RepoNotFound" if repo not in self.hub.repos else "RevisionNotFound"
            return self._send(404, b"{}", {"X-Error-Code": code})
        if repo in self.hub.gated:
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
        folder = self.hub.repos[repo]
        siblings = []
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            one = {"rfilename": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
            if path.suffix == ".safetensors":
                one["lfs"] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": one["size"],
                              "pointerSize": 130}  # fmt: skip
            siblings.append(one)
        told = {"_id": "1", "id": repo, "modelId": repo, "sha": REVISION, "author": repo.split("/")[0],
                "siblings": siblings, "tags": [], "private": False, "downloads": 0, "likes": 0,
                "cardData": {"license": self.hub.licences[repo]} if repo in self.hub.licences else None}  # fmt: skip
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _file(self, rest):
        owner, repo, *name = rest.split("/")
        data = (self.hub.repos[f"{owner}/{repo}"] / "/".join(name)).read_bytes()
        label = "/".join(name)
        if label in self.hub.wrong:
            data = data[:-1] + bytes([data[-1] ^ 1])
        start, status = 0, 200
        if self.headers.get("Range"):
            start, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
        body = data[start:]
        stop = self.hub.cut.pop(label, None)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if stop is None else body[:stop])
        if stop is not None:
            self.wfile.flush()
            self.connection.close()

    def _send(self, status, body, headers):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving():
    """A hub, and the store that it sends on to under another port, as the real one does."""
    hub = Hub()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), type("OfThisHub", (Handler,), {"hub": hub})) for _ in range(2)]
    hub.url, hub.cdn = (f"http://127.0.0.1:{s.server_address[1]}" for s in servers)
    for server in servers:
        server.handle_error = lambda *_: None
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
