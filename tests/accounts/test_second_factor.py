import threading
from datetime import datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import second_factor
from app.accounts.models import Person, RecoveryCode
from app.accounts.second_factor import WrongCode, check
from app.db import writing

from ..cast import Cast
from ..conftest import NOON

STEP = timedelta(seconds=second_factor.STEP)


def shown(person: Person, now: datetime) -> str:
    """What the app on the phone shows."""
    return pyotp.TOTP(person.totp_secret).at(int(now.timestamp()))


@pytest.fixture
def paper(cast: Cast, session: Session) -> list[str]:
    """Ada's codes on paper, with her second factor in force."""
    second_factor.prepare(session, cast.ada)
    codes = second_factor.confirm(session, cast.ada, shown(cast.ada, NOON), now=NOON)
    session.commit()
    return codes


def test_it_is_in_force_only_once_the_app_has_shown_a_right_code(cast: Cast, session: Session) -> None:
    ada = cast.ada
    with pytest.raises(WrongCode):
        second_factor.confirm(session, ada, "000000", now=NOON)
    second_factor.prepare(session, ada)
    with pytest.raises(WrongCode):
        second_factor.confirm(session, ada, "", now=NOON)
    assert not ada.has_second_factor
    assert len(second_factor.confirm(session, ada, f" {shown(ada, NOON)[:3]} {shown(ada, NOON)[3:]}", now=NOON)) == 10
    assert ada.has_second_factor


def test_preparing_again_does_not_change_a_key_in_force(cast: Cast, session: Session, paper: list[str]) -> None:
    before = cast.ada.totp_secret
    second_factor.prepare(session, cast.ada)
    assert cast.ada.totp_secret == before


@pytest.mark.parametrize("wrong_by", [-STEP, timedelta(), STEP])
def test_a_phone_may_be_half_a_minute_wrong(
    cast: Cast, session: Session, paper: list[str], wrong_by: timedelta
) -> None:
    later = NOON + timedelta(hours=1)
    check(session, cast.ada, shown(cast.ada, later + wrong_by), now=later)


@pytest.mark.parametrize("wrong_by", [-2 * STEP, 2 * STEP])
def test_and_not_a_minute(cast: Cast, session: Session, paper: list[str], wrong_by: timedelta) -> None:
    later = NOON + timedelta(hours=1)
    with pytest.raises(WrongCode):
        check(session, cast.ada, shown(cast.ada, later + wrong_by), now=later)


def test_no_code_is_taken_twice_nor_one_before_it(cast: Cast, session: Session, paper: list[str]) -> None:
    later = NOON + timedelta(hours=1)
    code = shown(cast.ada, later)
    check(session, cast.ada, code, now=later)
    for again in (code, shown(cast.ada, later - STEP)):
        with pytest.raises(WrongCode):
            check(session, cast.ada, again, now=later)
    check(session, cast.ada, shown(cast.ada, later + STEP), now=later)


def test_of_two_browsers_with_the_same_code_one_comes_in(cast: Cast, session: Session, paper: list[str]) -> None:
    later, ada_id = NOON + timedelta(hours=1), cast.ada.id
    code = shown(cast.ada, later)
    answers: list[str] = []

    def other() -> None:
        with writing(), Session(session.get_bind()) as theirs:
            try:
                check(theirs, theirs.get_one(Person, ada_id), code, now=later)
                theirs.commit()
                answers.append("in")
            except WrongCode:
                answers.append("out")

    check(session, cast.ada, code, now=later)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join(0.5)
    session.commit()
    thread.join(20)
    assert answers == ["out"]


def test_a_code_on_paper_lets_in_once_however_it_is_typed(cast: Cast, session: Session, paper: list[str]) -> None:
    check(session, cast.ada, f" {paper[0].upper().replace('-', ' ')} ", now=NOON)
    assert second_factor.paper_codes_left(session, cast.ada) == 9
    for gone in (paper[0], "", "nonsense"):
        with pytest.raises(WrongCode):
            check(session, cast.ada, gone, now=NOON)
    assert set(session.scalars(sa.select(RecoveryCode.code_hash))).isdisjoint(paper)


def test_new_codes_for_paper_make_the_old_ones_worthless(cast: Cast, session: Session, paper: list[str]) -> None:
    fresh = second_factor.new_paper_codes(session, cast.ada)
    with pytest.raises(WrongCode):
        check(session, cast.ada, paper[0], now=NOON)
    check(session, cast.ada, fresh[0], now=NOON)


def test_nobody_comes_in_with_the_codes_of_another(cast: Cast, session: Session, paper: list[str]) -> None:
    second_factor.prepare(session, cast.mo)
    with pytest.raises(WrongCode):
        check(session, cast.mo, paper[0], now=NOON)


def test_taken_off_it_leaves_nothing_behind(cast: Cast, session: Session, paper: list[str]) -> None:
    second_factor.take_off(session, cast.ada)
    assert (cast.ada.has_second_factor, cast.ada.totp_secret) == (False, "")
    assert second_factor.paper_codes_left(session, cast.ada) == 0
