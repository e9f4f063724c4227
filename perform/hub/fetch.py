"""Files of a hub repository, one by one: with resume, progress, and every hash checked before a file counts."""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.core.errors import MediaError, ModelError

CHUNK = 1 << 20
TIMEOUT_S = 30.0
TRIES = 3
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class File:
    """A file of a repository. sha256: "" for small ones, which the hub knows by another hash."""

    name: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class Repository:
    """What the hub says of a model."""

    name: str
    revision: str
    licence: str
    author: str
    files: tuple[File, ...]


def endpoint() -> str:
    """Where the hub is: HF_ENDPOINT, or the public one."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def ask(name: str, revision: str | None = None) -> Repository:
    """What the hub knows of a repository. Raises ModelError, one line."""
    os.environ.pop("HF_HUB_OFFLINE", None)
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    constants.HF_HUB_OFFLINE = False  # read once, when the library was imported: maybe for a show
    try:
        info = HfApi(endpoint=endpoint()).model_info(name, revision=revision, files_metadata=True, timeout=TIMEOUT_S)
    except GatedRepoError:
        raise ModelError(f"{name}: its authors want you to agree first: open {endpoint()}/{name}, agree, log in with "
                         "`hf auth login`, and add it again") from None  # fmt: skip
    except RepositoryNotFoundError:
        raise ModelError(f"{name}: there is no such model on {endpoint()}, or it is not open to you") from None
    except RevisionNotFoundError:
        raise ModelError(f"{name}: there is no revision {revision!r}") from None
    except Exception as error:  # noqa: BLE001 - of whichever library asks: no network, no answer, no sense in it
        raise ModelError(f"{name}: {endpoint()} cannot be asked ({_line(error)}); is there a network?") from None
    files = []
    for one in info.siblings or ():
        lfs = getattr(one, "lfs", None)
        sha = (lfs.get("sha256") if isinstance(lfs, dict) else getattr(lfs, "sha256", "")) if lfs else ""
        files.append(File(one.rfilename, int(one.size or 0), str(sha or "")))
    return Repository(name, str(info.sha), _licence(info), str(info.author or name.split("/")[0]), tuple(files))


def _licence(info: Any) -> str:
    card = getattr(info, "card_data", None)
    told = getattr(card, "license_name", None) or getattr(card, "license", None)
    if not told:
        told = next((t.removeprefix("license:") for t in info.tags or () if t.startswith("license:")), "")
    return str(told or "")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


class _Strip(urllib.request.HTTPRedirectHandler):
    """A token goes to the hub alone, never to the store that it sends us on to."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


def _token() -> str:
    if os.environ.get("HF_TOKEN"):
        return os.environ["HF_TOKEN"]
    try:
        from huggingface_hub import get_token

        return get_token() or ""
    except ImportError:
        return ""


def fetch(repository: Repository, files: list[File], into: Path, progress: Progress) -> None:
    """Bring files into a folder. What is there whole is kept, what is there in part is gone on with; what is there of
    another repository or revision is thrown away.

    Raises ModelError: the network, a wrong hash; MediaError: the disk.
    """
    _of(repository, into)
    total = sum(f.size for f in files)
    done = 0
    opener = urllib.request.build_opener(_Strip())
    for file in files:
        target = into / file.name
        if not (target.is_file() and target.stat().st_size == file.size):
            _one(opener, repository, file, target, lambda n, done=done: progress(done + n, total))  # type: ignore[misc]
        done += file.size
        progress(done, total)


def _of(repository: Repository, into: Path) -> None:
    """Files of two models may have one name and one size."""
    mark, whose = into / ".of", f"{repository.name} {repository.revision}\n"
    try:
        if into.is_dir() and not (mark.is_file() and mark.read_text("utf-8") == whose):
            shutil.rmtree(into)
        into.mkdir(parents=True, exist_ok=True)
        mark.write_text(whose, "utf-8")
    except OSError as error:
        raise MediaError(f"{into}: cannot be written ({error.strerror or error})") from None


def _one(opener: Any, repository: Repository, file: File, target: Path, told: Callable[[int], None]) -> None:
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(TRIES):
            try:
                _stream(opener, repository, file, part, told)
                if part.stat().st_size < file.size:
                    raise ConnectionError("the connection ended early")
                break
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                status = getattr(error, "code", None)
                if attempt == TRIES - 1 or (status is not None and status < 500 and status != 429):
                    raise ModelError(
                        f"{repository.name}/{file.name}: {_line(error)}; what came is kept, add it again to go on"
                    ) from None
        if file.sha256 and _sha256(part) != file.sha256:
            part.unlink()
            raise ModelError(f"{repository.name}/{file.name}: is not the file that the hub speaks of (wrong hash); "
                             "it is thrown away, add it again")  # fmt: skip
        os.replace(part, target)
    except OSError as error:
        raise MediaError(f"{target}: cannot be written ({error.strerror or error})") from None


def _stream(opener: Any, repository: Repository, file: File, part: Path, told: Callable[[int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= file.size:
        part.unlink(missing_ok=True)
        have = 0
    quoted = urllib.parse.quote(file.name)
    request = urllib.request.Request(f"{endpoint()}/{repository.name}/resolve/{repository.revision}/{quoted}")
    if have:
        request.add_header("Range", f"bytes={have}-")
    if token := _token():
        request.add_header("Authorization", f"Bearer {token}")
    with opener.open(request, timeout=TIMEOUT_S) as answer:
        if have and answer.status != 206:
            have = 0  # it begins anew
        with part.open("ab" if have else "wb") as out:
            while block := answer.read(CHUNK):
                out.write(block)
                have += len(block)
                told(min(have, file.size))
                if have > file.size:
                    raise ModelError(f"{repository.name}/{file.name}: is longer than the hub says")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
