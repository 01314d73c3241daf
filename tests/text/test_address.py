import unicodedata

import pytest

from app.text.address import address_key, mailbox


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vera@Example.org", " vera@EXAMPLE.ORG\n"),
        ("вера@пример.рф", "ВЕРА@xn--e1afmkfd.xn--p1ai"),
        ("vera@Пример.рф", "vera@XN--E1AFMKFD.XN--P1AI"),
        (unicodedata.normalize("NFC", "zoë@bücher.example"), unicodedata.normalize("NFD", "zoë@BÜCHER.example")),
        ("vera@例え.jp", "vera@xn--r8jz45g.jp"),
    ],
)
def test_two_spellings_of_one_address_are_the_same(one: str, other: str) -> None:
    assert one != other
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("vera@example.org", "vera@example.com"),
        ("vera+talks@example.org", "vera@example.org"),
        ("v.era@gmail.com", "vera@gmail.com"),
        ("strasse@example.org", "straße@example.org"),
        ("вера@example.org", "vера@example.org"),
    ],
)
def test_two_addresses_are_not_the_same(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize("text", ["", "@", "no address", "a@b@c", "a@" + "x" * 300, "a@..", "\ud800@example.org"])
def test_what_is_no_address_has_a_key_too(text: str) -> None:
    assert address_key(text) == address_key(address_key(text))
    assert isinstance(mailbox(text), str)


@pytest.mark.parametrize(
    "email",
    ["vera@gmail.com", "V.e.r.a@gmail.com", "vera+1@gmail.com", "v.era+spam.more+2@GoogleMail.com"],
)
def test_all_that_leads_into_one_mailbox_is_counted_together(email: str) -> None:
    assert mailbox(email) == "vera@gmail.com"


@pytest.mark.parametrize(
    ("email", "into"),
    [
        ("Ve-ra+1@ya.ru", "ve.ra@yandex.ru"),
        ("ve.ra@yandex.kz", "ve.ra@yandex.ru"),
        ("v_e-r.a@pm.me", "vera@proton.me"),
        ("vera+x@mac.com", "vera@icloud.com"),
        ("...@gmail.com", "...@gmail.com"),
    ],
)
def test_providers_with_many_names_are_known(email: str, into: str) -> None:
    assert mailbox(email) == into


def test_dots_count_elsewhere() -> None:
    assert mailbox("v.era+1@example.org") == "v.era@example.org"
    assert mailbox("+vera@example.org") == "+vera@example.org"
