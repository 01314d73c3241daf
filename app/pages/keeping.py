"""Pages that are kept: in the memory of a worker, and on disk for all workers of the host. Both are bounded."""

import gzip
import hashlib
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import brotli

LARGEST_MEMORY = 24 * 1024 * 1024
"""Bytes of pages in one worker."""
LARGEST_DISK = 256 * 1024 * 1024
"""Bytes of pages in the folder."""
LOOK_AFTER_DISK_EVERY = 200
"""Pages written between two looks at the folder's size."""
WORTH_COMPRESSING = 500
"""Bytes; a smaller page is sent as it is."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """One page as it is sent."""

    edition: int
    count: int
    """The write count for which `edition` is known to stand; -1: not known."""
    until: float
    """Seconds since the epoch: the next slot."""
    etag: str
    headers: list[tuple[str, str]]
    """Without those that depend on the coding."""
    bodies: dict[str, bytes]
    """By content coding: "" for none, "gzip", "br"."""

    @cached_property
    def answers(self) -> dict[str, tuple[list[tuple[str, str]], list[bytes]]]:
        """{content coding: (headers, body)}, ready to be given to the server."""
        return {
            coding: (
                [
                    *self.headers,
                    ("ETag", f'W/"{self.etag}"'),
                    ("Content-Length", str(len(body))),
                    *([("Content-Encoding", coding)] if coding else []),
                ],
                [body],
            )
            for coding, body in self.bodies.items()
        }

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(map(len, self.bodies.values())) + 1024


def make(body: bytes, headers: list[tuple[str, str]], *, edition: int, count: int, until: float) -> Page:
    """A page with its ETag and its compressed bodies."""
    bodies = {"": body}
    if len(body) >= WORTH_COMPRESSING:
        bodies["gzip"] = gzip.compress(body, 6, mtime=0)
        bodies["br"] = brotli.compress(body, mode=brotli.MODE_TEXT, quality=5)
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Page(edition, count, until, etag, headers, bodies)


def maker_of(code: Iterable[Path], *settings: str) -> bytes:
    """What made a page besides the database: the files of these folders, and settings. 32 bytes, the same for the same.

    A page that another version or another setting left on disk is then never found, and makes room in time.
    """
    made = hashlib.blake2b(repr(settings).encode(), digest_size=32)
    for folder in code:
        for file in sorted(one for one in folder.rglob("*") if one.is_file() and one.suffix != ".pyc"):
            made.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return made.digest()


class Shelf:
    """Where pages are kept, by their path. maker: what they are made with (`maker_of`)."""

    def __init__(
        self, folder: Path, maker: bytes = b"", *, memory: int = LARGEST_MEMORY, disk: int = LARGEST_DISK
    ) -> None:
        self._folder, self._maker, self._most_memory, self._most_disk = folder, maker, memory, disk
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._size = self._written = 0

    def get(self, path: str) -> Page | None:
        """The page kept in memory, of whatever edition."""
        return self._pages.get(path)

    def put(self, path: str, page: Page) -> None:
        """Keep a page in memory; the oldest ones make room."""
        self.drop(path)
        self._pages[path] = page
        self._size += page.size
        while self._size > self._most_memory:
            _, oldest = self._pages.popitem(last=False)
            self._size -= oldest.size

    def drop(self, path: str) -> None:
        """Forget a page in memory."""
        old = self._pages.pop(path, None)
        if old is not None:
            self._size -= old.size

    def clear(self) -> None:
        """Forget all pages in memory."""
        self._pages.clear()
        self._size = 0

    def known_to_stand(self, path: str, page: Page, count: int) -> None:
        """The database was asked: the page stands for this write count too."""
        if page.count != count:
            self._pages[path] = replace(page, count=count)

    def read(self, path: str) -> Page | None:
        """The page that some worker of this host left on disk, of whatever edition; None when there is none."""
        try:
            head, _, rest = self._file(path).read_bytes().partition(b"\n")
            found = json.loads(head)
            if found["path"] != path:
                return None
            bodies, start = {}, 0
            for coding, size in found["bodies"]:
                bodies[coding] = rest[start : start + size]
                start += size
            if start != len(rest):
                return None
            headers = [(name, value) for name, value in found["headers"]]
            return Page(found["edition"], -1, found["until"], found["etag"], headers, bodies)
        except (OSError, ValueError, KeyError):
            return None

    def write(self, path: str, page: Page) -> None:
        """Leave a page on disk for the other workers. A full or broken disk costs speed and nothing else."""
        head = {
            "path": path,
            "edition": page.edition,
            "until": page.until,
            "etag": page.etag,
            "headers": page.headers,
            "bodies": [(coding, len(body)) for coding, body in page.bodies.items()],
        }
        file = self._file(path)
        part = file.with_suffix(f".{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(json.dumps(head).encode() + b"\n" + b"".join(page.bodies.values()))
            part.replace(file)
        except OSError:
            log.warning("a page cannot be kept on disk", exc_info=True)
        self._written += 1
        if self._written % LOOK_AFTER_DISK_EVERY == 1:
            self.make_room()

    def make_room(self) -> None:
        """Delete the pages written longest ago until the folder is below its bound."""
        files = []
        for file in self._folder.glob("*/*"):
            try:
                about = file.stat()
            except FileNotFoundError:
                continue
            files.append((about.st_mtime, about.st_size, file))
        size = sum(one[1] for one in files)
        for _, bytes_, file in sorted(files):
            if size <= self._most_disk:
                break
            file.unlink(missing_ok=True)
            size -= bytes_

    def _file(self, path: str) -> Path:
        name = hashlib.blake2b(path.encode(), digest_size=16, key=self._maker).hexdigest()
        return self._folder / name[:2] / f"{name}.page"
