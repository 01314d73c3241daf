"""What came from one address is found long after the address was dropped, and not for ever."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import work
from app.column import erasing
from app.column.settings import settings
from app.comments import retention, same_address
from app.comments.models import Comment
from app.comments.same_address import of_same_sender, sender_of
from app.db import writing

from ..cast import Cast
from ..conftest import NOON

KEY = "a secret key"
VERA = "vera@example.org"


def sent(cast: Cast, text: str, email: str = VERA, *, days_ago: float = 1) -> Comment:
    sender = sender_of(email, KEY) or ""
    return cast.comment(cast.letter(), text, email=email, sender=sender, days_ago=days_ago)


def test_the_hash_is_the_addresss_whatever_its_letters_and_another_with_another_key() -> None:
    one = sender_of(VERA, KEY)
    assert one == sender_of(" Vera@Example.ORG ", KEY)
    assert one != sender_of(VERA, "another key")
    assert one != sender_of("other@example.org", KEY)
    assert VERA not in str(one)
    assert sender_of("", KEY) is None


def test_comments_of_one_address_are_found_when_the_address_is_gone(cast: Cast, session: Session) -> None:
    first, other, second = sent(cast, "A"), sent(cast, "B", "other@example.org"), sent(cast, "C", "VERA@example.org")
    for comment in (first, other, second):
        cast_decide(cast, comment)
    assert retention.forget_decided_addresses(session, now=NOON + timedelta(days=2)) == 3
    session.expire_all()
    assert [c.text_source for c in of_same_sender(session, first)] == ["C", "A"]
    assert [c.email for c in of_same_sender(session, first)] == ["", ""]


def cast_decide(cast: Cast, comment: Comment) -> None:
    from app.comments.moderation import decide

    decide(cast.session, comment, "declined", by=cast.mo, now=NOON)
    cast.session.commit()


def test_a_comment_without_an_address_has_only_itself(cast: Cast, session: Session) -> None:
    alone, _ = cast.comment(cast.letter()), cast.comment(cast.letter())
    assert of_same_sender(session, alone) == [alone]


def test_after_its_period_nobody_can_tell(cast: Cast, session: Session) -> None:
    old, new = sent(cast, "Old", days_ago=30), sent(cast, "New", days_ago=29)
    assert same_address.forget(session, days=30, now=NOON) == 1
    session.expire_all()
    assert (old.sender, new.sender is None) == (None, False)


def test_the_worker_forgets_every_night(cast: Cast, session: Session, app: Flask, at: Any) -> None:
    settings(session).history_days = 2
    old = sent(cast, "Old", days_ago=2)
    with app.test_request_context(), writing():
        work.forget(app, app.extensions["config"])
    session.expire_all()
    assert old.sender is None


def test_what_is_erased_has_no_sender(cast: Cast, session: Session) -> None:
    comment = sent(cast, "Gone")
    cast_decide(cast, comment)
    retention.erase_expired(session, pruned_days=0, declined_days=0, now=NOON)
    assert (comment.text_source, comment.sender) == ("", None)


def test_a_person_is_erased_also_from_comments_whose_address_was_dropped(cast: Cast, session: Session) -> None:
    comment, other = sent(cast, "Mine"), sent(cast, "Another's", "other@example.org")
    pending = sent(cast, "Still waiting")
    for one in (comment, other):
        cast_decide(cast, one)
    retention.forget_decided_addresses(session, now=NOON + timedelta(days=2))
    session.commit()
    assert erasing.erase(session, "Vera@example.org", secret_key=KEY, now=NOON)["comments"] == 2
    session.expire_all()
    assert (comment.text_source, other.text_source) == ("", "Another's")
    assert session.get(Comment, pending.id) is None


@pytest.mark.parametrize("change", ["sender = 'x'", "sender = 'x', erased_at = submitted_at"])
def test_a_sender_is_never_given_or_changed_later(change: str, cast: Cast, session: Session) -> None:
    sent(cast, "A"), cast.comment(cast.letter())
    with pytest.raises(DBAPIError):
        session.execute(sa.text(f"UPDATE comments SET {change}"))


def test_the_readers_form_keeps_the_hash_and_the_desk_is_one_click_from_it(
    client: FlaskClient, cast: Cast, app: Flask, at: Any
) -> None:
    letter = cast.letter()
    for text in ("First thought.", "Second thought."):
        client.post(f"/letters/{letter.name}/comments", data={"name": "Vera", "text": text, "email": VERA})
    senders = set(cast.session.scalars(sa.select(Comment.sender)))
    assert senders == {sender_of(VERA, app.extensions["config"].secret_key)}
    cast.session.commit()
    first = cast.session.scalars(sa.select(Comment)).first()
    assert first is not None
    cast_decide(cast, first)
    cast.signed_in(client, cast.mo)
    address = f"/desk/comments/{first.id}/history"
    assert address in client.get("/desk/comments").text
    page = client.get(address).text
    assert "2 comments came from this address" in page
    assert all(text in page for text in ("First thought.", "Second thought.", "Waits", "Declined"))
    settings(cast.session).hide_names = True
    cast.session.commit()
    page = client.get(address).text
    assert "First thought." in page
    assert "Second thought." not in page  # beside its sender's other comments its name would be told
    waiting = next(one for one in same_address.of_same_sender(cast.session, first) if one.standing == "pending")
    page = client.get(f"/desk/comments/{waiting.id}/history").text
    assert "hidden until its decision" in page
    assert not any(told in page for told in ("Vera", "First thought.", "Second thought."))


def test_readers_see_nothing_of_it(client: FlaskClient, cast: Cast, at: Any) -> None:
    comment = sent(cast, "A thought.")
    from app.comments.moderation import decide

    decide(cast.session, comment, "published", by=cast.mo, now=NOON)
    cast.session.commit()
    name = comment.letter.name
    for address in (f"/letters/{name}/", "/", "/feed.xml", f"/letters/{name}/comments.xml", f"/letters/{name}.json"):
        text = client.get(address).text
        assert str(comment.sender) not in text
        assert VERA not in text
