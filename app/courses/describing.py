"""What a course is called and how it is described, in each language that the column's readers have."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from ..refusals import Refusal
from ..text import letter as letter_text
from .models import Course, CourseText


class AddressTaken(Refusal):
    """Another course has this address."""


class NoName(Refusal):
    """A course needs a name in one language at least."""


class Text(NamedTuple):
    """What an editor typed in one language."""

    name: str
    about: str
    """Markdown."""


def courses(session: Session, language: str) -> list[Course]:
    """All courses, in the order of their names in this language."""
    found = session.scalars(select(Course).options(selectinload(Course.texts)))
    return sorted(found, key=lambda course: (course.said(language).name.casefold(), course.id))


def save(session: Session, course: Course, *, slug: str, starts_on: date | None, texts: Mapping[str, Text]) -> Course:
    """Keep a course, new or changed, with its text in each language; a language without a name is left out.

    Raises NoName, and AddressTaken, after which the caller rolls back.
    """
    named = {language: text for language, text in texts.items() if text.name}
    if not named:
        raise NoName
    course.slug, course.starts_on = slug, starts_on
    for language in texts:
        if language not in named:
            course.texts.pop(language, None)
    for language, text in named.items():
        kept = course.texts.setdefault(language, CourseText(language=language))
        kept.name, kept.about_source = text.name, text.about
        kept.about_html = letter_text.render(text.about, language)
    try:
        session.add(course)
        session.flush()
    except IntegrityError:
        raise AddressTaken from None
    return course
