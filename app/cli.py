"""Commands: one call each. `flask --app wsgi COMMAND --help` says what they take."""

import os
import secrets
import sys
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from . import clock
from .accounts import people, second_factor
from .accounts.models import ROLES
from .column.settings import settings
from .comments import likeness as comments_likeness
from .comments import thread, weighing
from .db import db, writing
from .letters import index, likeness
from .mail import signing
from .refusals import Refusal
from .text.address import usual
from .transfer import wordpress
from .transfer.reports import Unreadable

people_commands = AppGroup("people", help="Who may sign in to the desk.")
bounces_commands = AppGroup("bounces", help="Mails that came back.")
dkim_commands = AppGroup("dkim", help="The key that signs mails, so that mailboxes know them for the column’s.")
import_commands = AppGroup("import", help="Bring letters and comments from elsewhere. Running one again adds nothing.")


def set_up_commands(app: Flask) -> None:
    """Register all commands of Dear Friday; Flask-Migrate brings `db`."""
    groups = (people_commands, bounces_commands, dkim_commands, import_commands)
    for command in (serve, worker, demo, doctor, erase, reindex, *groups):
        app.cli.add_command(command)


def _fail(sentence: str) -> NoReturn:
    click.echo(f"Dear Friday: {sentence}", err=True)
    sys.exit(1)


def _counted(number: int, one: str) -> str:
    """ "1 mail", "2 mails": what commands say is English, and all its plurals here end in an s."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Web processes.")
@with_appcontext
def serve(host: str, port: int, workers: int) -> None:
    """Web and worker together, until Ctrl-C."""
    from .serving import CannotServe, serve

    try:
        serve(host=host, port=port, workers=workers)
    except CannotServe as error:
        _fail(str(error))


@click.command()
@with_appcontext
def worker() -> None:
    """The background worker alone: mails, retention."""
    from .serving import work

    work(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command()
@click.option("--language", type=click.Choice(["en", "ru"]), default="en", show_default=True)
@with_appcontext
def demo(language: str) -> None:
    """Load the demo column into an empty database, once."""
    from .demo.loading import AlreadyAColumn, load

    sign_ins = current_app.extensions["config"].data / "demo-sign-ins.txt"
    with writing():
        try:
            loaded = load(db.session(), language, now=clock.now())
        except AlreadyAColumn as refusal:
            click.echo(sign_ins.read_text() if sign_ins.exists() else refusal.sentence)
            return
        db.session.commit()
    sign_ins.touch(mode=0o600)  # so that the next `make run` can say them again; the database has only hashes
    sign_ins.write_text(loaded)
    click.echo(loaded)


@click.command()
@click.option("--dns", "server", default="", help="Ask this name server, as 9.9.9.9, and not the one of this machine.")
@with_appcontext
def doctor(server: str) -> None:
    """Look at settings, database, queue, worker, mail server and DNS, and say what to do; sends no mail.

    Ends with 1 when something is wrong.
    """
    from .doctor import look
    from .mail.published import resolver

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    levels = Counter[str]()
    for one in look(app, db.session(), now=clock.now(), resolver=lambda: resolver(server)):
        levels[one.level] += 1
        click.echo(f"{one.level:<8} {one.what}: {one.said}" + (f"\n         -> {one.do}" if one.do else ""))
    errors, warnings = _counted(levels["error"], "error"), _counted(levels["warning"], "warning")
    click.echo(f"\n{errors}, {warnings}, {levels['ok']} well.")
    sys.exit(1 if levels["error"] else 0)


@click.command()
@click.argument("email")
@with_appcontext
def erase(email: str) -> None:
    """Erase a person: comments, questions, waiting addresses sent with EMAIL."""
    from .column import erasing

    session, secret = db.session(), current_app.extensions["config"].secret_key
    with writing():
        # What an import brought may look like no address, and is erased all the same.
        known = "@" in email and erasing.is_known(session, email, erasing.sender_of(email, secret) or "")
        if not known and usual(email, any_script=True) is None:
            _fail(f"“{email}” is no mail address, so nothing was erased. One looks like name@example.org.")
        done = erasing.erase(session, email, secret_key=secret, now=clock.now())
        db.session.commit()
    click.echo("Erased: " + ", ".join(f"{kind} {number}" for kind, number in done.items()) + ".")


@click.command()
@with_appcontext
def reindex() -> None:
    """Make the index of search, the likeness of letters and what is known of comments anew."""
    done: Counter[str] = Counter()
    with writing(), tqdm(unit=" rows", disable=None) as bar:
        session = db.session()
        for kind in chain(
            index.rebuild(session, thread.texts(session)),
            likeness.rebuild(session),
            comments_likeness.rebuild(session),
            weighing.rebuild(session, now=clock.now()),
        ):
            done[kind] += 1
            bar.update()
        session.commit()
    click.echo(f"The index has {_counted(done['letter'], 'letter')} and {_counted(done['comment'], 'comment')}.")


@people_commands.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--name", default="", help="As the desk shows it; the address before the @ if left out.")
@click.option("--password", default="", help="A random one is made and printed if left out.")
@with_appcontext
def add_person(email: str, role: Any, name: str, password: str) -> None:
    """Let somebody sign in to the desk."""
    chosen = password or secrets.token_urlsafe(12)
    with writing():
        try:
            people.add(
                db.session(),
                email=email,
                name=name or email.split("@")[0],
                role=role,
                password=chosen,
                now=clock.now(),
            )
        except Refusal as refusal:
            _fail(refusal.sentence)
        db.session.commit()
    click.echo(f"{email} may sign in as {role}." + ("" if password else f" Password: {chosen}"))


@people_commands.command("password")
@click.argument("email")
@with_appcontext
def new_password(email: str) -> None:
    """Give somebody a new random password, and sign them out everywhere."""
    with writing():
        person = people.by_email(db.session(), email)
        if person is None:
            _fail(f"nobody at the desk has the address {email}")
        chosen = secrets.token_urlsafe(12)
        people.set_password(db.session(), person, chosen)
        db.session.commit()
    click.echo(f"Password: {chosen}")


@people_commands.command("unlock")
@click.argument("email")
@with_appcontext
def unlock(email: str) -> None:
    """Take off the second factor of somebody who lost phone and paper."""
    with writing():
        person = people.by_email(db.session(), email)
        if person is None:
            _fail(f"nobody at the desk has the address {email}")
        second_factor.take_off(db.session(), person)
        db.session.commit()
    click.echo(f"{email} signs in with the password alone.")


@bounces_commands.command("read")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--recipient", default="", help="To which address the mail server says that the mail came.")
@with_appcontext
def read_bounces(path: Path | None, recipient: str) -> None:
    """Read mails that came back: a file, an mbox, a Maildir, `-` for a pipe; without PATH the mailbox that is set."""
    from . import returning
    from .mail import mailboxes

    session, config = db.session(), current_app.extensions["config"]
    with writing():
        try:
            if path is None:
                if not config.bounces_url:
                    _fail("say which file, or set DEARFRIDAY_BOUNCES_URL")
                done = returning.read_mailbox(session, config)
            else:
                mails = mailboxes.of_stream(sys.stdin.buffer) if str(path) == "-" else mailboxes.of_path(path)
                done = returning.read(session, config, tqdm(mails, unit=" mails", disable=None), recipient=recipient)
        except mailboxes.NoMailbox as error:
            _fail(str(error))
        except SQLAlchemyError as error:  # a mail server that pipes keeps the mail when it is told to try again later
            click.echo(f"Dear Friday: the database does not answer: {error}", err=True)
            sys.exit(os.EX_TEMPFAIL)
    said = {
        "ended": "subscriptions ended",
        "counted": "failed for now",
        "complained": "complaints",
        "known": "known already",
        "unknown": "about nobody of ours",
        "nothing": "no report",
    }
    click.echo(
        f"{_counted(done.total(), 'mail')} read. " + ", ".join(f"{said[what]}: {done[what]}" for what in said) + "."
    )


@dkim_commands.command("make")
@click.argument("selector")
@with_appcontext
def make_key(selector: str) -> None:
    """Make a private key in the data folder, called SELECTOR, and say what the DNS must say of it."""
    try:
        path = signing.make(current_app.extensions["config"].data, selector)
    except signing.NoKey as error:
        _fail(str(error))
    click.echo(f"{path} is the private key. Keep it as secret as a password; other hosts with workers need it too.\n")
    _say_record(selector)
    click.echo("\nWhen `flask doctor` finds the record, choose the key at the desk, under Settings.")


@dkim_commands.command("record")
@click.argument("selector")
@with_appcontext
def show_record(selector: str) -> None:
    """Say once more what the DNS must say of the key SELECTOR."""
    _say_record(selector)


def _say_record(selector: str) -> None:
    try:
        key = signing.key(current_app.extensions["config"].data, selector, settings(db.session()).mail_from)
    except signing.NoKey as error:
        _fail(str(error))
    click.echo(f"Name:  {key.name}\nType:  TXT\nValue: {key.record}")
    click.echo("In a zone file: ( " + " ".join(f'"{one}"' for one in signing.pieces(key.record)) + " )")


@import_commands.command("wordpress")
@click.argument("path", type=click.Path(path_type=Path))
@with_appcontext
def import_wordpress(path: Path) -> None:
    """Letters and comments from a WordPress export (WXR, Tools > Export)."""
    _import(wordpress.load, path)


def _import(load: Callable[..., Any], path: Path) -> None:
    with writing():
        try:
            report = load(db.session(), path, now=clock.now())
        except Unreadable as error:
            db.session.rollback()
            _fail(f"{path.name}: {error} Nothing was changed.")
        db.session.commit()
    click.echo(report)
