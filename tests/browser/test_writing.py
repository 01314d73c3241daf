"""Writing a letter while everything goes wrong, and with somebody else."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from ..house_on_a_port import House
from .conftest import sign_in

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]


def open_a_draft(page: Page) -> str:
    """A new letter, kept; returns its address."""
    page.goto("/desk/letters/new")
    page.fill("[name=title]", "Shall I wait?")
    expect(page.locator("[data-kept]")).to_contain_text("Kept at")
    expect(page).to_have_url(re.compile(r"/desk/letters/\d+/edit"))
    page.fill("[name=asker]", "Vera")
    page.fill("[name=answer]", "Vera! Wait.")
    page.click("[data-save]")
    expect(page.locator(".flash")).to_contain_text("Saved")
    return page.url


def type_on(page: Page, text: str) -> None:
    answer = page.locator("[name=answer]")
    answer.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


@pytest.fixture
def writer(browser: Browser, own_house: House):  # type: ignore[no-untyped-def]
    context = browser.new_context(base_url=own_house.base)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield sign_in(page, own_house, "writer")
    context.close()


def test_network_session_server_and_window_are_lost_and_every_word_is_there(writer: Page, own_house: House) -> None:
    page, context = writer, writer.context
    address = open_a_draft(page)

    context.set_offline(True)
    type_on(page, " alpha")
    expect(page.locator("[data-state]")).to_contain_text("No connection")
    page.click("[data-save]")  # pressed without a connection it loses nothing either
    type_on(page, " bravo")
    context.set_offline(False)
    expect(page.locator("[data-state]")).to_be_empty()
    expect(page.locator("[data-kept]")).to_contain_text("Kept at")

    context.clear_cookies()
    type_on(page, " charlie")
    expect(page.locator("[data-state]")).to_contain_text("signed out")
    with page.expect_popup() as opened:
        page.locator("[data-state] a").click()
    login = opened.value
    login.fill("[name=email]", "writer@example.org")
    login.fill("[name=password]", own_house.password)
    login.click("form button")
    login.wait_for_url(address)
    login.close()
    expect(page.locator("[data-state]")).to_be_empty()

    own_house.kill()
    type_on(page, " delta")
    expect(page.locator("[data-state]")).to_contain_text("No connection")
    page.close()
    own_house.start()
    page = context.new_page()
    page.goto(address)
    expect(page.locator("[name=answer]")).to_have_value("Vera! Wait. alpha bravo charlie delta")
    expect(page.locator("[data-kept]")).to_contain_text("Kept at")

    page.close()
    own_house.kill()  # what was answered is on disk
    own_house.start()
    page = context.new_page()
    page.goto(address)
    expect(page.locator("[name=answer]")).to_have_value("Vera! Wait. alpha bravo charlie delta")
    page.click("[data-save]")
    expect(page.locator(".flash")).to_contain_text("Saved")
    page.goto(address)
    expect(page.locator("details.notice")).to_have_count(0)
    expect(page.locator("[name=answer]")).to_have_value("Vera! Wait. alpha bravo charlie delta")


def test_a_letter_begun_without_a_connection_is_there_when_the_desk_is_opened_again(
    house: House, visitor: Visitor
) -> None:
    page = sign_in(visitor(), house, "writer")
    page.goto("/desk/letters/new")
    context = page.context
    context.set_offline(True)
    page.fill("[name=title]", "Written in a train")
    type_on(page, "All of it.")
    expect(page.locator("[data-state]")).to_contain_text("No connection")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto("/desk/letters/new")
    expect(page.locator("[name=title]")).to_have_value("Written in a train")
    expect(page.locator("[data-kept]")).to_contain_text("Kept at")
    expect(page).to_have_url(re.compile(r"/desk/letters/\d+/edit"))
    page.reload()
    expect(page.locator("[name=answer]")).to_have_value("All of it.")


def test_two_editors_see_each_other_and_end_with_both_texts_in_a_diff(house: House, visitor: Visitor) -> None:
    wanda, ada = sign_in(visitor(), house, "writer"), sign_in(visitor(), house, "editor")
    address = open_a_draft(wanda)
    ada.goto(address)
    expect(ada.locator("[data-company]")).to_contain_text("has this letter open too")
    wanda.bring_to_front()
    type_on(wanda, " Then call him.")
    expect(wanda.locator("[data-company]")).to_contain_text("has this letter open too")
    expect(wanda.locator("[data-kept]")).to_contain_text("Kept at")
    type_on(ada, " Then write to him.")
    ada.click("[data-save]")
    expect(ada.locator(".flash")).to_contain_text("Saved")

    wanda.click("[data-save]")
    conflict = wanda.locator("#conflict")
    expect(conflict.locator("h2")).to_contain_text("saved the same parts")
    expect(conflict.locator("del").first).to_contain_text("write")
    expect(conflict.locator("ins").first).to_contain_text("call")
    expect(wanda.locator("[name=answer]")).to_have_value("Vera! Wait. Then call him.")
    wanda.fill("[name=answer]", "Vera! Wait. Then call him, or write to him.")
    wanda.click("[data-save]")
    expect(wanda.locator(".flash")).to_contain_text("Saved")

    wanda.get_by_role("link", name="History").click()
    wanda.wait_for_url("**/history")
    said = []
    numbers = wanda.locator("input[name=new]").evaluate_all("(all) => all.map((one) => one.value)")
    for number in numbers:
        wanda.goto(re.sub("edit$", f"comparison?new={number}", address))
        said.append(wanda.locator("main").inner_text())
    assert any("Then write to him" in one for one in said)
    assert any("Then call him" in one for one in said)


def test_two_windows_of_one_person_follow_each_other_and_are_in_no_conflict(house: House, visitor: Visitor) -> None:
    one = sign_in(visitor(), house, "writer")
    address = open_a_draft(one)
    two = one.context.new_page()
    two.goto(address)
    type_on(two, " And then?")
    expect(one.locator("[name=answer]")).to_have_value("Vera! Wait. And then?")
    expect(two.locator("[data-kept]")).to_contain_text("Kept at")
    type_on(one, " Nothing.")
    expect(two.locator("[name=answer]")).to_have_value("Vera! Wait. And then? Nothing.")
    two.click("[data-save]")
    expect(two.locator(".flash")).to_contain_text("Saved")
    type_on(one, " Really.")
    one.click("[data-save]")
    expect(one.locator(".flash")).to_contain_text("Saved")
    expect(one.locator("[name=answer]")).to_have_value("Vera! Wait. And then? Nothing. Really.")


def test_the_page_beside_the_text_follows_it_and_the_toolbar_can_be_taken_back(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(viewport={"width": 1400, "height": 900}), house, "writer")
    open_a_draft(page)
    preview = page.frame_locator("iframe.preview-frame")
    expect(preview.locator(".answer")).to_contain_text("Vera! Wait.")
    answer = page.locator("[name=answer]")
    answer.fill("Ask why.")
    answer.press("Control+a")
    answer.press("Control+b")
    expect(answer).to_have_value("**Ask why.**")
    expect(preview.locator(".answer strong")).to_have_text("Ask why.")
    answer.press("Control+z")
    expect(answer).to_have_value("Ask why.")
    page.fill("[name=question]", "Write to me: vera@firm.example")
    expect(page.locator(".look").first).to_contain_text("vera@firm.example")


def test_pasted_correspondence_says_who_said_what_in_one_gesture(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(), house, "writer")
    page.goto("/desk/letters/new")
    question = page.locator("[name=question]")
    question.fill("Client: Change it.\n\nPlease.\n\nMe: Why?")
    question.press("Control+a")
    page.locator(".toolbar").first.get_by_role("button", name="Correspondence").click()
    expect(question).to_have_value("> **Client:** Change it.\n>\n> Please.\n\n> **Me:** Why?")
    question.fill("Because I say so.")
    question.press("Control+a")
    question.press("Control+Shift+9")
    page.fill("#speaker-name", "Boss")
    page.keyboard.press("Enter")
    expect(question).to_have_value("> **Boss:** Because I say so.")
