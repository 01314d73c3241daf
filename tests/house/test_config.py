"""Settings of the environment: what is made, and what stops the start with one line."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import ROOT, BadSetting, from_environment


def settings(folder: Path, **more: str) -> dict[str, str]:
    return {"DEARFRIDAY_DATA": str(folder), **{f"DEARFRIDAY_{name}": value for name, value in more.items()}}


def test_with_nothing_set_it_runs_on_one_machine(tmp_path: Path) -> None:
    config = from_environment(settings(tmp_path / "new" / "folder"))
    assert config.data.is_dir()
    assert config.database_url == f"sqlite:///{config.data / 'column.sqlite'}"
    assert config.queue_url == f"sqlite:///{config.data / 'queue.sqlite'}"
    assert (config.mail_url, config.base_url, config.trusted_proxies) == ("folder:", "http://127.0.0.1:8000", 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/column"),
        ("DATABASE_URL", "column.sqlite"),
        ("DATABASE_URL", "sqlite:column.sqlite"),
        ("DATABASE_URL", "postgresql://localhost:port/column"),
        ("DATABASE_URL", "postgresql://[::1/column"),
        ("QUEUE_URL", "amqp://localhost"),
        ("QUEUE_URL", "redis://[::1"),
        ("MAIL_URL", "smtps://localhost"),
        ("MAIL_URL", "mail.example.org"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtp://localhost:port"),
        ("MAIL_URL", "smtp://localhost:99999"),
        ("MAIL_URL", "smtp://user:pass@localhost?tls=start"),
        ("MAIL_URL", "smtp://[::1"),
        ("BASE_URL", "column.example"),
        ("BASE_URL", "ftp://column.example"),
        ("BASE_URL", "https://column.example/blog"),
        ("BASE_URL", "https://column.example/?a=b"),
        ("BASE_URL", "https://column.example/#a"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://[::1"),
        ("BASE_URL", "https://column.example:port"),
        ("RETURN_ADDRESS", "bounces"),
        ("RETURN_ADDRESS", "bounces+here@column.example"),
        ("RETURN_ADDRESS", "b" * 37 + "@column.example"),
        ("RETURN_ADDRESS", "bounces@column.example\nBcc: all@column.example"),
        ("BOUNCES_URL", "pop3://host"),
        ("BOUNCES_URL", "imaps://"),
        ("BOUNCES_URL", "imap://host?tls=on"),
        ("BOUNCES_URL", "imaps://me:hunter2@host:port/"),
        ("TRUSTED_PROXIES", "one"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "1.5"),
        ("SECRET_KEY", "too short"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        from_environment(settings(tmp_path, **{name: value}))
    line = str(refusal.value)
    assert line.startswith(f"DEARFRIDAY_{name}: ")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["DATABASE_URL", "QUEUE_URL", "MAIL_URL", "BOUNCES_URL"])
@pytest.mark.parametrize(
    "url", ["mysql://me:hunter2@host/", "smtp://me:hunter2@host:port/", "redis://me:hun/ter2@host"]
)
def test_the_line_tells_no_password(tmp_path: Path, name: str, url: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        from_environment(settings(tmp_path, **{name: url}))
    assert "hun" not in str(refusal.value)


def test_a_data_folder_that_cannot_be_made_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(BadSetting, match=r"^DEARFRIDAY_DATA: [^\n]+$"):
            from_environment(settings(path))


def test_a_bad_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    environ = os.environ | settings(tmp_path, BASE_URL="column.example")
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert started.returncode != 0
    assert started.stderr.count("\n") == 1
    assert started.stderr.startswith("Dear Friday cannot start. DEARFRIDAY_BASE_URL: ")


@pytest.mark.parametrize("url", ["https://column.example", "https://column.example/"])
def test_the_sites_address_has_no_slash_at_its_end(tmp_path: Path, url: str) -> None:
    assert from_environment(settings(tmp_path, BASE_URL=url)).base_url == "https://column.example"


@pytest.mark.parametrize(
    "url", ["smtp://localhost", "smtp://u:p@localhost:587?tls=starttls", "smtp://localhost?tls=on"]
)
def test_good_mail_settings_are_taken_as_they_are(tmp_path: Path, url: str) -> None:
    assert from_environment(settings(tmp_path, MAIL_URL=url)).mail_url == url


def test_postgresql_is_spoken_to_by_psycopg_3(tmp_path: Path) -> None:
    config = from_environment(settings(tmp_path, DATABASE_URL="postgresql://localhost/column"))
    assert config.database_url == "postgresql+psycopg://localhost/column"


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = from_environment(settings(tmp_path)).secret_key
    assert len(first) >= 48
    assert from_environment(settings(tmp_path)).secret_key == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_a_given_secret_key_is_used_and_not_kept(tmp_path: Path) -> None:
    assert from_environment(settings(tmp_path, SECRET_KEY="x" * 16)).secret_key == "x" * 16
    assert list(tmp_path.iterdir()) == []


def test_two_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    code = "import sys; from app.config import from_environment as f; sys.stdin.read(); print(f().secret_key)"
    environ = os.environ | settings(tmp_path)
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    some = [subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in some:
        assert process.stdin is not None
        process.stdin.close()  # now
    keys = {process.stdout.read().strip() for process in some if process.stdout}
    assert [process.wait() for process in some] == [0, 0]
    assert len(keys) == 1
    assert len(keys.pop()) >= 48


def test_a_key_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = os.open

    def other_is_first(path: str, flags: int, mode: int = 0o777, **more: int) -> int:
        # At the moment in which one process has its file and has not written to it, another one starts.
        descriptor = made(path, flags, mode, **more)
        monkeypatch.setattr(os, "open", made)
        keys.append(from_environment(settings(tmp_path)).secret_key)
        return descriptor

    keys: list[str] = []
    monkeypatch.setattr(os, "open", other_is_first)
    keys.append(from_environment(settings(tmp_path)).secret_key)
    assert len(keys[0]) >= 48
    assert keys[0] == keys[1]
