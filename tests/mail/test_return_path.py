import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import LONGEST_RETURN_NAME
from app.mail.return_path import LONGEST_LOCAL_PART, LONGEST_TAG, Claim, claims, is_genuine, return_path

SECRET = "a secret of sixteen characters"
ADDRESS = "bounces@column.example"
VERA = "vera@example.org"


def path(delivery_id: int = 17, recipient: str = VERA, secret: str = SECRET) -> str:
    return return_path(delivery_id, recipient, address=ADDRESS, secret=secret)


def claimed(text: str) -> Claim:
    (found,) = claims(text, address=ADDRESS)
    return found


def test_it_names_its_delivery_and_is_the_same_at_every_try() -> None:
    assert re.fullmatch(r"bounces\+17-[a-z2-7]{16}@column\.example", path())
    assert path() == path()
    assert claimed(path()).delivery_id == 17
    assert is_genuine(claimed(path()), VERA, secret=SECRET)


def test_it_fits_before_the_at_sign() -> None:
    longest = return_path(2**32 - 1, VERA, address="b" * LONGEST_RETURN_NAME + "@column.example", secret=SECRET)
    assert len(longest.split("@")[0]) == LONGEST_RETURN_NAME + LONGEST_TAG == LONGEST_LOCAL_PART


def test_servers_may_change_its_case_and_put_it_into_any_text() -> None:
    text = f"Return-Path: <{path().upper()}>\r\nDelivered-To: {path()}\r\n"
    assert is_genuine(claimed(text), "Vera@Example.ORG", secret=SECRET)


@pytest.mark.parametrize(
    "other",
    [
        path(recipient="boris@example.org"),
        path(secret="another secret of that length"),
        path(18).replace("+18-", "+17-"),
        path(17).replace("+17-", "+18-"),
        path(17).replace("+17-", "+1-"),
    ],
)
def test_nobody_writes_one_for_another_delivery_or_another_address(other: str) -> None:
    assert not is_genuine(claimed(other), VERA, secret=SECRET)


def test_a_number_that_the_database_gives_again_makes_no_old_one_good() -> None:
    old = claimed(path(17, "erased@example.org"))
    assert not is_genuine(old, "who has the number now@example.org", secret=SECRET)
    assert not is_genuine(old, "", secret=SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "", "bounces@column.example", "bounces+17@column.example", "bounces+0-aaaaaaaaaaaaaaaa@column.example",
        "bounces+17-aaaaaaaaaaaaaaa@column.example", "bounces+17-aaaaaaaaaaaaaaaaa@column.example",
        path().replace("column", "other"), path() + ".evil.example", "x" + path(), path().replace("bounces", "b"),
        "bounces+99999999999-aaaaaaaaaaaaaaaa@column.example",
    ],
)  # fmt: skip
def test_what_is_no_return_path_of_ours_says_nothing(text: str) -> None:
    assert claims(text, address=ADDRESS) == []


def test_of_several_each_is_said_once() -> None:
    found = claims(f"{path(1)} {path(2)} {path(1)}", address=ADDRESS)
    assert [one.delivery_id for one in found] == [1, 2]


@given(st.text(), st.text(alphabet="bounces+17-a2@column.exmp ", max_size=80))
def test_no_text_breaks_it(first: str, second: str) -> None:
    for one in claims(first + second, address=ADDRESS):
        assert not is_genuine(one, VERA, secret=SECRET)
