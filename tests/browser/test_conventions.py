"""What a real browser makes of the conventions: sharing, fetching ahead, data in a script, and no word of the CSP."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from ..house_on_a_port import House
from .test_trips import newest_letter

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]
NO_SHEET = "delete Navigator.prototype.share"
NO_CLIPBOARD = "delete Navigator.prototype.clipboard; document.execCommand = () => false"


def letter_of(page: Page) -> str:
    address = newest_letter(page)
    page.goto(address)
    return address


def test_data_for_search_engines_is_no_code_to_the_browser(house: House, visitor: Visitor) -> None:
    reader = visitor()  # any word of the Content-Security-Policy in the console fails the test
    letter_of(reader)
    assert '"@type": "Article"' in (reader.locator("script[type='application/ld+json']").text_content() or "")


def test_the_browsers_own_sheet_shares_the_letter(house: House, visitor: Visitor) -> None:
    reader = visitor()
    reader.add_init_script("Navigator.prototype.share = async (what) => { window.shared = what }")
    address = letter_of(reader)
    reader.get_by_role("button", name="Share").click()
    assert reader.evaluate("shared") == {
        "title": reader.locator("[data-share]").get_attribute("data-title"),
        "url": f"{house.base}{address}",
    }


def test_a_sheet_that_is_closed_again_says_nothing(house: House, visitor: Visitor) -> None:
    reader = visitor()
    reader.add_init_script("Navigator.prototype.share = async () => { throw new DOMException('', 'AbortError') }")
    letter_of(reader)
    reader.get_by_role("button", name="Share").click()
    expect(reader.locator("[data-share-status]")).to_be_empty()


def test_without_a_sheet_the_address_is_copied(house: House, visitor: Visitor) -> None:
    reader = visitor(permissions=["clipboard-read", "clipboard-write"])
    reader.add_init_script(NO_SHEET)
    address = letter_of(reader)
    reader.get_by_role("button", name="Copy the link").click()
    expect(reader.locator("[data-share-status]")).to_have_text("The link is copied.")
    assert reader.evaluate("navigator.clipboard.readText()") == f"{house.base}{address}"


def test_when_the_browser_refuses_to_copy_the_address_is_said(house: House, visitor: Visitor) -> None:
    reader = visitor()
    reader.add_init_script(NO_SHEET)
    reader.add_init_script(
        "navigator.clipboard.writeText = async () => { throw new DOMException('', 'NotAllowedError') }"
    )
    address = letter_of(reader)
    reader.get_by_role("button", name="Copy the link").click()
    expect(reader.locator("[data-share-status]")).to_have_text(f"{house.base}{address}")


@pytest.mark.parametrize("javascript", [True, False], ids=["without-clipboard", "without-javascript"])
def test_with_neither_there_is_the_mail(javascript: bool, house: House, visitor: Visitor) -> None:
    reader = visitor(java_script_enabled=javascript)
    reader.add_init_script(f"{NO_SHEET}; {NO_CLIPBOARD}")
    address = letter_of(reader)
    expect(reader.locator("[data-share]")).to_be_hidden()
    mail = reader.get_by_role("link", name="Send by mail").get_attribute("href") or ""
    assert mail.startswith("mailto:?subject=")
    assert address.replace("/", "%2F") in mail or address in mail


def test_a_letter_is_fetched_ahead_with_no_cookie_and_no_complaint(house: House, visitor: Visitor) -> None:
    reader = visitor()
    asked: list[Request] = []
    fetched: list[tuple[str, str]] = []
    reader.context.on("request", lambda request: asked.append(request))
    browser = reader.context.new_cdp_session(reader)
    browser.on("Preload.prefetchStatusUpdated", lambda told: fetched.append((told["prefetchUrl"], told["status"])))
    browser.send("Preload.enable")
    reader.goto("/")
    link = reader.locator(".letters-title a").first
    address = f"{house.base}{link.get_attribute('href')}"
    link.hover()
    end = time.monotonic() + 10
    while (address, "Ready") not in fetched and time.monotonic() < end:
        reader.wait_for_timeout(50)
    assert (address, "Ready") in fetched
    assert reader.context.cookies() == []
    assert all(one.url.startswith(house.base) for one in asked)
    link.click()
    expect(reader.locator(".letter-title")).to_be_visible()
