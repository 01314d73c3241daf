from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.accounts import people, sign_ins

from ..cast import Cast
from ..conftest import NOON

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LATER = NOON + timedelta(hours=1)


def begun(cast: Cast, name: str = "ada") -> str:
    return sign_ins.begin(cast.session, getattr(cast, name), FIREFOX, now=NOON)


def who(session: Session, session_key: str, key: str, *, now: datetime) -> object:
    return session.execute(sign_ins.WHO, sign_ins.keys(session_key, key, now=now)).one_or_none()


def test_a_use_is_noted_now_and_then(cast: Cast, session: Session) -> None:
    key = begun(cast)
    sign_ins.note_use(session, key, last=NOON, now=NOON + sign_ins.NOTED_EVERY)
    assert [one.used_at for one in sign_ins.of_person(session, cast.ada, now=LATER)] == [NOON]
    sign_ins.note_use(session, key, last=NOON, now=LATER)
    session.expire_all()
    assert [one.used_at for one in sign_ins.of_person(session, cast.ada, now=LATER)] == [LATER]


def test_each_browser_is_listed_to_its_owner_and_to_nobody_else(cast: Cast, session: Session) -> None:
    first, second = begun(cast), begun(cast)
    begun(cast, "mo")
    sign_ins.note_use(session, first, last=NOON, now=LATER)
    found = sign_ins.of_person(session, cast.ada, now=LATER)
    assert [(one.key, one.device, one.used_at) for one in found] == [
        (first, "Firefox, Linux", LATER), (second, "Firefox, Linux", NOON),
    ]  # fmt: skip


def test_a_browser_that_was_ended_is_signed_out(cast: Cast, session: Session) -> None:
    first, second = begun(cast), begun(cast)
    (row,) = [one for one in sign_ins.of_person(session, cast.ada, now=NOON) if one.key == first]
    sign_ins.end(session, cast.mo, row.id)  # not his
    assert who(session, cast.ada.session_key, first, now=NOON)
    sign_ins.end(session, cast.ada, row.id)
    assert not who(session, cast.ada.session_key, first, now=NOON)
    assert who(session, cast.ada.session_key, second, now=NOON)
    third = begun(cast)
    sign_ins.end_others(session, cast.ada, third)
    assert [one.key for one in sign_ins.of_person(session, cast.ada, now=NOON)] == [third]


def test_a_key_is_worth_nothing_to_another_person(cast: Cast, session: Session) -> None:
    assert not who(session, cast.mo.session_key, begun(cast), now=NOON)
    assert not who(session, cast.ada.session_key, "", now=NOON)


def test_where_nothing_was_done_for_long_one_is_signed_out(cast: Cast, session: Session) -> None:
    key, end = begun(cast), NOON + sign_ins.FORGOTTEN_AFTER
    assert who(session, cast.ada.session_key, key, now=end - timedelta(seconds=1))
    assert not who(session, cast.ada.session_key, key, now=end)
    assert not who(session, cast.ada.session_key, key, now=end + timedelta(days=1))
    sign_ins.erase_expired(session, now=end)
    assert sign_ins.of_person(session, cast.ada, now=NOON) == []


def test_a_new_password_ends_them_all(cast: Cast, session: Session) -> None:
    key = begun(cast)
    people.set_password(session, cast.ada, "a quite different one")
    assert not who(session, cast.ada.session_key, key, now=NOON)


@pytest.mark.parametrize(
    ("says", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_as_people_call_it(says: str, device: str) -> None:
    assert sign_ins.device(says) == device
