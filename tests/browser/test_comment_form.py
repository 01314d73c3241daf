"""What makes the comment form pleasant, in a real browser; that it works without is in test_trips."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from ..house_on_a_port import House
from .test_trips import newest_letter

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]
NO_STORAGE = (
    "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('closed', 'SecurityError'); }})"
)
SELECT = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


def at_the_form(page: Page) -> Page:
    page.goto(newest_letter(page))
    return page


def test_the_preview_is_what_will_be_stored_and_the_draft_lasts_until_it_is_taken(
    house: House, visitor: Visitor
) -> None:
    page = at_the_form(visitor())
    page.fill("#add [name=text]", "> So *what*?\n\nSee https://example.org/<b> & more.")
    preview = page.locator("[data-preview] .remark-text")
    expect(preview.locator("blockquote")).to_have_text("So *what*?")
    shown = preview.inner_html()

    page.reload()
    expect(page.locator("#add [name=text]")).to_have_value("> So *what*?\n\nSee https://example.org/<b> & more.")
    page.fill("#add [name=name]", "Предпросмотр")
    page.click("#add button:not([type=button])")
    expect(page.locator("h1")).to_contain_text("with the editors")
    page.wait_for_load_state()  # thanks.js has run
    with closing(sqlite3.connect(house.data / "column.sqlite")) as database:
        (stored,) = database.execute("SELECT text_html FROM comments WHERE name = 'Предпросмотр'").fetchone()
    same = page.evaluate(
        "(html) => { const t = document.createElement('div'); t.innerHTML = html; return t.innerHTML; }", stored
    )
    assert shown.strip() == same.strip()
    expect(at_the_form(page).locator("#add [name=text]")).to_have_value("")


def test_two_paragraphs_that_are_selected_become_a_quotation_of_two(house: House, visitor: Visitor) -> None:
    page = at_the_form(visitor(viewport={"width": 320, "height": 640}))
    page.locator(".answer").evaluate(SELECT)
    button = page.locator(".quote-button")
    expect(button).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    button.click()
    typed = page.input_value("#add [name=text]")
    lines = typed.strip().split("\n")
    assert all(line.startswith(">") for line in lines)
    assert lines[1] == ">"
    assert "\u00a0" not in typed
    expect(page.locator("#add [name=text]")).to_be_focused()


def test_name_and_address_are_remembered_only_while_the_box_is_ticked(house: House, visitor: Visitor) -> None:
    page = at_the_form(visitor())
    for remember in (False, True):
        page.fill("#add [name=name]", "Nell")
        page.fill("#add [name=email]", "nell@example.org")
        page.fill("#add [name=text]", f"A thought of Nell's ({remember}).")
        page.set_checked("#remember", remember)
        page.click("#add button:not([type=button])")
        expect(page.locator("h1")).to_contain_text("with the editors")
        expect(at_the_form(page).locator("#add [name=name]")).to_have_value("Nell" if remember else "")
    page.uncheck("#remember")
    page.reload()
    expect(page.locator("#add [name=name]")).to_have_value("")
    expect(page.locator("#remember")).not_to_be_checked()


def test_a_question_is_kept_too_until_it_is_taken(house: House, visitor: Visitor) -> None:
    page = visitor()
    page.goto("/ask/")
    page.fill("[name=text]", "Whom do I ask, and how long?")
    page.reload()
    expect(page.locator("[name=text]")).to_have_value("Whom do I ask, and how long?")
    page.fill("[name=name]", "Ivo")
    page.check("[name=consent]")
    page.locator("main form button:not([name])").last.click()
    expect(page.locator("h1")).to_contain_text("has come in")
    page.wait_for_load_state()  # thanks.js has run
    page.goto("/ask/")
    expect(page.locator("[name=text]")).to_have_value("")


def test_a_browser_that_keeps_nothing_has_all_the_rest(house: House, visitor: Visitor) -> None:
    page = visitor()
    page.add_init_script(NO_STORAGE)
    at_the_form(page)
    page.fill("#add [name=text]", "> Quoted")
    expect(page.locator("[data-preview] blockquote")).to_have_text("Quoted")
    expect(page.locator("[data-remember]")).to_be_hidden()
    page.locator(".answer").evaluate(SELECT)
    expect(page.locator(".quote-button")).to_be_visible()
