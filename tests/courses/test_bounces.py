"""What a mail that came back does, and what no mail can do."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.courses import bounces, opening, waitlist
from app.courses.models import Course, Subscriber
from app.mail import reports
from app.mail.models import Delivery
from app.mail.return_path import return_path

from ..cast import Cast
from ..conftest import NOON
from ..mail.returned import NOTICE, bounce, complaint, free_text, from_a_person

ADDRESS, SECRET = "bounces@column.example", "a secret of sixteen characters"
VERA = "vera@example.org"
FULL = ("5.2.2", "smtp; 552 5.2.2 Mailbox full")


def sent_notice(cast: Cast, email: str = VERA, slug: str = "talks") -> tuple[Subscriber, Delivery]:
    """A subscriber whose notice was sent."""
    session, course = cast.session, cast.course(slug, slug)
    subscriber = cast.subscriber(course, email)
    cast.opened(course)
    one = session.scalars(
        sa.select(Delivery).where(Delivery.subscriber_id == subscriber.id, Delivery.kind == "notice")
    ).one()
    send(session, one)
    session.expire_all()
    return subscriber, one


def send(session: Session, one: Delivery) -> None:
    for state in ("sending", "sent"):
        session.execute(sa.update(Delivery).where(Delivery.id == one.id).values(state=state, finished_at=NOON))
    session.commit()


def path(one: Delivery, recipient: str = VERA, secret: str = SECRET) -> str:
    return return_path(one.id, recipient, address=ADDRESS, secret=secret)


def take(session: Session, mail: bytes) -> str:
    outcome = bounces.take(session, reports.read(mail), address=ADDRESS, secret=SECRET, now=NOON)
    session.commit()
    session.expire_all()
    return outcome


def test_a_lasting_failure_ends_the_subscription(cast: Cast, session: Session) -> None:
    subscriber, one = sent_notice(cast)
    assert take(session, bounce(to=path(one))) == "ended"
    assert (subscriber.left_at, subscriber.left_why) == (NOON, "bounced")
    assert (one.state, one.bounce) == ("bounced", "lasting")
    assert take(session, bounce(to=path(one))) == "known"


def test_the_return_path_is_found_wherever_the_server_left_it(cast: Cast, session: Session) -> None:
    for number, place in enumerate(("to", "returned", "upper case", "delivered to")):
        _, one = sent_notice(cast, slug=f"c{number}")
        mail = {
            "to": lambda one=one: bounce(to=path(one)),
            "returned": lambda one=one: bounce(returned=NOTICE.format(path=path(one))),
            "upper case": lambda one=one: bounce(to=path(one).upper()),
            "delivered to": lambda one=one: f"Delivered-To: {path(one)}\n".encode() + bounce(),
        }[place]()
        assert take(session, mail) == "ended", place


def test_without_a_return_path_the_leaving_link_in_the_returned_mail_says_whose_it_was(
    cast: Cast, session: Session
) -> None:
    subscriber, one = sent_notice(cast)
    link = f"List-Unsubscribe: <http://localhost/waitlist/leave/{subscriber.leave_token}>\n"
    assert take(session, bounce(returned=NOTICE + link)) == "ended"
    assert (subscriber.left_why, one.state) == ("bounced", "bounced")


def test_a_failure_for_now_counts_and_ends_nothing(cast: Cast, session: Session) -> None:
    subscriber, one = sent_notice(cast)
    assert take(session, bounce(*FULL, to=path(one))) == "counted"
    assert (subscriber.left_at, one.state, one.bounce) == (None, "bounced", "passing")
    assert [take(session, bounce(*FULL, to=path(one))) for _ in range(5)] == ["known"] * 5
    assert subscriber.left_at is None


def test_three_of_them_end_it(cast: Cast, session: Session) -> None:
    outcomes, told = [], []
    for number in range(3):
        subscriber, one = sent_notice(cast, slug=f"c{number}")
        told.append(subscriber)
        outcomes.append(take(session, bounce(*FULL, to=path(one))))
    assert outcomes == ["counted", "counted", "ended"]
    assert {subscriber.left_why for subscriber in told} == {"bounced"}


def test_a_dead_address_waits_for_no_course_any_more(cast: Cast, session: Session) -> None:
    other = cast.subscriber(cast.course("law", "Law"), "Vera@Example.org")
    bystander = cast.subscriber(session.get_one(Course, other.course_id), "boris@example.org")
    _, one = sent_notice(cast)
    take(session, bounce(to=path(one)))
    assert (other.left_why, bystander.left_why) == ("bounced", None)
    opening.open_enrolment(
        session,
        other.course,
        subject="Open",
        text="Now.",
        link="https://x.example",
        language="en",
        by=cast.ada,
        now=NOON,
    )
    told = session.scalars(
        sa.select(Delivery.subscriber_id).where(Delivery.kind == "notice", Delivery.state == "waiting")
    )
    assert list(told) == [bystander.id]


def test_a_complaint_ends_it_and_the_form_mails_there_no_more(cast: Cast, session: Session) -> None:
    subscriber, one = sent_notice(cast)
    assert take(session, complaint(returned=NOTICE.format(path=path(one)))) == "complained"
    assert subscriber.left_why == "complained"
    other = cast.course("law", "Law")
    for days in (1, 8, 29):  # and then it is forgotten, like all addresses
        later = NOON + timedelta(days=days)
        waitlist.erase_expired(session, days=7, now=later)
        waitlist.ask(session, other, VERA, now=later)
    session.flush()
    assert (
        session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "confirmation", Delivery.state == "waiting"))
        == 0
    )
    waitlist.erase_expired(session, days=7, now=NOON + timedelta(days=30))
    assert subscriber.email == ""


def test_a_bounced_confirmation_is_not_tried_again_at_once(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, VERA, confirmed=False)
    one = session.scalars(sa.select(Delivery)).one()
    send(session, one)
    assert take(session, bounce(to=path(one))) == "ended"
    for hours, mails in ((2, 1), (23, 1), (24, 2)):
        waitlist.ask(session, course, VERA, now=NOON + timedelta(hours=hours))
        assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == mails, hours
    assert subscriber.left_why is None


def test_a_mail_that_came_back_while_its_fate_was_in_doubt_had_been_sent(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    one = session.scalars(sa.select(Delivery)).one()
    for state in ("sending", "in_doubt"):
        session.execute(sa.update(Delivery).values(state=state))
    assert take(session, bounce(to=path(one))) == "ended"
    assert (one.state, subscriber.left_why) == ("bounced", "bounced")


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("another secret", "unknown"),
        ("another recipient", "unknown"),
        ("another number", "unknown"),
        ("no path", "unknown"),
        ("a made-up link", "unknown"),
        ("an auto-reply", "nothing"),
        ("a person's answer", "nothing"),
        ("a delay", "nothing"),
        ("no spam", "nothing"),
        ("an editor's forward", "nothing"),
    ],
)
def test_nothing_else_changes_anything(what: str, outcome: str, cast: Cast, session: Session) -> None:
    subscriber, one = sent_notice(cast)
    link = f"http://localhost/waitlist/leave/{subscriber.leave_token}"
    mails = {
        "another secret": bounce(to=path(one, secret="the secret of somebody else")),
        "another recipient": bounce(to=path(one, "boris@example.org")),
        "another number": bounce(to=path(one).replace(f"+{one.id}-", f"+{one.id + 1}-")),
        "no path": bounce(to=ADDRESS, recipient=VERA),
        "a made-up link": bounce(
            returned=NOTICE + "List-Unsubscribe: <http://localhost/waitlist/leave/" + "a" * 43 + ">"
        ),
        "an auto-reply": from_a_person(f"Away. {path(one)} {link} 550 5.1.1 user unknown", auto="auto-replied"),
        "a person's answer": from_a_person(f"Who are you?\n\n> {link}\n> {path(one)}"),
        "a delay": bounce("4.4.1", action="delayed", to=path(one)),
        "no spam": complaint("not-spam", returned=NOTICE.format(path=path(one))),
        "an editor's forward": b"From: Ada <ada@example.org>\nSubject: Fwd\nContent-Type: message/rfc822\n\n"
        + bounce(to=path(one)),
    }
    assert take(session, mails[what]) == outcome
    assert (subscriber.left_at, one.state) == (None, "sent")


def test_an_old_return_path_does_nothing_to_who_has_the_number_now(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.subscriber(course, "gone@example.org", confirmed=False)
    number = session.scalars(sa.select(Delivery.id)).one()
    old = return_path(number, "gone@example.org", address=ADDRESS, secret=SECRET)
    waitlist.erase_by(session, "gone@example.org", now=NOON)
    newcomer = cast.subscriber(course, VERA, confirmed=False)
    session.execute(sa.delete(Delivery))
    session.execute(
        sa.text("INSERT INTO deliveries (id, kind, subscriber_id, urgency, made_at, due_at)"
                " SELECT :id, 'confirmation', id, 0, asked_at, asked_at FROM subscribers"), {"id": number},
    )  # fmt: skip
    assert take(session, bounce(to=old)) == "unknown"
    assert newcomer.left_at is None


def test_who_was_erased_is_nobody(cast: Cast, session: Session) -> None:
    _, one = sent_notice(cast)
    mail = bounce(to=path(one))
    waitlist.erase_by(session, VERA, now=NOON)
    assert take(session, mail) == "unknown"
    assert one.state == "sent"


def test_without_a_return_address_no_path_is_believed(cast: Cast, session: Session) -> None:
    subscriber, one = sent_notice(cast)
    report = reports.read(bounce(to=path(one)))
    assert bounces.take(session, report, address="", secret=SECRET, now=NOON) == "unknown"
    assert subscriber.left_at is None


@pytest.mark.parametrize(
    "attack",
    ["UPDATE deliveries SET bounce = 'lasting'", "UPDATE deliveries SET state = 'bounced', bounce = 'hard'",
     "UPDATE subscribers SET left_why = 'bounced'", "UPDATE subscribers SET left_why = 'bored', left_at = asked_at"],
)  # fmt: skip
def test_the_database_refuses_a_bounce_that_cannot_be(attack: str, cast: Cast, session: Session) -> None:
    sent_notice(cast)
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))


def test_a_free_text_of_a_server_counts_too(cast: Cast, session: Session) -> None:
    _, one = sent_notice(cast)
    text = f"<{VERA}>:\nRemote host said: 550 5.1.1 <{VERA}> User unknown\n\n--- Below is a copy of the message.\n\n"
    assert take(session, free_text(text + NOTICE.format(path=path(one)))) == "ended"


def test_the_numbers_of_the_course_tell_bounced_from_left(cast: Cast, session: Session, app: Flask) -> None:
    subscriber, one = sent_notice(cast)
    take(session, bounce(to=path(one)))
    numbers = waitlist.numbers(session, session.get_one(Course, subscriber.course_id))
    assert numbers == {"confirmed": 0, "unconfirmed": 0, "left": 0, "bounced": 1, "complained": 0}
