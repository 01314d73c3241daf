"""Whoever asked and left an address hears, once, that the letter is out: at its slot, or later if nothing ran then."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..letters.models import Letter
from ..letters.publishing import live
from ..mail import delivery
from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from .models import Contact, Merging, Question


def enlist(session: Session, *, now: datetime) -> int:
    """Make a mail due to each asker whose letter is out and who has not been told; returns to how many.

    The deliveries' UNIQUE `once` lets no asker be told twice, whoever enlists.
    """
    answers = Letter.question_id == func.coalesce(Merging.into_id, Contact.question_id)
    untold = (
        select(Contact.question_id)
        .outerjoin(Merging, Merging.question_id == Contact.question_id)
        .join(Letter, answers)
        .where(Contact.told_at.is_(None), Letter.id.in_(live(now).with_only_columns(Letter.id)))
    )
    told = 0
    for question_id in session.scalars(untold).all():
        told += delivery.put(session, "answered", about_id=question_id, once=f"answered {question_id}", now=now)
        session.execute(update(Contact).where(Contact.question_id == question_id).values(told_at=now))
    return told


def answered(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """The mail about the letter; None when the asker was erased in between, or the letter is gone."""
    contact = session.get(Contact, claimed.about_id)
    if contact is None:
        return None
    main = session.scalar(select(Merging.into_id).where(Merging.question_id == contact.question_id))
    letter = session.scalar(select(Letter).where(Letter.question_id == (main or contact.question_id), Letter.ready))
    if letter is None:
        return None
    question = session.get_one(Question, contact.question_id)
    address = f"{letterhead.base_url}/letters/{letter.name}/"
    return Mail(to=contact.email, values={"letter": letter, "question": question, "address": address})
