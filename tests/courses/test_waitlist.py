from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.courses import opening, waitlist
from app.courses.models import Course, Subscriber, Tally
from app.courses.waitlist import CONFIRMATION_EVERY, EnrolmentIsOpen, LinkIsStale, ask, confirm, leave
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
HOUR_LATER = NOON + CONFIRMATION_EVERY
VERA = "vera@example.org"


def mails(session: Session, *states: str) -> int:
    """How many deliveries there are in these states, or in any."""
    query = sa.select(sa.func.count()).select_from(Delivery)
    return session.scalar(query.where(Delivery.state.in_(states)) if states else query) or 0


def numbers(session: Session, course: Course) -> dict[str, int]:
    """How many there are of each kind that there is."""
    return {what: number for what, number in waitlist.numbers(session, course).items() if number}


def test_a_new_address_waits_unconfirmed_and_gets_one_confirmation(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = ask(session, course, " Vera@Example.org ", now=NOON)
    assert (subscriber.email, subscriber.email_key, subscriber.confirmed_at) == ("Vera@Example.org", VERA, None)
    assert session.scalars(sa.select(Delivery.kind)).all() == ["confirmation"]
    assert numbers(session, course) == {"unconfirmed": 1}


def test_asked_twice_it_is_one_subscriber_and_one_mail(cast: Cast, session: Session) -> None:
    course = cast.course()
    first = ask(session, course, VERA, now=NOON)
    assert ask(session, course, VERA.upper(), now=HOUR_LATER - TICK) is first
    assert mails(session) == 1


def test_a_known_address_is_not_told_by_how_much_is_done(cast: Cast, session: Session) -> None:
    course = cast.course()
    waits = cast.subscriber(course, "waits@example.org", confirmed=False)
    cast.subscriber(course, "known@example.org")
    left = cast.subscriber(course, "left@example.org")
    leave(session, left, now=NOON)
    waits.asked_at = left.asked_at = NOON
    session.commit()
    written: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        written.append(statement.split("(")[0].split("SET")[0] if statement.startswith(("INSERT", "UPDATE")) else "")

    sa.event.listen(session.get_bind(), "before_cursor_execute", note)
    done = {}
    for name in ("new", "waits", "known", "left"):
        written.clear()
        ask(session, course, f"{name}@example.org", now=NOON)
        session.commit()
        done[name] = [statement for statement in written if statement]
    sa.event.remove(session.get_bind(), "before_cursor_execute", note)
    assert len(done["new"]) == 6, "a subscriber, a look at when it asked, three counts, a delivery"
    for name in ("waits", "known", "left"):
        done[name] = [done[name][1], done[name][0], *done[name][2:]]  # these look first
    assert done["waits"] == done["known"] == done["left"] == done["new"]
    assert mails(session) == 4
    assert session.scalar(sa.select(sa.func.count()).select_from(Subscriber)) == 4
    assert {key.partition("@")[0] for key in session.scalars(sa.select(Tally.key))} <= {
        "new", "waits", "known", "left", "example.org",
    }  # fmt: skip


def test_an_hour_later_an_unconfirmed_address_gets_another(cast: Cast, session: Session) -> None:
    course = cast.course()
    token = ask(session, course, VERA, now=NOON).confirm_token
    assert ask(session, course, VERA, now=HOUR_LATER).confirm_token == token
    assert mails(session) == 2
    ask(session, course, VERA, now=HOUR_LATER + CONFIRMATION_EVERY - TICK)
    assert mails(session) == 2


def test_a_confirmed_address_gets_no_further_mail(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, VERA)
    ask(session, course, VERA, now=NOON + timedelta(days=9))
    assert mails(session) == 1
    assert subscriber.confirmed_at is not None


def test_one_address_waits_for_two_courses(cast: Cast, session: Session) -> None:
    one, other = cast.course(), cast.course("law", "Law")
    assert ask(session, one, VERA, now=NOON) is not ask(session, other, VERA, now=NOON)


def test_of_two_sessions_that_ask_at_once_one_sends_the_mail(cast: Cast, session: Session) -> None:
    course = cast.course()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Course, course.id)
        other.commit()
        first = ask(session, course, VERA, now=NOON)
        session.commit()
        looks = iter([None])
        original = waitlist.waiting
        with pytest.MonkeyPatch.context() as patch:  # they looked before the first one was there
            patch.setattr(waitlist, "waiting", lambda *args: next(looks, original(*args)))
            assert ask(other, theirs, VERA, now=NOON).id == first.id
        other.commit()
    assert mails(session) == 1


def test_of_two_sessions_that_ask_again_at_once_one_sends_the_mail(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = ask(session, course, VERA, now=NOON)
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs, stale = other.get_one(Course, course.id), other.get_one(Subscriber, subscriber.id)
        other.commit()  # their read is over; what they loaded is what they act on
        ask(session, course, VERA, now=HOUR_LATER)
        session.commit()
        assert ask(other, theirs, VERA, now=HOUR_LATER) is stale
        other.commit()
    assert mails(session) == 2


def test_confirmed_twice_the_first_time_stands(cast: Cast, session: Session) -> None:
    subscriber = ask(session, cast.course(), VERA, now=NOON)
    confirm(session, subscriber, now=NOON)
    confirm(session, subscriber, now=NOON + timedelta(hours=1))
    assert subscriber.confirmed_at == NOON


def test_of_two_sessions_that_confirm_the_first_time_stands(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Subscriber, subscriber.id)
        other.commit()
        confirm(session, subscriber, now=NOON)
        session.commit()
        confirm(other, theirs, now=HOUR_LATER)
        other.commit()
    assert session.scalar(sa.select(Subscriber.confirmed_at)) == NOON


def test_the_links_lead_to_their_subscriber_and_no_other(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA)
    assert waitlist.by_confirm_token(session, subscriber.confirm_token) is subscriber
    assert waitlist.by_leave_token(session, subscriber.leave_token) is subscriber
    for token in ("", "x", subscriber.leave_token):
        with pytest.raises(LinkIsStale):
            waitlist.by_confirm_token(session, token)
    with pytest.raises(LinkIsStale):
        waitlist.by_leave_token(session, subscriber.confirm_token)


def test_who_leaves_is_mailed_nothing_more(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, VERA, confirmed=False)
    leave(session, subscriber, now=NOON)
    assert mails(session, "dropped") == mails(session) == 1
    assert numbers(session, course) == {"left": 1}


def test_left_twice_the_first_time_stands(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA)
    leave(session, subscriber, now=NOON)
    leave(session, subscriber, now=HOUR_LATER)
    assert subscriber.left_at == NOON


def test_an_old_confirmation_link_does_not_bring_back_who_left(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    leave(session, subscriber, now=NOON)
    with pytest.raises(LinkIsStale):
        waitlist.by_confirm_token(session, subscriber.confirm_token)
    with pytest.raises(LinkIsStale):
        confirm(session, subscriber, now=NOON)
    assert subscriber.confirmed_at is None


def test_who_left_while_the_button_was_on_the_screen_stays_away(cast: Cast, session: Session) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Subscriber, subscriber.id)
        other.commit()
        leave(session, subscriber, now=NOON)
        session.commit()
        with pytest.raises(LinkIsStale):
            confirm(other, theirs, now=NOON)


def test_who_comes_again_confirms_again(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, VERA)
    old_link = subscriber.confirm_token
    leave(session, subscriber, now=NOON)
    assert ask(session, course, VERA, now=HOUR_LATER) is subscriber
    assert (subscriber.left_at, subscriber.confirmed_at) == (None, None)
    assert mails(session, "waiting") == 1
    with pytest.raises(LinkIsStale):
        waitlist.by_confirm_token(session, old_link)


def test_nobody_waits_while_enrolment_is_open(cast: Cast, session: Session) -> None:
    course = cast.course()
    opened = cast.opened(course)
    with pytest.raises(EnrolmentIsOpen):
        ask(session, course, VERA, now=NOON)
    opening.close(session, opened, now=NOON)
    assert ask(session, course, VERA, now=NOON).is_told is False


def test_who_was_told_once_may_wait_for_the_next_time(cast: Cast, session: Session) -> None:
    course = cast.course()
    told = cast.subscriber(course, VERA)
    opening.close(session, cast.opened(course), now=NOON)
    again = ask(session, course, VERA, now=NOON)
    assert again is not told
    assert again.confirmed_at is None


def test_addresses_never_confirmed_and_those_that_left_are_deleted_after_their_time(
    cast: Cast, session: Session
) -> None:
    course, fortnight = cast.course(), timedelta(days=14)
    ask(session, course, "never@example.org", now=NOON)
    left = ask(session, course, "left@example.org", now=NOON)
    confirm(session, left, now=NOON)
    leave(session, left, now=NOON + timedelta(days=1))
    confirm(session, ask(session, course, "waits@example.org", now=NOON), now=NOON)
    assert waitlist.erase_expired(session, days=14, now=NOON + fortnight - TICK) == 0
    assert waitlist.erase_expired(session, days=14, now=NOON + fortnight) == 1
    assert waitlist.erase_expired(session, days=14, now=NOON + fortnight + timedelta(days=1)) == 1
    assert sorted(session.scalars(sa.select(Subscriber.email))) == ["", "waits@example.org"]
    assert numbers(session, course) == {"confirmed": 1, "left": 1}


def test_a_person_is_erased_from_every_waitlist(cast: Cast, session: Session) -> None:
    told_of, waits_for = cast.course(), cast.course("law", "Law")
    told = cast.subscriber(told_of, VERA)
    cast.subscriber(waits_for, "Vera@Example.org")
    kept = cast.subscriber(waits_for, "boris@example.org")
    cast.opened(told_of)
    session.expire_all()
    assert waitlist.erase_by(session, VERA, now=NOON) == 2
    session.commit()
    assert session.scalars(sa.select(Subscriber.email).where(Subscriber.email != "")).all() == [kept.email]
    assert (told.email, told.left_at) == ("", NOON)
    assert session.scalars(sa.select(Delivery.state).where(Delivery.kind == "notice")).all() == ["dropped"]


def test_the_database_refuses_a_second_place_on_the_list(cast: Cast, session: Session) -> None:
    cast.subscriber(cast.course(), VERA)
    with pytest.raises(IntegrityError):
        session.execute(
            sa.text(
                "INSERT INTO subscribers (course_id, email, email_key, confirm_token, leave_token, asked_at) "
                "SELECT course_id, email, email_key, 'c', 'l', asked_at FROM subscribers"
            )
        )


def test_who_was_told_is_forgotten_once_the_notice_is_old(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, "vera@example.org")
    cast.opened(course)
    for step in ("sending", "sent"):
        session.execute(sa.update(Delivery).values(state=step, finished_at=NOON))
    session.commit()
    assert waitlist.erase_expired(session, days=7, now=NOON + waitlist.BOUNCE_WINDOW - TICK) == 0
    assert waitlist.erase_expired(session, days=7, now=NOON + waitlist.BOUNCE_WINDOW) == 1
    session.refresh(subscriber)
    assert (subscriber.email, subscriber.is_told) == ("", True)


def told(cast: Cast) -> Subscriber:
    """A subscriber whose notice is on its way, while enrolment is open."""
    course = cast.course()
    subscriber = cast.subscriber(course, VERA)
    cast.opened(course)
    cast.session.expire_all()
    return subscriber


def test_who_asks_for_the_next_one_too_waits_again_and_need_not_confirm(cast: Cast, session: Session) -> None:
    first = told(cast)
    again = waitlist.wait_again(session, first, now=NOON)
    assert (again.id != first.id, again.confirmed_at, again.is_told) == (True, NOON, False)
    assert waitlist.wait_again(session, first, now=HOUR_LATER).id == again.id
    assert again.confirmed_at == NOON
    assert numbers(session, first.course) == {"confirmed": 1}
    opening.close(session, first.opening, now=NOON)
    second = cast.opened(first.course)
    assert session.scalars(sa.select(Delivery.subscriber_id).where(Delivery.opening_id == second.id)).all() == [
        again.id
    ]


def test_only_who_was_told_and_has_not_left_asks_for_the_next_one(cast: Cast, session: Session) -> None:
    first = told(cast)
    untold = cast.subscriber(cast.course("law", "Law"), VERA)
    with pytest.raises(LinkIsStale):
        waitlist.wait_again(session, untold, now=NOON)
    leave(session, first, now=NOON)
    with pytest.raises(LinkIsStale):
        waitlist.wait_again(session, first, now=NOON)


def test_of_two_presses_at_once_one_waits(cast: Cast, session: Session) -> None:
    first = told(cast)
    number = first.id
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Subscriber, number)
        _ = theirs.course
        other.commit()
        again = waitlist.wait_again(session, first, now=NOON)
        session.commit()
        looks = iter([None])
        original = waitlist.waiting
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(waitlist, "waiting", lambda *args: next(looks, original(*args)))
            assert waitlist.wait_again(other, theirs, now=NOON).id == again.id


def test_the_old_notices_leaving_link_ends_the_waiting_for_the_next_one_too(cast: Cast, session: Session) -> None:
    first = told(cast)
    again = waitlist.wait_again(session, first, now=NOON)
    leave(session, first, now=NOON)
    session.refresh(again)
    assert again.left_at == NOON
    opening.close(session, first.opening, now=NOON)
    assert opening.progress(session, cast.opened(first.course)) == {}


def test_leaving_one_course_leaves_no_other(cast: Cast, session: Session) -> None:
    here, there = cast.subscriber(cast.course(), VERA), cast.subscriber(cast.course("law", "Law"), VERA)
    leave(session, here, now=NOON)
    session.refresh(there)
    assert there.left_at is None


def test_internationalised_addresses_are_one_however_they_are_written(cast: Cast, session: Session) -> None:
    course = cast.course()
    first = ask(session, course, "вера@пример.рф", now=NOON)
    assert ask(session, course, "Вера@xn--e1afmkfd.xn--p1ai", now=NOON) is first
    assert mails(session) == 1


def test_erased_at_once_it_is_nowhere(cast: Cast, session: Session) -> None:
    first = told(cast)
    session.execute(sa.update(Delivery).where(Delivery.kind == "confirmation").values(reply=f"550 <{VERA}> unknown"))
    waitlist.wait_again(session, first, now=NOON)
    ask(session, cast.course("law", "Law"), VERA.upper(), now=NOON)
    session.commit()
    assert waitlist.erase_by(session, VERA, now=NOON) == 3
    session.commit()
    for table in ("subscribers", "deliveries", "tallies"):
        rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()
        assert VERA not in str(rows).lower(), table
    assert mails(session, "waiting") == 0


def test_in_the_bounce_window_the_address_is_kept_and_then_forgotten_but_who_waits_again_stays(
    cast: Cast, session: Session
) -> None:
    first = told(cast)
    again = waitlist.wait_again(session, first, now=NOON)
    session.execute(sa.update(Delivery).where(Delivery.kind == "notice").values(state="sending"))
    session.execute(sa.update(Delivery).where(Delivery.kind == "notice").values(state="sent", finished_at=NOON))
    session.commit()
    waitlist.erase_expired(session, days=7, now=NOON + waitlist.BOUNCE_WINDOW - TICK)
    session.refresh(first)
    assert first.email == VERA
    waitlist.erase_expired(session, days=7, now=NOON + waitlist.BOUNCE_WINDOW)
    session.expire_all()
    assert (first.email, first.email_key, again.email) == ("", f"erased {first.id}", VERA)


def test_a_notice_that_has_not_left_yet_keeps_its_address(cast: Cast, session: Session) -> None:
    first = told(cast)
    assert waitlist.erase_expired(session, days=7, now=NOON + timedelta(days=300)) == 0
    assert first.email == VERA
