"""Every setting from the environment: its name, its default, its meaning. A bad value stops the start with one line.

What an editor would change (title, rules, target, language, retention) is not here: it lives in the database.
"""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

ROOT = Path(__file__).parent.parent
LONGEST_RETURN_NAME = 36
"""Of the 64 characters that RFC 5321 allows before the @, mail/return_path.py needs 28."""


class BadSetting(Exception):
    """A setting cannot be used; the message is one line for the person who set it."""


@dataclass(frozen=True)
class Config:
    """The settings of one running Dear Friday, checked."""

    data: Path
    """DEARFRIDAY_DATA: the folder for the database, mails, pictures and secrets. Default: `instance/`."""
    database_url: str
    """DEARFRIDAY_DATABASE_URL: `sqlite:///…` or `postgresql://…`. Default: SQLite in the data folder."""
    queue_url: str
    """DEARFRIDAY_QUEUE_URL: `sqlite:///…`, `postgresql://…` or `redis://…`. Default: SQLite in the data folder."""
    mail_url: str
    """DEARFRIDAY_MAIL_URL: `smtp://user:pass@host:587?tls=starttls`, or `folder:`: `.eml` files in the data folder."""
    secret_key: str
    """DEARFRIDAY_SECRET_KEY: signs the desk's sessions. Default: made once and kept in the data folder."""
    base_url: str
    """DEARFRIDAY_BASE_URL: the site's address as readers type it, without a slash at the end."""
    trusted_proxies: int
    """DEARFRIDAY_TRUSTED_PROXIES: how many proxies stand in front and set `X-Forwarded-For`. Default: 0."""
    websub_hub: str = ""
    """DEARFRIDAY_WEBSUB_HUB: a WebSub hub that hears of every new letter. Default: none, and nothing is sent."""
    return_address: str = ""
    """DEARFRIDAY_RETURN_ADDRESS: the mailbox for mails that come back, as `bounces@column.example`; its server must
    take `bounces+anything@` for it. Default: none, and mails come back to the column's own address."""
    bounces_url: str = ""
    """DEARFRIDAY_BOUNCES_URL: where the worker reads that mailbox, `imaps://user:pass@host/INBOX`; with `?move=Read` it
    moves there what it has understood. Default: nowhere."""

    @property
    def media(self) -> Path:
        """The folder for pictures."""
        return self.data / "media"


def from_environment(environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check every setting; makes the data folder and, the first time, the secret key in it.

    Raises BadSetting with one line that names the setting and what it should look like.
    """
    data = _data_folder(environ.get("DEARFRIDAY_DATA") or str(ROOT / "instance"))
    return Config(
        data=data,
        database_url=_database_url(environ.get("DEARFRIDAY_DATABASE_URL") or f"sqlite:///{data / 'column.sqlite'}"),
        queue_url=_one_of(
            "DEARFRIDAY_QUEUE_URL",
            environ.get("DEARFRIDAY_QUEUE_URL") or f"sqlite:///{data / 'queue.sqlite'}",
            ("sqlite", "postgresql", "redis"),
        ),
        mail_url=_one_of("DEARFRIDAY_MAIL_URL", environ.get("DEARFRIDAY_MAIL_URL") or "folder:", ("smtp", "folder")),
        secret_key=_secret_key(environ.get("DEARFRIDAY_SECRET_KEY"), data),
        base_url=_base_url(environ.get("DEARFRIDAY_BASE_URL") or "http://127.0.0.1:8000"),
        trusted_proxies=_number("DEARFRIDAY_TRUSTED_PROXIES", environ.get("DEARFRIDAY_TRUSTED_PROXIES") or "0"),
        websub_hub=_hub(environ.get("DEARFRIDAY_WEBSUB_HUB") or ""),
        return_address=_return_address(environ.get("DEARFRIDAY_RETURN_ADDRESS") or ""),
        bounces_url=_bounces_url(environ.get("DEARFRIDAY_BOUNCES_URL") or ""),
    )


def _data_folder(path: str) -> Path:
    folder = Path(path).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"DEARFRIDAY_DATA: cannot make the folder {path} ({error.strerror})") from error
    if not os.access(folder, os.W_OK):
        raise BadSetting(f"DEARFRIDAY_DATA: cannot write to the folder {path}")
    return folder


def _parts(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only when asked for
    except ValueError:  # its message may hold a piece of a password
        raise BadSetting(f"{name}: is no address; look at its brackets and its port") from None
    return parts


def _one_of(name: str, url: str, schemes: tuple[str, ...]) -> str:
    parts = _parts(name, url)
    if parts.scheme not in schemes:
        raise BadSetting(
            f"{name}: starts with {', '.join(s + ':' for s in schemes)} and not with {parts.scheme or url!r}"
        )
    if parts.scheme == "sqlite" and not url.startswith("sqlite:///"):
        raise BadSetting(f"{name}: sqlite:/// wants a path, as in sqlite:////var/lib/dearfriday/column.sqlite")
    if parts.scheme == "smtp" and not parts.hostname:
        raise BadSetting(f"{name}: smtp:// wants a host, as in smtp://user:pass@host:587?tls=starttls")
    if parts.scheme == "smtp" and parse_qs(parts.query).get("tls", ["on"])[-1] not in ("on", "starttls"):
        raise BadSetting(f"{name}: ?tls= is starttls or on; without it nothing is encrypted")
    return url


def _database_url(url: str) -> str:
    _one_of("DEARFRIDAY_DATABASE_URL", url, ("sqlite", "postgresql"))
    # Plain postgresql:// would ask SQLAlchemy for psycopg 2.
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _base_url(url: str) -> str:
    parts = _parts("DEARFRIDAY_BASE_URL", url)
    if parts.scheme not in ("http", "https") or not parts.hostname or set(url) & set("?#") or parts.path.strip("/"):
        raise BadSetting("DEARFRIDAY_BASE_URL: looks like https://column.example, with no path behind it")
    return url.rstrip("/")


def _hub(url: str) -> str:
    if url:
        parts = _parts("DEARFRIDAY_WEBSUB_HUB", url)
        if parts.scheme not in ("http", "https") or not parts.hostname or set(url) & set(' <>"#'):
            raise BadSetting("DEARFRIDAY_WEBSUB_HUB: looks like https://hub.example/, or is empty")
    return url


def _return_address(address: str) -> str:
    if address and not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{LONGEST_RETURN_NAME}}}@[A-Za-z0-9.-]+", address):
        raise BadSetting(
            "DEARFRIDAY_RETURN_ADDRESS: looks like bounces@column.example, "
            f"with no + in it and at most {LONGEST_RETURN_NAME} characters before the @"
        )
    return address


def _bounces_url(url: str) -> str:
    if url:
        parts = _parts("DEARFRIDAY_BOUNCES_URL", url)
        if parts.scheme not in ("imap", "imaps") or not parts.hostname:
            raise BadSetting("DEARFRIDAY_BOUNCES_URL: looks like imaps://user:pass@host/INBOX")
        if parse_qs(parts.query).get("tls", ["starttls"])[-1] not in ("starttls", "off"):
            raise BadSetting("DEARFRIDAY_BOUNCES_URL: ?tls= is starttls or off; imaps:// is encrypted from the start")
    return url


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise BadSetting(f"{name}: a whole number, and not {text!r}")
    return int(text)


def _secret_key(given: str | None, data: Path) -> str:
    if given is not None:
        if len(given) < 16:
            raise BadSetting("DEARFRIDAY_SECRET_KEY: at least 16 characters")
        return given
    kept = data / "secret_key"
    if not kept.exists():
        # Web and worker may start at the same time: each writes a key of its own, and one of them gets the name.
        mine = data / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(mine, kept)
        mine.unlink()
    return kept.read_text()
