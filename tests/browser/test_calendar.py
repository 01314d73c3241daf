"""A letter gets its Friday, and another one, by a real drag; and by the keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from ..house_on_a_port import House
from .conftest import sign_in

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]
SAID = re.compile(r"It goes out: Friday \d+ [A-Z][a-z]+( \d{4})?, 10:00 [A-Z][a-z]+, in \d+ days?( \d+ hours?)?\.")


def place_of(page: Page, title: str) -> Locator:
    return page.locator(".place").filter(has_text=title)


def test_a_letter_is_dragged_to_its_friday_and_to_another_and_moved_by_keys(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(viewport={"width": 1280, "height": 1600}), house, "editor")
    page.goto("/desk/letters/new")
    title = "Dragged about"
    for name in ("title", "asker", "answer"):
        page.fill(f"[name={name}]", title)
    page.click("[data-save]")
    expect(page.locator(".flash")).to_contain_text("Saved")

    page.goto("/desk/calendar")
    draft = page.locator(".tray-letter").filter(has_text=title)
    free = page.locator(".place.is-free")
    first, second = (free.nth(n).locator(".place-when").inner_text() for n in (1, 3))
    draft.drag_to(free.nth(1))
    expect(page.locator(".flash")).to_have_text(SAID)
    expect(place_of(page, title)).to_contain_text(first)
    expect(page.locator(".tray-letter").filter(has_text=title)).to_have_count(0)

    place_of(page, title).locator("[data-letter]").drag_to(page.locator(".place").filter(has_text=second))
    expect(place_of(page, title)).to_contain_text(second)
    expect(page.locator(".flash")).to_have_text(SAID)
    expect(page.locator(".place").filter(has_text=first)).to_contain_text("free")

    taken = page.locator(".place:not(.is-free)").filter(has_not_text=title).first
    place_of(page, title).locator("[data-letter]").drag_to(taken)
    expect(taken.get_by_role("alert")).to_contain_text("Another letter goes out then, so nothing was moved.")
    place_of(page, title).locator("[data-letter]").drag_to(place_of(page, title))
    expect(page.get_by_role("alert")).to_be_hidden()
    page.reload()
    expect(place_of(page, title)).to_contain_text(second)

    place_of(page, title).get_by_role("link", name="Move …").press("Enter")
    page.wait_for_url("**/slot")
    page.locator("[name=when]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_have_text(SAID)

    place_of(page, title).get_by_role("link", name=title, exact=True).click()
    page.get_by_role("button", name="Make it a draft again").click()
    expect(page.locator(".flash")).to_contain_text("a draft again")
