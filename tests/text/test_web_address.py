"""Which texts are addresses of pages."""

import pytest

from app.text.web_address import leads_to_the_web


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org", "http://example.org/", "https://example.org/a?b=c&d=%20#e", "https://example.org:8443/x",
        "https://пример.рф/курс", "HTTPS://EXAMPLE.ORG/Enrol", "https://127.0.0.1:8000/", "https://a.example.org./",
    ],
)  # fmt: skip
def test_the_whole_address_of_a_page_is_one(text: str) -> None:
    assert leads_to_the_web(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "example.org", "https://", "https:///path", "https://example.org/a b", "https://exa mple.org/", "http://x",
        "https://example.org/<b>", 'https://example.org/"', "javascript:alert(1)", "mailto:a@example.org",
        "https://example.org:port/", "https://[::1", "https://exa\u00a0mple.org/", "https://example..org/",
        "ftp://example.org/", "https://example.org\\x",
    ],
)  # fmt: skip
def test_what_a_mail_program_would_cut_or_the_dns_cannot_know_is_none(text: str) -> None:
    assert not leads_to_the_web(text)
