"""The folder of media: each picture's files in a folder of their own, which is there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_GONE = ".gone-"


def put(media: Path, key: str, files: dict[str, bytes]) -> None:
    """Write the files of a picture, unless they are there; on return they are on disk (promise 7)."""
    if (media / key).exists():
        return
    mine = media / f".{key}.{os.getpid()}.{secrets.token_hex(4)}"
    mine.mkdir(parents=True)
    try:
        for name, content in files.items():
            with (mine / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(mine)
        try:
            mine.rename(media / key)
        except OSError:
            if not (media / key).exists():
                raise
        _sync(media)
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def take_away(media: Path, key: str) -> None:
    """The files are not found any more; `clear` erases them."""
    if (media / key).exists():
        (media / key).rename(media / f"{_GONE}{key}.{secrets.token_hex(4)}")


def clear(media: Path) -> None:
    """Erase what was taken away."""
    for gone in media.glob(f"{_GONE}*"):
        shutil.rmtree(gone, ignore_errors=True)


def older(media: Path, moment: datetime) -> Iterator[str]:
    """The names of what was put before a moment, also of what was never put whole."""
    for one in media.iterdir() if media.exists() else ():
        if datetime.fromtimestamp(one.stat().st_mtime, UTC) < moment:
            yield one.name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
