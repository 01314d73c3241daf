"""The Nu HTML checker finds no error in any page, of readers and of the desk, in both languages, full and empty."""

import hashlib
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.column.models import ErasureKey
from app.column.settings import settings
from app.comments import postponing, reports, second_look, setting_aside, weighing
from app.comments.models import REASONS, Comment
from app.courses import opening
from app.courses.models import Course, CourseText
from app.letters.models import Adviser, Selection, Topic
from app.questions import inbox

from ..browser.webtools import nu_errors
from ..cast import Cast
from ..house_on_a_port import token


def furnish(cast: Cast) -> None:
    """Something on every page; every row that a page of the desk asks for has the id 1."""
    picture = f"/media/{'k2' * 13}/1200x800.jpg"
    settings(cast.session).picture = picture.replace("1200x800.jpg", "64x64.png")
    cast.session.add_all(
        [Adviser(slug="ilya", name="Ilya & Co", picture=picture), Topic(slug="money", name="Money & “law”")]
    )
    cast.session.flush()
    cast.session.add(
        Selection(
            slug="best", title="The <best>", about_html="<p>Of all.</p>", adviser_id=1, topic_id=1, created_at=cast.now
        )
    )
    rubric, course = cast.rubric(), cast.course()
    more = {"rubric_id": rubric.id, "course_id": course.id, "adviser_id": 1, "topic_ids": [1]}
    letter = cast.letter(
        "Is <it> mine & “yours”?", **more, asker="Вера & Co", language="ru",
        question="Илья!\n\n> Она:\n>\n> > Нет.\n\n- a\n- b\n\n# H\n\n### Deep\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        answer=f'![A "plan" & <b>]({picture})\n\n[![Ask]({picture})](/ask/) ![]({picture})\n\n'
        "1. *Yes*.\n\n~~No.~~ [There](https://example.org/?a=1&b=2 \"title\")\n\n    code & <b>\n",
        postscript="P", course_note="C",
    )  # fmt: skip
    for days in (10, 20, 400):
        cast.letter(days_ago=days, topic_ids=[1])
    old = cast.letter(days_ago=40)
    cast.published(old, "Fresh.")
    cast.published(letter, "> q\n\n</script> & https://example.org/?a=1&b=2", name="<Boris>")
    cast.comment(letter, "> > deep", sender="s")
    again = cast.comment(letter, "Twice & <again>, said the keeper of the lighthouse.", name="<Boris>", sender="s")
    cast.comment(old, again.text_source, sender="s")
    cast.declined(letter)
    cast.pruned(letter)
    _furnish_the_desk(cast, again)
    cast.draft("A draft")
    cast.letter(days_ago=-4, rubric_id=rubric.id)
    inbox.send(cast.session, name="Vera", text="What now?", email="v@example.org", now=cast.now)
    subscribers(cast, course)


def subscribers(cast: Cast, course: Course) -> None:
    """One of each kind; the links of their mails end with the token "x"."""
    told = cast.subscriber(course, "told@example.org")
    opening.close(cast.session, cast.opened(course), now=cast.now)
    cast.subscriber(course, "waits@example.org")
    asked = cast.subscriber(course, "asked@example.org", confirmed=False)
    told.leave_token = asked.confirm_token = "x"
    key = ErasureKey(email="v@example.org", email_key="v@example.org", sender="", made_at=cast.now)
    key.token_hash = hashlib.sha256(b"x").hexdigest()
    russian = CourseText(language="ru", name="Переговоры & <сделки>", about_html="<p>Восемь вечеров.</p>")
    cast.session.add(key)
    course.texts["ru"] = russian
    cast.session.commit()


IMPORTED = "email,consent\nnew@example.org,fair\nask@example.org,\n<b>&nobody,yes\nnew@example.org,yes\n"


def imported(client: FlaskClient, button: str = "take", table: str = IMPORTED):  # type: ignore[no-untyped-def]
    """The page that says what a table of addresses did."""
    form = {"csrf_token": token(client.get("/desk/courses/1/import").text), button: "1"}
    file = {"table": (io.BytesIO(table.encode()), "list.csv")}
    return client.post("/desk/courses/1/import", data={**form, **file}, content_type="multipart/form-data")


def _furnish_the_desk(cast: Cast, waiting: Comment) -> None:
    """Opinions, reports, what was put off and set aside, and the worth of what is published."""
    session, now = cast.session, cast.now
    declined = cast.declined(cast.letter(days_ago=5), "Buy <casino> & win.")
    for comment, by in ((declined, cast.ada), (session.get_one(Comment, 2), cast.ada)):
        second_look.record(session, comment, "published", by=by, now=now)
    for reason in REASONS:
        reports.report(session, session.get_one(Comment, 2), reason, reporter=reason, now=now)
    setting_aside.set_aside(session, "phrase", "<deep>", by=cast.mo, now=now)
    setting_aside.look_through(session)
    postponing.postpone(session, waiting, "maybe", by=cast.ada, now=now)
    list(weighing.rebuild(session, now=now))
    session.commit()


def addresses(app: Flask, *, desk: bool) -> list[str]:
    """Every address that has a page, with the names of `furnish` in it."""
    names = {"name": "2026-11-20", "slug": "", "token": "x", "year": "2026"}
    found = []
    for rule in app.url_map.iter_rules():
        if (
            "GET" not in (rule.methods or ())
            or rule.rule.startswith("/desk") != desk
            or rule.rule.startswith("/static")
        ):
            continue
        slug = next((s for s in ("money", "fridays", "talks") if rule.rule.startswith(f"/{OF[s]}")), "ilya")
        values = names | {"slug": slug}
        found.append(re.sub(r"<(?:[^>:]*:)?([^>]+)>", lambda hole, values=values: values.get(hole[1], "1"), rule.rule))
    return [*found, *(OTHERWISE if desk else ())]


OTHERWISE = (
    "/desk/queue?order=likeness",
    "/desk/queue?pile=maybe",
    "/desk/pruning?age=any",
    "/desk/pruning/sides?comment=2&letter=1&age=any",
    "/desk/comments/3/history",
    "/desk/memory?words=ad&deed=signed_in",
    "/desk/memory?first=nonsense",
)
"""Pages of the desk that show something else when they are asked so."""


OF = {"money": "topics", "fridays": "rubrics", "talks": "courses"}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("filled", ["full", "empty"])
def test_the_nu_checker_finds_nothing_in_any_page(
    language: str, filled: str, app: Flask, client: FlaskClient, cast: Cast, at: object, tmp_path: Path
) -> None:
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("pages are the same on both databases")
    if filled == "full":
        furnish(cast)
    settings(cast.session).language = language
    cast.session.commit()
    pages = {address: client.get(address, buffered=True) for address in addresses(app, desk=False)}
    pages["/nothing"] = client.get("/nothing")
    pages["carried on"] = client.post("/desk/letters/new", data={"title": 'A "title"', "answer": "<b>\n&amp;" * 30})
    pages |= {
        f"{path} refused": client.post(path, data={"name": "x"})
        for path in ("/ask/", "/letters/2026-11-20/comments", "/courses/talks/waitlist", "/erase/")
    }
    cast.signed_in(client, cast.ada)
    pages |= {address: client.get(address, buffered=True) for address in addresses(app, desk=True)}
    if filled == "full":
        pages |= {"import looked": imported(client, "look"), "import refused": imported(client, table="no table")}
        pages |= {"import done": imported(client), "stale": client.get("/waitlist/leave/stale")}
        done = ("/waitlist/confirm/x", "/waitlist/next/x", "/waitlist/leave/x", "/erase/x")
        pages |= {f"{one} done": client.post(one) for one in done}
    written = 0
    for address, answer in pages.items():
        if answer.mimetype == "text/html":
            (tmp_path / f"{re.sub(r'[^a-z0-9]+', '-', address)}-.html").write_bytes(answer.data)
            written += answer.status_code == 200
    assert written >= (35 if filled == "full" else 12)
    assert nu_errors(tmp_path) == []
