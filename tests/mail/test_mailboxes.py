"""Where mails that came back are read: an IMAP server, an mbox, a Maildir, a pipe. Nothing is lost in any of them."""

import io
import mailbox as formats
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from app import returning
from app.config import Config
from app.mail import mailboxes, places
from app.mail.mailboxes import NoMailbox
from app.mail.models import MailboxPlace

from ..cast import Cast
from ..courses.test_bounces import ADDRESS, FULL, SECRET, path, sent_notice
from .conftest import ImapServer, Mailbox
from .returned import bounce, from_a_person

OURS, SUBJECT = "Undelivered Mail Returned to Sender", "Re: Enrolment is open"


@pytest.fixture
def config(app: Flask, mailbox: Mailbox) -> Config:
    config: Config = app.extensions["config"]
    return replace(config, return_address=ADDRESS, secret_key=SECRET, bounces_url=mailbox.url)


def read(session: Session, config: Config) -> Counter[str]:
    done = returning.read_mailbox(session, config)
    session.expire_all()
    return done


def test_reports_about_ours_are_marked_and_all_else_stays_as_it_was(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox
) -> None:
    vera, one = sent_notice(cast)
    mailbox.put(from_a_person("Who are you?"), bounce(to=path(one)), bounce(to=ADDRESS), b"no mail at all")
    before = mailbox.seen()
    assert read(session, config) == {"ended": 1, "unknown": 1, "nothing": 2}
    assert vera.left_why == "bounced"
    assert mailbox.seen() == [before[0], (OURS, "\\Seen"), *before[2:]]
    assert read(session, config) == {}
    mailbox.put(bounce(to=path(one)))
    assert read(session, config) == {"known": 1}, "what came since is read, and that alone"


def test_a_mail_that_a_person_opened_first_is_read_all_the_same(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox
) -> None:
    _, one = sent_notice(cast)
    mailbox.put(bounce(to=path(one)), flags="\\Seen")
    mailbox.put(from_a_person("Somebody's, to be removed by them"), flags="\\Deleted")
    assert read(session, config) == {"ended": 1, "nothing": 1}
    assert [flags for _, flags in mailbox.seen()] == ["\\Seen", "\\Deleted"], "nothing is expunged"


@pytest.mark.parametrize("folder", ["Read", "Прочитано & done"])
def test_it_may_be_moved_to_a_folder_and_nothing_else_is(
    folder: str, cast: Cast, session: Session, config: Config, mailbox: Mailbox
) -> None:
    name = f"{mailbox.name} {folder}"
    config = replace(config, bounces_url=mailbox.url + f"&move={name.replace('&', '%26')}")
    _, one = sent_notice(cast)
    mailbox.put(bounce(to=path(one)), from_a_person("Hello"))
    assert read(session, config) == {"ended": 1, "nothing": 1}
    mailbox.put(bounce(to=path(one)))
    assert read(session, config) == {"known": 1}
    assert mailbox.seen() == [(SUBJECT, "")]
    assert mailbox.seen(mailboxes._quoted(name)[1:-1]) == [(OURS, "\\Seen")] * 2


def test_a_crash_after_the_commit_loses_nothing(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera, one = sent_notice(cast)
    mailbox.put(bounce(to=path(one)), from_a_person("Hello"))
    with monkeypatch.context() as broken:
        broken.setattr(mailboxes.Imap, "settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read(session, config)
    session.rollback()
    assert vera.left_why == "bounced", "what it did was committed before"
    assert mailbox.seen() == [(OURS, ""), (SUBJECT, "")]
    assert read(session, config) == {"known": 1, "nothing": 1}
    assert mailbox.seen() == [(OURS, "\\Seen"), (SUBJECT, "")]


def test_a_crash_before_the_commit_leaves_the_mail_for_the_next_time(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one = sent_notice(cast)
    mailbox.put(from_a_person("Hello"), bounce(to=path(one)))
    with monkeypatch.context() as broken:
        broken.setattr(returning.bounces, "take", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read(session, config)
    session.rollback()
    assert mailbox.seen() == [(SUBJECT, ""), (OURS, "")]
    assert read(session, config) == {"ended": 1, "nothing": 1}


def test_a_server_that_numbers_its_mails_anew_is_read_from_the_beginning(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox
) -> None:
    _, one = sent_notice(cast)
    mailbox.put(from_a_person("1"), from_a_person("2"), bounce(to=path(one)))
    assert read(session, config)["ended"] == 1
    session.execute(sa.update(MailboxPlace).values(validity=1))
    session.commit()
    assert read(session, config) == {"known": 1, "nothing": 2}


def test_three_passing_failures_end_it_and_two_do_not(
    cast: Cast, session: Session, config: Config, mailbox: Mailbox
) -> None:
    told = [sent_notice(cast, slug=f"c{number}") for number in range(3)]
    mailbox.put(*[bounce(*FULL, to=path(one)) for _, one in told[:2]])
    assert read(session, config) == {"counted": 2}
    assert {subscriber.left_why for subscriber, _ in told} == {None}
    mailbox.put(bounce(*FULL, to=path(told[2][1])))
    assert read(session, config) == {"ended": 1}
    assert {subscriber.left_why for subscriber, _ in told} == {"bounced"}


def test_the_place_never_goes_back(session: Session) -> None:
    for validity, uid, kept in ((5, 10, 10), (5, 9, 10), (5, 11, 11), (6, 2, 2), (6, 1, 2)):
        places.keep(session, "a", validity, uid)
        places.keep(session, "b", 5, 1)
        assert places.last_read(session, "a", validity) == kept
    assert places.last_read(session, "a", 5) == 0
    assert places.last_read(session, "b", 5) == 1


def test_what_keeps_us_out_is_said_without_the_password(
    session: Session, config: Config, mailbox: Mailbox, imap_server: ImapServer
) -> None:
    wrong = {
        "password": mailbox.url.replace("pass%20word", "hunter2"),
        "no ASCII": mailbox.url.replace("pass%20word", "hunter2%D0%B6"),
        "folder": mailbox.url.replace(f"/{mailbox.name}", "/nowhere"),
        "port": f"imap://column:hunter2@127.0.0.1:{_closed_port()}/?tls=off",
        "TLS": mailbox.url.replace("pass%20word", "hunter2").replace("?tls=off", ""),
    }
    for what, url in wrong.items():
        with pytest.raises(NoMailbox) as refused:
            read(session, replace(config, bounces_url=url))
        assert "127.0.0.1" in str(refused.value) or what == "folder"
        assert "hunter2" not in str(refused.value), what
        session.rollback()


def _closed_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# Files, folders, pipes


def kept_in(kind: str, folder: Path, mails: list[bytes]) -> Path:
    """These mails in a file or a folder of this kind."""
    where = folder / kind
    if kind == "mbox":
        box = formats.mbox(where)
        for mail in mails:
            box.add(mail)
        box.flush()
    elif kind == "Maildir":
        maildir = formats.Maildir(where)
        for number, mail in enumerate(mails):
            key = maildir.add(mail)
            if number % 2:  # opened by a person
                opened = maildir[key]
                opened.set_subdir("cur")
                maildir[key] = opened
    elif kind == "folder":
        where.mkdir()
        for number, mail in enumerate(mails):
            (where / f"{number}.eml").write_bytes(mail)
    else:
        where.write_bytes(mails[0])
    return where


@pytest.mark.parametrize(("kind", "number"), [("mbox", 3), ("Maildir", 3), ("folder", 3), ("file", 1)])
def test_every_mail_of_a_file_or_folder_is_read_and_none_is_touched(kind: str, number: int, tmp_path: Path) -> None:
    mails = [bounce(told="From here on it failed.\n\nFrom the start."), from_a_person("Hi"), b"Subject: \xff\n\n\xfe"]
    where = kept_in(kind, tmp_path, mails)
    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    found = [one.raw for one in mailboxes.of_path(where)]
    assert len(found) == number
    assert any(b"Diagnostic-Code: smtp; 550 5.1.1" in one for one in found)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == files


def test_of_a_pipe_one_mail_is_read_and_no_more_than_its_beginning() -> None:
    assert [one.raw for one in mailboxes.of_stream(io.BytesIO(b"Subject: x\n\n"))] == [b"Subject: x\n\n"]
    assert [len(one.raw) for one in mailboxes.of_stream(io.BytesIO(b"x" * 3_000_000))] == [mailboxes.LARGEST]


@pytest.mark.parametrize("kind", ["mbox", "Maildir", "folder", "file", "-"])
def test_the_command_reads_it_and_says_what_it_did(
    kind: str, app: Flask, cast: Cast, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera, one = sent_notice(cast)
    config = replace(app.extensions["config"], return_address=ADDRESS, secret_key=SECRET)
    monkeypatch.setitem(app.extensions, "config", config)
    mails = [bounce(to=path(one)), from_a_person("Hello")]
    where = "-" if kind == "-" else str(kept_in(kind, tmp_path, mails))
    session.rollback()
    for said in ("subscriptions ended: 1", "known already: 1"):
        done = FlaskCliRunner(app).invoke(args=["bounces", "read", where], input=mails[0])
        assert done.exit_code == 0, done.output
        assert said in done.output
        assert f"{'1 mail' if kind in ('file', '-') else '2 mails'} read." in done.output
    session.expire_all()
    assert vera.left_why == "bounced"


def test_a_recipient_that_the_server_tells_says_whose_it_was(
    app: Flask, cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one = sent_notice(cast)
    config = replace(app.extensions["config"], return_address=ADDRESS, secret_key=SECRET)
    monkeypatch.setitem(app.extensions, "config", config)
    address = path(one)
    session.rollback()
    pipe = ["bounces", "read", "-", "--recipient", address]
    assert "subscriptions ended: 1" in FlaskCliRunner(app).invoke(args=pipe, input=bounce(to="nobody")).output


def test_a_path_that_is_not_there_is_said_in_a_line(app: Flask, tmp_path: Path) -> None:
    done = FlaskCliRunner(app).invoke(args=["bounces", "read", str(tmp_path / "nothing")])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    nowhere = FlaskCliRunner(app).invoke(args=["bounces", "read"])
    assert "DEARFRIDAY_BOUNCES_URL" in nowhere.output


def test_a_pipe_into_a_database_that_does_not_answer_asks_the_mail_server_to_try_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("no answer"))

    monkeypatch.setattr(returning.bounces, "take", fails)
    done = FlaskCliRunner(app).invoke(args=["bounces", "read", "-"], input=bounce())
    assert (done.exit_code, done.stdout) == (os.EX_TEMPFAIL, "")
