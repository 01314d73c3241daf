"""The product as people run it: web, worker and database as processes of their own, on a free port of this machine."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import psutil

from app.config import ROOT

PATIENCE = 90.0
"""Seconds, for a machine that does much else."""


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: object, **more: object) -> None:
        return None


class Visitor:
    """Somebody with a browser's cookies and none of its scripts."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()), NoRedirect())

    def get(self, path: str) -> tuple[int, str]:
        return self._open(Request(self.base + path))

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        return self._open(Request(self.base + path, data=urlencode(fields).encode(), method="POST"))

    def sign_in(self, email: str, password: str) -> "Visitor":
        _, page = self.get("/desk/login")
        status, _ = self.post("/desk/login", email=email, password=password, csrf_token=token(page))
        assert status == 303
        return self

    def _open(self, request: Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.read().decode()


def token(page: str) -> str:
    """The CSRF token of a page's first form."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page
    return found.group(1)


class House:
    """One running Dear Friday with the demo column."""

    def __init__(self, data: Path, copy_of: Path | None = None) -> None:
        self.data = data
        self.cookies: dict[str, list[Any]] = {}
        """Of each role that signed in with a browser."""
        if copy_of is not None:
            shutil.copytree(copy_of, data, dirs_exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DEARFRIDAY_")},
            "DEARFRIDAY_DATA": str(data),
        }
        if copy_of is None:
            self.flask("db", "upgrade")
            self.flask("demo")
        self.password = (data / "demo-sign-ins.txt").read_text().split("Password: ")[1].strip()

    def flask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of `flask --app wsgi`, run to its end."""
        whole = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        return subprocess.run(whole, cwd=ROOT, env=self.environ, check=True, capture_output=True, text=True)

    def start(self, workers: int = 2) -> None:
        whole = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(self.port)]
        whole += ["--workers", str(workers)]
        self.log = (self.data / "serve.log").open("ab")
        self.process = subprocess.Popen(whole, cwd=ROOT, env=self.environ, stdout=self.log, stderr=self.log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if Visitor(self.base).get("/readyz")[0] == 200:
                    return
            except (URLError, OSError):
                assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        self.interrupt()  # nobody else would
        raise AssertionError(self.said())

    def interrupt(self) -> int:
        """One Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """kill -9 to every process of the house at once."""
        whole = [*self.processes(), psutil.Process(self.process.pid)]
        for process in whole:
            process.kill()
        psutil.wait_procs(whole, PATIENCE)

    def said(self) -> str:
        return (self.data / "serve.log").read_text()
