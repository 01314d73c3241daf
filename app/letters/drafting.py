"""Writing letters: what is saved, and its HTML, made once (promise 5)."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from ..refusals import Refusal
from ..text import letter as letter_text
from . import index, likeness  # noqa: F401  # both follow whatever a flush changes in a letter
from .models import Adviser, Letter, Related, Rubric, Topic
from .publishing import SlotTaken

PARTS = ("question", "answer", "postscript", "course_note")
"""The parts of a letter that are Markdown."""


class ChangedMeanwhile(Refusal):
    """Somebody saved this letter while you were writing. Your text is below; the saved one is in another window."""


@dataclass
class Draft:
    """What the letter form holds: the fields of a letter, as typed."""

    title: str
    asker: str
    language: str
    question: str = ""
    answer: str = ""
    postscript: str = ""
    course_note: str = ""
    adviser_id: int | None = None
    rubric_id: int | None = None
    course_id: int | None = None
    takes_comments: bool = True
    topic_ids: list[int] = field(default_factory=list)
    related_ids: list[int] = field(default_factory=list)


def new(session: Session, draft: Draft, *, now: datetime, by_id: int | None, question_id: int | None = None) -> Letter:
    """A new letter, seen by nobody yet."""
    letter = Letter(created_at=now, written_by_id=by_id, question_id=question_id, topics=[])
    fill(session, letter, draft, now=now)
    session.add(letter)
    session.flush()
    relate(session, letter, draft.related_ids)
    return letter


def save(session: Session, letter: Letter, draft: Draft, *, version: int, now: datetime) -> None:
    """Save what the form held.

    version: that of the letter which the form was filled from. Raises ChangedMeanwhile when it is not the last one, and
    SlotTaken when the letter has its moment already and the draft's rubric has another letter then.
    """
    if letter.version != version:
        raise ChangedMeanwhile
    try:
        with session.begin_nested():
            fill(session, letter, draft, now=now)
    except IntegrityError as error:  # the other rubric has a letter at this one's moment
        raise SlotTaken from error
    except StaleDataError as error:  # saved by another session since we read it
        raise ChangedMeanwhile from error
    relate(session, letter, draft.related_ids)


def fill(session: Session, letter: Letter, draft: Draft, *, now: datetime, html: dict[str, str] | None = None) -> None:
    """Put a draft into a letter and render its parts; nothing is written to the database (the preview uses it too).

    html: the parts as they were rendered when the draft was saved, for one that becomes the letter's text later.
    """
    html = rendered(draft) if html is None else html
    for name in ("title", "asker", "language", "adviser_id", "rubric_id", "course_id", "takes_comments"):
        setattr(letter, name, getattr(draft, name))
    for part in PARTS:
        setattr(letter, f"{part}_source", getattr(draft, part))
        setattr(letter, f"{part}_html", html.get(part, ""))
    with session.no_autoflush:
        letter.topics = (
            list(session.scalars(select(Topic).where(Topic.id.in_(draft.topic_ids)))) if draft.topic_ids else []
        )
    letter.updated_at = now


def rendered(draft: Draft) -> dict[str, str]:
    """{part: HTML}: what readers get of a draft."""
    return {part: letter_text.render(getattr(draft, part), draft.language) for part in PARTS}


def draft_of(session: Session, letter: Letter) -> Draft:
    """The letter as the form holds it."""
    related = select(Related.related_id).where(Related.letter_id == letter.id).order_by(Related.position)
    return Draft(
        title=letter.title,
        asker=letter.asker,
        language=letter.language,
        question=letter.question_source,
        answer=letter.answer_source,
        postscript=letter.postscript_source,
        course_note=letter.course_note_source,
        adviser_id=letter.adviser_id,
        rubric_id=letter.rubric_id,
        course_id=letter.course_id,
        takes_comments=letter.takes_comments,
        topic_ids=sorted(topic.id for topic in letter.topics),
        related_ids=list(session.scalars(related)),
    )


def relate(session: Session, letter: Letter, related_ids: list[int]) -> None:
    """The letters that the editor puts under this one, in this order."""
    session.execute(delete(Related).where(Related.letter_id == letter.id))
    for position, related_id in enumerate(i for i in dict.fromkeys(related_ids) if i != letter.id):
        session.add(Related(letter_id=letter.id, related_id=related_id, position=position))
    session.flush()


def overview(session: Session, *, now: datetime, limit: int = 100) -> dict[str, list[Letter]]:
    """{"drafts": …, "scheduled": …, "out": …}: the desk's list; at most `limit` of the last."""
    drafts = select(Letter).where(~Letter.ready).order_by(Letter.updated_at.desc(), Letter.id.desc())
    scheduled = select(Letter).where(Letter.ready, Letter.publish_at > now).order_by(Letter.publish_at)
    out = select(Letter).where(Letter.ready, Letter.publish_at <= now).order_by(Letter.publish_at.desc()).limit(limit)
    return {
        "drafts": list(session.scalars(drafts)),
        "scheduled": list(session.scalars(scheduled)),
        "out": list(session.scalars(out)),
    }


def advisers(session: Session) -> list[Adviser]:
    """All advisers by name."""
    return list(session.scalars(select(Adviser).order_by(Adviser.name)))


def rubrics(session: Session) -> list[Rubric]:
    """All rubrics, in the order of their weekdays."""
    return list(session.scalars(select(Rubric).order_by(Rubric.weekday, Rubric.id)))


def home_zone(session: Session) -> str:
    """The zone in which the desk speaks where no letter says its own: the first rubric's."""
    first = rubrics(session)[:1]
    return first[0].zone if first else "UTC"


def topics(session: Session) -> list[Topic]:
    """All topics by name."""
    return list(session.scalars(select(Topic).order_by(Topic.name)))
