"""What `flask doctor` finds, with a real name server, a real mail server, real queues."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import doctor, work
from app.column.models import Settings
from app.config import Config
from app.findings import Finding
from app.mail import published, signing

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server
from .names import Names

DOMAIN = "column.example.dear"
KEY = f"friday._domainkey.{DOMAIN}"


@pytest.fixture
def names() -> Iterator[Names]:
    names = Names()
    yield names
    names.stop()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.Key:
    data = tmp_path_factory.mktemp("data")
    signing.make(data, "friday")
    return signing.key(data, "friday", f"friday@{DOMAIN}")


Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def look(app: Flask, session: Session, config: Config, names: Names, monkeypatch: pytest.MonkeyPatch) -> Look:
    """All findings by what they are of; settings of the environment by name."""
    session.execute(sa.update(Settings).values(mail_from=f"friday@{DOMAIN}"))
    session.commit()
    work.open_queue(config).storage.flush_results()

    def run(now: datetime = NOON, resolver: Any = names.resolver, **changed: Any) -> dict[str, Finding]:
        monkeypatch.setitem(app.extensions, "config", replace(config, **changed))
        found = list(doctor.look(app, session, now=now, resolver=resolver))
        session.rollback()
        assert all(one.said and (one.level == "ok" or one.do) for one in found)
        return {one.what.split(" /")[0].split(" 127")[0]: one for one in found}

    return run


def test_a_column_that_is_well_has_nothing_to_mend(
    app: Flask, session: Session, config: Config, look: Look, names: Names, key: signing.Key
) -> None:
    shutil.rmtree(signing.folder(config.data), ignore_errors=True)
    signing.folder(config.data).mkdir()
    (signing.folder(config.data) / "friday.pem").write_bytes(key.pem)
    (signing.folder(config.data) / "friday.pem").chmod(0o600)
    session.execute(sa.update(Settings).values(dkim_selector="friday"))
    session.commit()
    work.seen(app.extensions["queue"])
    seen = work.last_seen(app.extensions["queue"])
    assert seen is not None
    names.zone = {
        DOMAIN: ["some other text", "v=spf1 mx -all"],
        KEY: [key.record],
        f"_dmarc.{DOMAIN}": ["v=DMARC1; p=reject"],
    }
    found = look(now=seen + timedelta(seconds=30), base_url="https://column.example")
    assert {what: one.said for what, one in found.items() if one.level != "ok"} == {}
    assert found["Worker"].said == "seen 30 s ago"
    assert set(found) >= {
        "DEARFRIDAY_BASE_URL", "Data folder", "Database", "Queue", "Worker", "Mail server", "Signing key",
        f"SPF of {DOMAIN}", f"DKIM at {KEY}", f"DMARC of {DOMAIN}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "level"),
    [("http://127.0.0.1:8000", "warning"), ("http://column.example", "warning"), ("https://column.example", "ok")],
)
def test_an_address_that_readers_cannot_reach_or_should_not_is_said(look: Look, url: str, level: str) -> None:
    assert look(base_url=url)["DEARFRIDAY_BASE_URL"].level == level


def test_tables_of_another_version_are_an_error_with_the_command_that_mends_it(look: Look, session: Session) -> None:
    before = session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    session.commit()
    try:
        found = look()
    finally:
        session.execute(sa.text("UPDATE alembic_version SET version_num = :before"), {"before": before})
        session.commit()
    assert (found["Database"].level, found["Database"].do) == ("error", "flask --app wsgi db upgrade")
    assert "Signing key" not in found


def test_a_worker_that_was_not_seen_lately_is_an_error(app: Flask, look: Look) -> None:
    assert look()["Worker"].level == "error"
    work.seen(app.extensions["queue"])
    seen = work.last_seen(app.extensions["queue"])
    assert seen is not None
    assert look(now=seen + doctor.SEEN_WITHIN)["Worker"].level == "ok"
    assert look(now=seen + doctor.SEEN_WITHIN + timedelta(seconds=1))["Worker"].level == "error"


def test_the_minutes_sweep_says_that_the_worker_lives(app: Flask, look: Look, sweep: Callable[[], None]) -> None:
    sweep()
    assert look()["Worker"].level == "ok"


def test_a_queue_that_does_not_answer_is_an_error(app: Flask, look: Look, config: Config, tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("no database at all, and longer than the head of one " * 20)
    found = list(doctor._queue(work.open_queue(replace(config, queue_url="redis://127.0.0.1:1/0")), NOON))
    assert [one.level for one in found] == ["error"]


def test_a_mail_server_that_is_not_there_is_an_error_and_none_is_a_warning(look: Look, server: Server) -> None:
    assert look()["Mail server"].level == "ok"
    assert (server.raw, server.senders, server.connections) == ([], [], 1)  # no mail was sent
    assert look(mail_url="smtp://127.0.0.1:1")["Mail server"].level == "error"
    assert look(mail_url="smtp://me:hunter2@127.0.0.1:1")["Mail server"].level == "error"
    assert look(mail_url="folder:")["Mail server"].level == "warning"


def test_a_password_that_the_mail_server_does_not_take_is_an_error_and_not_told(look: Look, server: Server) -> None:
    url = server.url.replace("smtp://", "smtp://me:hunter2@")
    found = look(mail_url=url)["Mail server"]
    assert found.level == "error"
    assert "hunter2" not in found.said + found.do + found.what


def test_little_room_on_the_disk_is_said(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((doctor.LITTLE_SPACE, "ok"), (doctor.LITTLE_SPACE - 1, "warning"),
                        (doctor.TOO_LITTLE_SPACE - 1, "error")):  # fmt: skip
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: shutil._ntuple_diskusage(9, 9, free))  # type: ignore[attr-defined]
        assert look()["Data folder"].level == level


def test_a_data_folder_that_is_gone_is_an_error(look: Look, tmp_path: Path) -> None:
    assert look(data=tmp_path / "gone")["Data folder"].level == "error"


def test_a_chosen_key_that_is_not_here_is_an_error(look: Look, session: Session, config: Config) -> None:
    shutil.rmtree(signing.folder(config.data), ignore_errors=True)
    session.execute(sa.update(Settings).values(dkim_selector="friday"))
    session.commit()
    assert look()["Signing key"].level == "error"


def test_an_address_that_nobody_has_is_not_asked_for(look: Look, session: Session, names: Names) -> None:
    session.execute(sa.update(Settings).values(mail_from="column@example.org"))
    session.commit()
    assert look()["Sender"].level == "error"
    assert look(mail_url="folder:")["Sender"].level == "warning"
    assert names.asked == []


def test_where_names_cannot_be_resolved_it_says_so_once_and_it_is_no_error(look: Look, names: Names) -> None:
    names.broken = True

    def nowhere() -> dns.resolver.Resolver:
        raise published.CannotResolve("no name server: /etc/resolv.conf is empty")

    for found in (look(), look(resolver=nowhere)):
        assert (found["DNS"].level, "not looked at" in found["DNS"].said) == ("warning", True)
        assert not [what for what in found if what.startswith(("SPF", "DKIM at", "DMARC"))]


SPF = [
    ([], "error"),
    (["v=spf1 mx -all"], "ok"),
    (["V=SPF1 include:_spf.example.net ~all"], "ok"),
    (["v=spf1 redirect=_spf.example.net"], "ok"),
    (["v=spf1 mx -all", "v=spf1 a -all"], "error"),
    (["v=spf1 +all"], "warning"),
    (["v=spf1 mx"], "warning"),
    (["v=spf10 mx -all"], "error"),
    (["google-site-verification=x"], "error"),
]


@pytest.mark.parametrize(("records", "level"), SPF)
def test_spf(names: Names, records: list[str], level: str) -> None:
    names.zone = {DOMAIN: records}
    assert published.spf(names.resolver(), DOMAIN).level == level


def test_dkim_compares_the_record_with_our_key(names: Names, key: signing.Key) -> None:
    def of(*records: str) -> tuple[str, str]:
        names.zone = {KEY: list(records)}
        found = published.signature(names.resolver(), key)
        return found.level, found.said

    assert of(key.record) == ("ok", "the record is our key of 2048 bits")
    assert of(f"p={key.public[:40]} {key.public[40:]}")[0] == "ok"
    assert of(f"v=DKIM1; t=y; p={key.public}")[0] == "warning"
    assert of()[0] == "error"
    assert of(f"v=DKIM1; p={key.public[:-4]}AAAA") == ("error", "the record is of another key than ours")
    assert of("v=DKIM1; p=") == ("error", "the record says that the key is withdrawn")
    assert of(key.record, f"{key.record}; t=s")[0] == "error"
    names.zone = {}
    assert published.signature(names.resolver(), key).do == f"publish TXT {KEY}: {key.record}"


def test_dmarc_of_a_domain_above_holds_for_those_below(names: Names) -> None:
    assert published.dmarc(names.resolver(), DOMAIN).level == "warning"
    assert names.asked == [f"_dmarc.{DOMAIN}", "_dmarc.example.dear"]
    names.zone = {"_dmarc.example.dear": ["v=DMARC1; p=none"]}
    assert published.dmarc(names.resolver(), DOMAIN).level == "ok"
    names.zone = {f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}
    assert published.dmarc(names.resolver(), DOMAIN).level == "error"


def test_unsigned_mails_that_come_back_to_another_domain_cannot_be_known(look: Look, names: Names) -> None:
    names.zone = {"elsewhere.example": ["v=spf1 mx -all"], f"bounces.{DOMAIN}": ["v=spf1 mx -all"]}
    found = look(return_address="bounces@elsewhere.example")
    assert found["SPF of elsewhere.example"].level == "ok"
    assert found["DMARC"].level == "warning"
    assert "DMARC" not in look(return_address=f"b@bounces.{DOMAIN}")


def test_the_command_says_each_in_a_line_what_to_do_and_whether_all_is_well(
    app: Flask, session: Session, names: Names, cast: Cast, at: object
) -> None:
    session.execute(sa.update(Settings).values(mail_from=f"friday@{DOMAIN}", dkim_selector=""))
    session.commit()
    work.open_queue(app.extensions["config"]).storage.flush_results()
    names.zone = {DOMAIN: ["v=spf1 mx -all"]}
    said = app.test_cli_runner().invoke(args=["doctor", "--dns", names.address])
    assert said.exit_code == 1
    assert re.search(r"(?m)^error    Worker: .+\n         -> run flask", said.output)
    assert f"ok       SPF of {DOMAIN}: v=spf1 mx -all" in said.output
    assert "1 error," in said.output
    work.seen(app.extensions["queue"])
    said = app.test_cli_runner().invoke(args=["doctor", "--dns", names.address])
    assert (said.exit_code, "0 errors" in said.output) == (0, True), said.output
