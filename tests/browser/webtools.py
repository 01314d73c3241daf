"""What tests/browser/webtools.sh installs: Firefox's reader mode, the Nu HTML checker, axe-core."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.config import ROOT

TOOLS = ROOT / ".webtools"
VNU = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
AXE = TOOLS / "node_modules/axe-core/axe.min.js"
READABILITY = TOOLS / "node_modules/@mozilla/readability"


def reader_mode(html: str, address: str) -> dict[str, Any]:
    """{"title", "byline", "lang", "content", "textContent"}: the page as Firefox's reader mode shows it."""
    if shutil.which("node") is None or not READABILITY.is_dir():
        pytest.skip("there is no reader mode here (tests/browser/webtools.sh says more)")
    command = ["node", str(Path(__file__).parent / "reader_mode.mjs"), address]
    environ = os.environ | {"WEBTOOLS": str(TOOLS)}
    done = subprocess.run(command, input=html, env=environ, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def axe_source() -> str:
    """axe-core, to be run in a page: https://github.com/dequelabs/axe-core."""
    if not AXE.is_file():
        pytest.skip("there is no axe here (tests/browser/webtools.sh says more)")
    return AXE.read_text()


def nu_errors(folder: Path) -> list[str]:
    """Every error of the Nu HTML checker in the .html files of a folder, and every warning but on pages of the desk."""
    if shutil.which("java") is None or not VNU.is_file():
        pytest.skip("there is no HTML checker here (tests/browser/webtools.sh says more)")
    command = ["java", "-jar", str(VNU), "--format", "json", "--exit-zero-always", "--skip-non-html", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    messages = json.loads(done.stderr)["messages"]
    return [
        f"{Path(one.get('url', '')).name}:{one.get('lastLine')}: {one['message']} ({one.get('extract', '')!r})"
        for one in messages
        if one["type"] != "info" or (one.get("subType") == "warning" and "-desk-" not in one.get("url", ""))
    ]
