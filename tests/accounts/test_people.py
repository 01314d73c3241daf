import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.accounts import passwords, people, signing_in
from app.accounts.models import Person
from app.accounts.people import AddressTaken, LastEditor
from app.accounts.signing_in import WrongNameOrPassword, sign_in
from app.db import writing

from ..cast import PASSWORD, Cast
from ..conftest import NOON

EMAIL = "ada@example.org"


def test_a_password_is_kept_as_argon2id_and_never_as_itself(cast: Cast) -> None:
    assert cast.ada.password_hash.startswith("$argon2id$")
    assert PASSWORD not in cast.ada.password_hash
    assert passwords.hashed(PASSWORD) != passwords.hashed(PASSWORD)


@pytest.mark.parametrize("kept", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
def test_what_is_no_hash_matches_no_password(kept: str | None) -> None:
    assert not passwords.matches(PASSWORD, kept)


def test_nobodys_own_password_matches_nobody() -> None:
    assert not passwords.matches("the password of nobody at all", None)
    assert not passwords.matches("the password of nobody at all", "")  # invited, and none chosen yet


def test_the_right_password_signs_in_however_the_address_is_spelt(cast: Cast, session: Session) -> None:
    ada = cast.ada
    assert sign_in(session, email=" ADA@example.ORG ", password=PASSWORD) is ada


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "another password"), (EMAIL, ""), ("nobody@example.org", PASSWORD), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_have_one_answer(
    cast: Cast, session: Session, email: str, password: str
) -> None:
    assert cast.ada.email == EMAIL
    with pytest.raises(WrongNameOrPassword):
        sign_in(session, email=email, password=password)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org", "left@example.org"])
def test_whoever_signs_in_one_hash_is_verified(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    left = cast.person("Left", "writer")
    assert cast.ada
    people.end_access(session, left, now=NOON)
    verified: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            verified.append(kept)
            return hasher.verify(kept, password)

    hasher = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    with pytest.raises(WrongNameOrPassword):
        sign_in(session, email=email, password="wrong, whoever it is")
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")


def test_a_weaker_hash_is_renewed_at_the_next_signing_in(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, before = cast.ada, cast.ada.password_hash
    monkeypatch.setattr(signing_in.passwords, "is_outdated", lambda kept: True)
    sign_in(session, email=EMAIL, password=PASSWORD)
    assert ada.password_hash != before
    assert passwords.matches(PASSWORD, ada.password_hash)


def test_two_people_never_share_an_address(cast: Cast, session: Session) -> None:
    assert cast.ada
    with pytest.raises(AddressTaken):
        people.add(session, email="Ada@Example.org", name="Another", role="writer", password=PASSWORD, now=NOON)
    session.commit()
    assert [person.name for person in people.everyone(session)] == ["Ada"]


def test_a_new_password_signs_out_everywhere(cast: Cast, session: Session) -> None:
    ada, key = cast.ada, cast.ada.session_key
    assert people.by_session_key(session, key) is ada
    people.set_password(session, ada, "a quite different one")
    assert people.by_session_key(session, key) is None
    assert sign_in(session, email=EMAIL, password="a quite different one") is ada


def test_who_left_is_signed_out_and_cannot_come_in(cast: Cast, session: Session) -> None:
    mo, key = cast.mo, cast.mo.session_key
    people.end_access(session, mo, now=NOON)
    assert people.by_session_key(session, key) is None
    assert people.by_session_key(session, mo.session_key) is None
    with pytest.raises(WrongNameOrPassword):
        sign_in(session, email=mo.email, password=PASSWORD)
    people.reopen_access(session, mo)
    assert sign_in(session, email=mo.email, password=PASSWORD) is mo


def test_the_desk_keeps_its_last_editor(cast: Cast, session: Session) -> None:
    ada = cast.ada
    assert cast.mo
    with pytest.raises(LastEditor):
        people.set_role(session, ada, "moderator")
    with pytest.raises(LastEditor):
        people.end_access(session, ada, now=NOON)
    assert (ada.role, ada.left_at) == ("editor", None)


def test_an_editor_who_left_does_not_count(cast: Cast, session: Session) -> None:
    ada, bea = cast.ada, cast.person("Bea", "editor")
    people.end_access(session, bea, now=NOON)
    with pytest.raises(LastEditor):
        people.set_role(session, ada, "writer")
    people.set_role(session, ada, "editor")


def test_one_of_two_editors_may_go(cast: Cast, session: Session) -> None:
    ada = cast.ada
    assert cast.person("Bea", "editor")
    people.set_role(session, ada, "writer")
    assert ada.role == "writer"


def test_of_two_editors_who_go_at_once_one_stays(cast: Cast, session: Session) -> None:
    ada, bea = cast.ada, cast.person("Bea", "editor")
    answers: list[str] = []

    def bea_goes() -> None:
        with writing(), Session(session.get_bind()) as other:
            try:
                people.end_access(other, other.get_one(Person, bea.id), now=NOON)
                other.commit()
                answers.append("gone")
            except LastEditor:
                answers.append("stays")

    people.end_access(session, ada, now=NOON)
    thread = threading.Thread(target=bea_goes)
    thread.start()
    thread.join(1)  # she waits for us, or had her answer
    session.commit()
    thread.join(20)
    assert answers == ["stays"]


def test_those_who_left_are_listed_last(cast: Cast, session: Session) -> None:
    ada, mo, wanda = cast.ada, cast.mo, cast.wanda
    people.end_access(session, mo, now=NOON + timedelta(days=1))
    assert people.everyone(session) == [ada, wanda, mo]
