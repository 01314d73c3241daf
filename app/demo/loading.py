"""The demo column: what a newcomer sees at the first glance. Its texts are files beside this one."""

import secrets
import tomllib
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..accounts import people
from ..accounts.models import Person
from ..column.settings import settings
from ..comments import moderation, pruning, submission
from ..comments.models import Verdict
from ..courses import describing, waitlist
from ..courses.models import Course
from ..letters import drafting, publishing, selecting
from ..letters.drafting import Draft
from ..letters.fridays import Slot, previous_slots, slots
from ..letters.models import Adviser, Letter, Related, Rubric, Selection, Topic
from ..mail.models import Delivery
from ..questions import inbox, merging
from ..refusals import Refusal
from ..text import letter as letter_text

HERE = Path(__file__).parent
DECIDED_AFTER = timedelta(hours=5)
"""The demo's editors read comments in the evening."""
NOTED_AFTER = timedelta(hours=2)
WAITING = 12
"""Subscribers of each course."""


class AlreadyAColumn(Refusal):
    """There is a column in this database already; the demo is not loaded."""


def load(session: Session, language: str, *, now: datetime) -> str:
    """Fill an empty database with the demo column. Returns what to tell the newcomer. Raises AlreadyAColumn."""
    if session.scalar(select(Letter.id).limit(1)) or session.scalar(select(Person.id).limit(1)):
        raise AlreadyAColumn
    column = _read(HERE / language / "column.toml")
    row = settings(session)
    row.title, row.tagline, row.language = column["title"], column["tagline"], language
    password = secrets.token_urlsafe(9)
    staff = {
        one["role"]: people.add(session, **one, password=password, now=now - timedelta(days=1))
        for one in column["people"]
    }
    rows = _order(session, column, now)
    files = sorted((HERE / language / "letters").glob("*.toml"))
    letters = {file.stem: _letter(session, _read(file), rows, staff, now) for file in files}
    for file in files:
        _relate(session, letters, file)
    for one in column["selections"]:
        _select(session, one, letters, rows, language, now)
    _questions(session, column["questions"], staff, now)
    session.flush()
    names = ", ".join(f"{person.email} ({role})" for role, person in staff.items())
    out = sum(letter.is_live(now) for letter in letters.values())
    loaded = f"The demo column is loaded: {len(letters)} letters, {out} of them are out."
    return f"{loaded} The desk's sign-ins: {names}. Password: {password}"


def _questions(session: Session, some: list[dict[str, Any]], staff: dict[str, Person], now: datetime) -> None:
    """The inbox as a desk leaves it: some on the shortlist, one set aside, notes, two that ask the same."""
    sent = {}
    for one in some:
        moment = now - timedelta(days=one["days_ago"])
        question = inbox.send(session, name=one["name"], text=one["text"], email=one.get("email", ""), now=moment)
        sent[one["name"]] = question
        for number, (role, text) in enumerate(one.get("notes", []), 1):
            inbox.note(session, question, text, by=staff[role], now=moment + number * NOTED_AFTER)
        if one.get("standing") == "shortlisted":
            inbox.shortlist(session, question, by=staff["writer"], now=moment + NOTED_AFTER)
        elif one.get("standing") == "set aside":
            inbox.set_aside(session, question, by=staff["editor"], now=moment + NOTED_AFTER)
    for one in some:
        if "goes_with" in one:
            merging.merge(session, sent[one["name"]], sent[one["goes_with"]], by=staff["editor"], now=now)


def _read(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        return tomllib.load(content)


def _order(session: Session, column: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Adviser, rubric, topics and courses: {"adviser": …, "rubric": …, "topics": {slug: …}, "courses": {slug: …}}."""
    language = column["language"]
    about = column["adviser"].get("about", "")
    adviser = Adviser(
        slug=column["adviser"]["slug"],
        name=column["adviser"]["name"],
        about_source=about,
        about_html=letter_text.render(about, language),
    )
    rubric = Rubric(**{**column["rubric"], "time": time.fromisoformat(column["rubric"]["time"])})
    topics = {one["slug"]: Topic(**one) for one in column["topics"]}
    courses = {one["slug"]: _course(session, one, language, now) for one in column["courses"]}
    session.add_all([adviser, rubric, *topics.values(), *courses.values()])
    session.flush()
    for course in courses.values():
        for number in range(1, WAITING + 1):
            asked = waitlist.ask(session, course, f"reader{number}@example.org", now=now - timedelta(days=number))
            if number % 4:
                waitlist.confirm(session, asked, now=now - timedelta(days=number - 0.1))
    _nothing_to_send(session, now)
    return {"adviser": adviser, "rubric": rubric, "topics": topics, "courses": courses}


def _nothing_to_send(session: Session, now: datetime) -> None:
    """The demo's readers do not exist: their confirmations are never mailed."""
    session.execute(update(Delivery).values(state="dropped", finished_at=now))


def _course(session: Session, one: dict[str, Any], language: str, now: datetime) -> Course:
    starts_on: date | None = one.get("starts_on")
    texts = {code: describing.Text(text["name"], text["about"]) for code, text in one.get("also", {}).items()}
    texts[language] = describing.Text(one["name"], one["about"])
    return describing.save(session, Course(created_at=now), slug=one["slug"], starts_on=starts_on, texts=texts)


def _letter(
    session: Session, text: dict[str, Any], rows: dict[str, Any], staff: dict[str, Person], now: datetime
) -> Letter:
    rubric, course = rows["rubric"], rows["courses"].get(text.get("course", ""))
    draft = Draft(
        title=text["title"],
        asker=text["asker"],
        language=settings(session).language,
        question=text["question"],
        answer=text["answer"],
        postscript=text.get("postscript", ""),
        course_note=text.get("course_note", ""),
        adviser_id=rows["adviser"].id,
        rubric_id=rubric.id,
        course_id=course.id if course else None,
        topic_ids=[rows["topics"][slug].id for slug in text.get("topics", [])],
    )
    slot = _slot(rubric, text["when"], now)
    written = (slot.moment if slot and slot.moment < now else now) - timedelta(days=2)
    letter = drafting.new(session, draft, now=written, by_id=staff["writer"].id)
    if slot is not None:
        publishing.schedule(session, letter, slot, now=written)
        for comment in text.get("comments", []):
            _comment(session, letter, comment, staff["moderator"], slot.moment, now)
    return letter


def _slot(rubric: Rubric, when: int, now: datetime) -> Slot | None:
    """1 is the last slot that has passed, 2 the one before it, -1 the next one, 0 none."""
    rule = (rubric.weekday, rubric.time, rubric.zone)
    if when > 0:
        return next(islice(previous_slots(*rule, before=now), when - 1, None))
    return next(islice(slots(*rule, after=now), -when - 1, None)) if when else None


def _comment(
    session: Session, letter: Letter, text: dict[str, Any], moderator: Person, out: datetime, now: datetime
) -> None:
    sent = min(out + timedelta(days=text["days"]), now - timedelta(minutes=5))
    comment = submission.submit(
        session, letter, name=text["name"], text=text["text"], email=text.get("email", ""), now=sent
    )
    if text["state"] == "pending":
        return
    decided = min(sent + DECIDED_AFTER, now - timedelta(minutes=1))
    verdict: Verdict = "declined" if text["state"] == "declined" else "published"
    moderation.decide(session, comment, verdict, by=moderator, now=decided)
    if text["state"] == "pruned":
        pruning.prune(session, comment, by=moderator, now=max(decided, now - timedelta(days=3)))


def _relate(session: Session, letters: dict[str, Letter], file: Path) -> None:
    for position, stem in enumerate(_read(file).get("related", [])):
        session.add(Related(letter_id=letters[file.stem].id, related_id=letters[stem].id, position=position))


def _select(
    session: Session,
    one: dict[str, Any],
    letters: dict[str, Letter],
    rows: dict[str, Any],
    language: str,
    now: datetime,
) -> None:
    selection = Selection(
        slug=one["slug"],
        title=one["title"],
        about_source=one["about"],
        about_html=letter_text.render(one["about"], language),
        adviser_id=rows["adviser"].id,
        created_at=now,
    )
    session.add(selection)
    session.flush()
    names = [letters[stem].name or "" for stem in one["letters"]]
    selecting.put_together(session, selection, names)
