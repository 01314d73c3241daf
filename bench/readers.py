"""The readers' rows of the design's table."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from app import create_app
from app.config import from_environment
from app.db import db

from .building import Column, build, text
from .isso import isso
from .measuring import median_of_pairs, nginx, requests_per_second, seconds_of, served

Row = tuple[str, str, str, bool]
"""What, measured, bar, does it hold."""

SMALL = (100, 1_000)
"""(letters, comments)."""


def rows(large: Column | None) -> Iterator[Row]:
    """Every row, as it is measured. large: a column of 10,000 letters and 1,000,000 comments."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small"
        small.mkdir()
        name = build(small, letters=SMALL[0], comments=SMALL[1])
        letter = f"/letters/{name}/"
        with served(small) as base:
            yield from _warm(base + letter)
            yield _transfer(base, letter)
            yield _cold(base + letter, small, name)
            yield _memory(base)
        if large:
            yield from _sizes(small, large)


def _warm(address: str) -> Iterator[Row]:
    """The page as it is, and as browsers get it."""
    for coding, title in (("", "bytes"), ("br", "bytes of brotli")):
        with urlopen(Request(address, headers={"Accept-Encoding": coding or "identity"})) as answer:
            body = answer.read()
        with nginx(body) as peer:
            ratio, ours, theirs = median_of_pairs(
                lambda coding=coding: requests_per_second(address, coding=coding),  # type: ignore[misc]
                lambda peer=peer, coding=coding: requests_per_second(peer, coding=coding),  # type: ignore[misc]
            )
        said = f"{ratio:.2f} ({ours:,.0f} of {theirs:,.0f} requests/s, {len(body):,} {title})"
        yield "warm letter, 50 comments, 2 workers, against nginx", said, ">= 0.50", ratio >= 0.5


def _transfer(base: str, letter: str) -> Row:
    """The page and all that it loads, as a browser with brotli asks for it."""
    page, size = _get(base + letter)
    links = re.findall(r'<link rel="(?:stylesheet|icon)"[^>]*href="([^"]+)"|<script[^>]*src="([^"]+)"', page)
    addresses = [one or other for one, other in links]
    foreign = [address for address in addresses if "//" in address and not address.startswith(base)]
    blocking = re.findall(r"<script(?![^>]*(?:type=\"module\"|async|defer|ld\+json))", page)
    whole = size + sum(_get(base + address)[1] for address in addresses if address not in foreign)
    said = f"{whole / 1024:.1f} KB in {1 + len(addresses)} requests, {len(foreign)} foreign, {len(blocking)} blocking"
    holds = whole <= 60 * 1024 and not foreign and not blocking
    return "letter with 50 comments, whole transfer", said, "<= 60 KB, 0, 0", holds


def _get(address: str) -> tuple[str, int]:
    from gzip import decompress

    import brotli

    with urlopen(Request(address, headers={"Accept-Encoding": "br, gzip"})) as answer:
        body = answer.read()
        coding = answer.headers.get("Content-Encoding", "")
    plain = brotli.decompress(body) if coding == "br" else decompress(body) if coding == "gzip" else body
    return plain.decode(), len(body)


def _memory(base: str) -> Row:
    """The largest web worker of this server (its own share of memory: USS)."""
    largest, port = 0, f"--port {base.rpartition(':')[2]}"
    for process in psutil.process_iter(["cmdline"]):
        said = " ".join(process.info["cmdline"] or [])
        if "granian" in said and port in said and process.children() == []:
            largest = max(largest, process.memory_full_info().uss)
    return "memory of one warm web worker", f"{largest / 2**20:.0f} MB", "<= 100 MB", 0 < largest <= 100 * 2**20


def _cold(address: str, column: Path, letter: str) -> Row:
    """The same page, made for each request: a page with a query is never kept."""
    with tempfile.TemporaryDirectory() as folder, isso(column, letter, Path(folder)) as peer:
        ratio, ours, theirs = median_of_pairs(
            lambda: requests_per_second(address + "?made=anew", seconds=5),
            lambda: requests_per_second(peer, seconds=5),
        )
    said = f"{ratio:.1f} ({ours:,.0f} of {theirs:,.0f} requests/s)"
    return "the same, cold, against Isso with the same 50 comments, 2 workers each", said, ">= 10", ratio >= 10


def _sizes(small: Path, column: Column) -> Iterator[Row]:
    """Pages made cold, on a small column and on a large one."""
    large = column.data
    names = {data: newest(data) for data in (small, large)}
    clients = {data: create_app(from_environment({"DEARFRIDAY_DATA": str(data)})) for data in (small, large)}
    rare = text(0, 3).split()[2]
    pages = {
        "letter": "/letters/{}/",
        "home": "/",
        "search for a word that all have": "/search/?q=deadline",
        "search for a word that few have": f"/search/?q={rare}",
    }
    for what, address in pages.items():

        def take(data: Path, address: str = address) -> float:
            app = clients[data]
            client = app.test_client()

            def read() -> None:
                app.wsgi_app.shelf.clear()
                for file in (data / "pages").glob("*/*"):
                    file.unlink()
                assert client.get(address.format(names[data])).status_code == 200

            return seconds_of(read)

        ratio, ours, theirs = median_of_pairs(lambda: take(large), lambda: take(small))
        said = f"{ratio:.2f} ({ours * 1000:.1f} ms against {theirs * 1000:.1f} ms)"
        title = f"{what}, {column.letters:,} letters and {column.comments:,} comments against 100 and 1,000"
        yield title, said, "<= 1.30", ratio <= 1.3


def newest(data: Path) -> str:
    """The name of a column's newest letter."""
    app = create_app(from_environment({"DEARFRIDAY_DATA": str(data)}))
    with app.app_context():
        return str(db.session.execute(db.text("SELECT name FROM letters ORDER BY publish_at DESC")).scalar())
