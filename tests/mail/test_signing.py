"""Signatures, checked by dkimpy on the bytes that arrived at a real SMTP server."""

import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.column.models import Settings
from app.config import Config
from app.mail import signing
from app.mail.models import Delivery

from ..cast import Cast
from ..house_on_a_port import token
from .conftest import Server

VERA = "vera@example.org"
Deliver = Callable[..., int]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key for all tests: making one takes a while."""
    return signing.make(tmp_path_factory.mktemp("keys"), "friday")


@pytest.fixture
def pem(app: Flask, made: Path) -> Path:
    """The key in the stage's data folder."""
    folder: Path = signing.folder(app.extensions["config"].data)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Path(shutil.copy(made, folder))


@pytest.fixture
def key(cast: Cast, session: Session, pem: Path, config: Config) -> signing.Key:
    """The key that an editor chose, of a column at column.example."""
    session.execute(sa.update(Settings).values(mail_from="friday@column.example", dkim_selector="friday"))
    session.commit()
    return signing.key(config.data, "friday", "friday@column.example")


def verified(raw: bytes, key: signing.Key) -> bool:
    """By dkimpy, with our record in the place of the DNS."""
    asked = {f"{key.name}.".encode(): key.record.encode()}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: asked.get(name)))


def signed_headers(raw: bytes) -> list[str]:
    signer = dkim.DKIM(raw)
    signer.verify(dnsfunc=lambda name, timeout=5: None)
    return [name.decode() for name in signer.include_headers]


@pytest.fixture
def notice(cast: Cast, session: Session, key: signing.Key, server: Server, deliver: Deliver) -> bytes:
    """A signed notice, as it arrived."""
    course = cast.course()
    cast.subscriber(course, VERA)
    session.execute(sa.delete(Delivery))
    cast.opened(course)
    session.commit()
    assert deliver() == 1
    return server.raw[0]


def test_what_arrives_has_a_signature_that_holds(notice: bytes, key: signing.Key) -> None:
    assert verified(notice, key)
    said = re.sub(rb"\s+", b" ", notice)
    assert b" a=rsa-sha256; c=relaxed/relaxed; d=column.example; " in said
    assert b" s=friday; " in said


def test_a_confirmation_is_signed_too(
    cast: Cast, key: signing.Key, server: Server, deliver: Deliver, session: Session
) -> None:
    cast.subscriber(cast.course(name="Жёсткие разговоры"), VERA, confirmed=False)
    assert deliver() == 1
    assert verified(server.raw[0], key)
    assert "list-unsubscribe" in signed_headers(server.raw[0])  # none is there, and none can be put in


def test_one_click_leaving_and_the_sender_are_signed(notice: bytes) -> None:
    headers = signed_headers(notice)
    for name in ("from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"):
        assert name in headers, name
    for name in ("from", "subject", "list-unsubscribe", "list-unsubscribe-post", "reply-to"):
        assert headers.count(name) == 1 + (f"\n{name}:".encode() in notice.lower()), name


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "another word in the text": lambda raw: raw.replace(b"Enrolment", b"Enrollment").replace(b"Come", b"Went"),
    "another way to leave": lambda raw: raw.replace(b"List-Unsubscribe: <http", b"List-Unsubscribe: <https"),
    "a second way to leave": lambda raw: b"List-Unsubscribe: <https://elsewhere.example>\r\n" + raw,
    "no one-click leaving": lambda raw: raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    "another subject": lambda raw: raw.replace(b"Subject: E", b"Subject: e"),
    "a second sender": lambda raw: b"From: Eve <eve@elsewhere.example>\r\n" + raw,
    "answers to somebody else": lambda raw: b"Reply-To: eve@elsewhere.example\r\n" + raw,
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_the_mail_on_its_way_breaks_the_signature(change: str, notice: bytes, key: signing.Key) -> None:
    changed = CHANGES[change](notice)
    assert changed != notice
    assert not verified(changed, key)


def test_a_server_that_folds_headers_anew_or_adds_its_own_does_not_break_it(notice: bytes, key: signing.Key) -> None:
    on_the_way = b"Received: from here by there;\r\n\tnow\r\n" + notice.replace(b"Subject: Enr", b"SUBJECT:\r\n  Enr")
    assert on_the_way.count(b"SUBJECT:") == 1
    assert verified(on_the_way + b"\r\n\r\n", key)


def test_another_column_cannot_sign_for_ours(notice: bytes, key: signing.Key, tmp_path: Path) -> None:
    signing.make(tmp_path, "friday")
    assert not verified(notice, signing.key(tmp_path, "friday", "friday@column.example"))


def test_without_a_chosen_key_mails_are_not_signed(
    cast: Cast, pem: Path, server: Server, deliver: Deliver, session: Session
) -> None:
    cast.subscriber(cast.course(), VERA, confirmed=False)
    assert deliver() == 1
    assert b"DKIM" not in server.raw[0]


def test_without_its_key_no_mail_leaves_unsigned_and_none_is_lost(
    cast: Cast, key: signing.Key, pem: Path, server: Server, deliver: Deliver, session: Session
) -> None:
    cast.subscriber(cast.course(), VERA, confirmed=False)
    away = pem.rename(pem.with_suffix(".away"))
    assert deliver() == 0
    away.rename(pem)
    assert deliver() == 1
    assert verified(server.raw[0], key)


def test_a_key_is_made_for_its_user_alone_and_never_made_over(made: Path) -> None:
    before = made.read_bytes()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    with pytest.raises(signing.NoKey, match="is there already"):
        signing.make(made.parent.parent, "friday")
    assert made.read_bytes() == before
    assert signing.key(made.parent.parent, "friday", VERA).bits == 2048


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_that_root_makes_is_the_data_folders_owners(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    made = signing.make(tmp_path, "friday")
    for one in (made, made.parent):
        assert (one.stat().st_uid, one.stat().st_gid) == (12345, 12346)


@pytest.mark.parametrize("name", ["", "Friday", "../friday", "fri.day", "-friday", "пятница", "a" * 64, "fri day"])
def test_a_selector_is_a_part_of_a_domain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(signing.NoKey):
        signing.make(tmp_path, name)
    with pytest.raises(signing.NoKey):
        signing.key(tmp_path, name, VERA)


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_named(content: str, tmp_path: Path) -> None:
    signing.folder(tmp_path).mkdir()
    (signing.folder(tmp_path) / "friday.pem").write_text(content)
    with pytest.raises(signing.NoKey, match=r"friday\.pem is no private key"):
        signing.key(tmp_path, "friday", VERA)


def test_a_record_is_cut_into_strings_that_zone_files_take(made: Path) -> None:
    record = signing.key(made.parent.parent, "friday", VERA).record
    assert "".join(signing.pieces(record)) == record
    assert max(map(len, signing.pieces(record))) <= 255


def test_the_domain_of_a_key_is_that_of_the_dns(made: Path) -> None:
    data = made.parent.parent
    assert signing.key(data, "friday", "friday@Почта.example").name == "friday._domainkey.xn--80a1acny.example"


def test_the_commands_make_a_key_and_say_its_record(app: Flask, cast: Cast) -> None:
    config: Config = app.extensions["config"]
    shutil.rmtree(signing.folder(config.data), ignore_errors=True)
    said = app.test_cli_runner().invoke(args=["dkim", "make", "friday"])
    assert said.exit_code == 0, said.output
    key = signing.key(config.data, "friday", "column@example.org")
    assert f"Name:  friday._domainkey.example.org\nType:  TXT\nValue: v=DKIM1; k=rsa; p={key.public}\n" in said.output
    assert "PRIVATE" not in said.output
    again = app.test_cli_runner().invoke(args=["dkim", "make", "friday"])
    assert again.exit_code == 1
    assert key.record in app.test_cli_runner().invoke(args=["dkim", "record", "friday"]).output
    assert app.test_cli_runner().invoke(args=["dkim", "record", "monday"]).exit_code == 1


def test_an_editor_chooses_the_key_and_sees_its_record(
    client: FlaskClient, cast: Cast, session: Session, pem: Path, at: object
) -> None:
    ada = cast.signed_in(client, cast.ada)
    page = ada.get("/desk/settings").text
    assert '<option value="friday">' in page
    assert "_domainkey" not in page
    fields = {
        one: value for one, value in re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page) if one != "csrf_token"
    }
    fields |= {"language": "en", "rules": "", "dkim_selector": "friday", "csrf_token": token(page)}
    assert ada.post("/desk/settings", data=fields).status_code == 303
    page = ada.get("/desk/settings").text
    assert "friday._domainkey.example.org" in page
    assert signing.key(pem.parent.parent, "friday", "column@example.org").record in page
    assert ada.post("/desk/settings", data=fields | {"dkim_selector": "monday"}).status_code == 422
    pem.unlink()
    page = ada.get("/desk/settings").text
    assert "No mail leaves: the key is not on this server" in page
    assert '<option selected value="friday">' in page
