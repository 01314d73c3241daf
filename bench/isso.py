"""A peer for cold pages: Isso (https://isso-comments.de) with the same comments, installed apart from the product."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from app.config import ROOT

from .measuring import Missing, free_port, wait_for

HOME = ROOT / ".webtools" / "isso"
THREAD = "/letter/"
CONFIGURATION = """
[general]
dbpath = {folder}/isso.db
host = http://127.0.0.1:{port}/
[server]
listen = http://127.0.0.1:{port}/
[guard]
enabled = false
"""


@contextmanager
def isso(column: Path, letter: str, folder: Path) -> Iterator[str]:
    """Isso behind gunicorn with two workers, with the letter's published comments; gives the thread's address."""
    _install()
    port = free_port()
    configuration = folder / "isso.cfg"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port))
    command = [str(HOME / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "2", "isso.run"]
    environ = {**os.environ, "ISSO_SETTINGS": str(configuration)}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/?uri={quote(THREAD)}"
        wait_for(f"http://127.0.0.1:{port}/info")
        _fill(folder / "isso.db", column / "column.sqlite", letter)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _install() -> None:
    if (HOME / "bin" / "gunicorn").exists():
        return
    made = subprocess.run([sys.executable, "-m", "venv", str(HOME)], capture_output=True)
    pip = [str(HOME / "bin" / "pip"), "install", "--quiet", "isso==0.14.0", "gunicorn==23.0.0"]
    if made.returncode or subprocess.run(pip, capture_output=True).returncode:
        shutil.rmtree(HOME, ignore_errors=True)
        raise Missing("needs Isso, and pip could not install it")


def _fill(theirs: Path, ours: Path, letter: str) -> None:
    with sqlite3.connect(ours) as column:
        comments = column.execute(
            "SELECT text_source, comments.name FROM comments JOIN letters ON letters.id = letter_id"
            " WHERE letters.name = ? AND standing = 'published' ORDER BY submitted_at",
            (letter,),
        ).fetchall()
    with sqlite3.connect(theirs) as database:
        database.execute("INSERT INTO threads (id, uri, title) VALUES (1, ?, 'A letter')", (THREAD,))
        database.executemany(
            "INSERT INTO comments (tid, created, mode, remote_addr, text, author, voters)"
            " VALUES (1, ?, 1, '127.0.0.1', ?, ?, ?)",
            [(1.6e9 + n, text, name, bytes(256)) for n, (text, name) in enumerate(comments)],
        )
