"""Web and worker as processes: what `flask serve` and `flask worker` run."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

from flask import Flask
from huey import Huey

QUICKEST_LOOK = 0.1
SLOWEST_LOOK = 1.0
"""Seconds between the worker's looks into the queue, while there is work and while there is none."""
PATIENCE = 15.0
"""Seconds that web and worker have to end what they do."""
ASK_AGAIN_AFTER = 3.0
"""Seconds."""


class CannotServe(Exception):
    """Web or worker cannot start; the message is one line for the person at the terminal."""


def serve(*, host: str, port: int, workers: int) -> None:
    """Run granian and the worker until Ctrl-C or SIGTERM, or until one of them ends; then end both.

    Raises CannotServe when the port is taken or when one of them ended by itself.
    """
    _must_be_free(host, port)
    environ = dict(os.environ)
    environ.setdefault("DEARFRIDAY_BASE_URL", f"http://{host}:{port}")
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    granian += ["--workers", str(workers), "--blocking-threads", "1", "--backlog", "1024", "--no-ws", "wsgi:app"]
    worker = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    # In sessions of their own, so that the terminal's Ctrl-C reaches only us, and we end them in order.
    children = [
        subprocess.Popen([*granian, "--log-level", "warning"], env=environ, start_new_session=True),  # noqa: S603
        subprocess.Popen(worker, env=environ, start_new_session=True),  # noqa: S603
    ]
    site = environ["DEARFRIDAY_BASE_URL"]
    print(f"Dear Friday runs: {site}/  The desk: {site}/desk/  (Ctrl-C ends it)", flush=True)
    ended = _until_told_to_end(children)
    _end(children)
    if ended is not None:
        raise CannotServe(f"{'the web server' if ended is children[0] else 'the worker'} ended with {ended.returncode}")


def work(app: Flask) -> None:
    """Run the background worker in this process until it is told to end.

    It has two threads: while one sends a million notices, the other does what is due by the clock.
    """
    queue: Huey = app.extensions["queue"]
    consumer = queue.create_consumer(
        workers=2, initial_delay=QUICKEST_LOOK, max_delay=SLOWEST_LOOK, backoff=1.3, check_worker_health=True
    )
    app.extensions["wait"] = consumer.stop_flag.wait  # so that sending ends between two mails
    consumer.run()


def _must_be_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(
                f"cannot listen on {host}:{port} ({error.strerror}); try --port {port + 1} (make run PORT={port + 1})"
            ) from error


def _until_told_to_end(children: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes] | None:
    """Wait for a signal; returns the child that ended before one came, if any."""
    told = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, frame: told.append(number))
    while not told:
        for child in children:
            if child.poll() is not None:
                return child
        time.sleep(0.2)
    return None


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask until they end, because a process that has just started does not listen yet; then leave nobody behind."""
    end = time.monotonic() + PATIENCE
    while any(child.poll() is None for child in children) and time.monotonic() < end:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        _wait_for(children, min(end, time.monotonic() + ASK_AGAIN_AFTER))
    for child in children:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # its own workers too: each child leads a group
        child.wait()


def _wait_for(children: list[subprocess.Popen[bytes]], until: float) -> None:
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.05, until - time.monotonic()))
