"""The three trips through the whole, as people make them."""

import email
import email.policy
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ..house_on_a_port import House
from .conftest import eventually, sign_in

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]


def newest_letter(page: Page) -> str:
    page.goto("/")
    return page.locator(".letter-title a").first.get_attribute("href") or ""


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_a_comment_is_sent_decided_once_seen_and_pruned(javascript: bool, house: House, visitor: Visitor) -> None:
    reader, editor = visitor(java_script_enabled=javascript), visitor()
    letter = newest_letter(reader)
    thought = f"Ask what the meeting is for ({javascript})."
    reader.goto(letter)
    reader.fill("#add [name=name]", "Ира Вернадская")
    reader.fill("#add [name=text]", f"> A quoted line\n\n{thought}")
    reader.click("#add button:not([hidden]):not([type=button])")
    expect(reader.locator("h1")).to_contain_text("with the editors")
    expect(reader.locator(".rules")).to_contain_text("decided once")
    reader.goto(letter)
    expect(reader.locator("main")).not_to_contain_text(thought)

    sign_in(editor, house, "moderator").goto("/desk/queue?order=newest")
    card = editor.locator("article").filter(has_text=thought)
    for _ in range(20):
        if card.is_visible():
            break
        editor.get_by_role("button", name="Next").click()
    expect(card.locator("blockquote")).to_contain_text("A quoted line")
    card.locator("button[value=published]").click()
    expect(editor.locator("[role=status]").first).to_contain_text("Publishing")
    editor.goto("/desk/comments?standing=published")  # leaving the page sends what is held there
    assert eventually(editor, lambda: editor.reload() is not None and thought in editor.inner_text("main"))

    reader.goto(letter)
    remark = reader.locator(".remark").filter(has_text=thought)
    expect(remark).to_contain_text("Ира Вернадская")
    expect(remark.locator("blockquote")).to_have_text("A quoted line")

    editor.locator("article, li, tr").filter(has_text=thought).last.locator("a[href*='/pruning/sides']").click()
    editor.locator("main button").last.click()
    expect(editor.locator("[role=status], [role=alert]").first).to_contain_text("Pruned")
    reader.goto(letter)
    expect(reader.locator("main")).not_to_contain_text(thought)


def test_a_question_becomes_a_letter_and_comes_out(house: House, visitor: Visitor) -> None:
    reader, writer, editor = visitor(), visitor(), visitor()
    reader.goto("/ask/")
    reader.fill("[name=name]", "Arkady")
    reader.fill("[name=text]", "Dear adviser!\n\n> We are silent.\n\nShall I write first?")
    reader.check("[name=consent]")
    reader.locator("main form button:not([name])").last.click()
    expect(reader.locator("h1")).to_contain_text("your question has come in")

    sign_in(writer, house, "writer").goto("/desk/questions")
    writer.get_by_role("link", name=re.compile("Arkady")).first.click()
    writer.locator("form[action$='/letter'] button").click()
    writer.fill("[name=title]", "Shall I write to a client who is silent?")
    writer.fill("[name=answer]", "Arkady! **Write.** Silence is not an answer.")
    with writer.expect_popup() as opened:
        writer.locator("button[name=preview]").click()
    preview = opened.value
    expect(preview.locator(".letter-title")).to_contain_text("silent?")
    expect(preview.locator(".answer strong")).to_have_text("Write.")
    preview.close()
    writer.click("[data-save]")
    expect(writer.locator("[role=status]").first).to_contain_text("Saved")
    letter_id = re.search(r"/letters/(\d+)/", writer.url)
    assert letter_id

    sign_in(editor, house, "editor").goto(f"/desk/letters/{letter_id.group(1)}/slot")
    expect(editor.locator("main")).to_contain_text("Friday")
    editor.locator("input[name=when][value=now]").check()
    editor.locator("main form button").first.click()
    expect(editor.locator("[role=status]").first).to_contain_text("is out")

    reader.goto("/")
    expect(reader.locator(".letter-title").first).to_contain_text("silent?")
    expect(reader.locator(".letterhead-name").first).to_have_text("Arkady")
    expect(reader.locator(".question blockquote").first).to_have_text("We are silent.")


def mail_to(house: House, address: str, patience: float = 20.0) -> EmailMessage:
    """The newest mail to an address, once it is there."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        files = sorted(Path(house.data / "mails").glob("*.eml"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files:
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if message["To"] == address and file not in seen:
                seen.add(file)
                assert isinstance(message, EmailMessage)
                return message
        time.sleep(0.2)
    raise AssertionError(f"no mail to {address}")


seen: set[Path] = set()


def link_in(message: EmailMessage, house: House, kind: str) -> str:
    body = message.get_body(("plain",))
    assert body
    found = re.search(rf"{house.base}(/waitlist/{kind}/\S+)", body.get_content())
    assert found, body.get_content()
    return found.group(1)


def test_an_address_is_confirmed_told_once_and_can_leave(house: House, visitor: Visitor) -> None:
    reader, editor = visitor(), visitor()
    with closing(sqlite3.connect(house.data / "column.sqlite")) as database:
        (slug,) = database.execute("SELECT slug FROM courses ORDER BY id").fetchone()
    reader.goto(f"/courses/{slug}/")
    course = reader.locator("h1").inner_text()
    reader.fill("[name=email]", "ira@example.net")
    reader.click(".waitlist button")
    expect(reader.locator("h1")).to_contain_text("Check your mail")

    confirmation = mail_to(house, "ira@example.net")
    assert "List-Unsubscribe" not in confirmation
    reader.goto(link_in(confirmation, house, "confirm"))
    reader.click("main form button")
    expect(reader.locator("h1")).to_contain_text("You are on the list")

    sign_in(editor, house, "editor").goto("/desk/courses")
    editor.get_by_role("main").get_by_role("link", name=course.replace("\u00a0", " ")).first.click()
    editor.locator("a[href$='/notice']").first.click()
    editor.fill("[name=subject]", "Enrolment is open")
    editor.fill("[name=text]", "It **is**. Come.")
    editor.fill("[name=link]", "https://courses.example/enrol")
    editor.click("[name=look]")
    expect(editor.frame_locator("iframe").locator("strong")).to_have_text("is")
    editor.locator("main form button").last.click()
    expect(editor.locator("[role=status]").first).to_contain_text("Enrolment is open")

    notice = mail_to(house, "ira@example.net")
    assert notice["Subject"] == "Enrolment is open"
    assert notice["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    reader.goto(link_in(notice, house, "leave"))
    reader.click("main form button")
    expect(reader.locator("h1")).to_contain_text("You have left the list")


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_a_file_of_addresses_is_chosen_once_to_be_looked_at_and_imported(
    javascript: bool, house: House, visitor: Visitor
) -> None:
    editor = sign_in(visitor(java_script_enabled=javascript), house, "editor")
    editor.goto("/desk/courses/new")
    editor.fill("[name=name_en]", "Numbers")
    editor.fill("[name=slug]", f"numbers-{javascript}".lower())
    editor.get_by_role("button", name="Save").click()
    editor.get_by_role("link", name="Import addresses").click()
    table = f"email,consent\nfair-{javascript}@example.org,said so at the fair\n"
    editor.set_input_files("[name=table]", {"name": "list.csv", "mimeType": "text/csv", "buffer": table.encode()})
    editor.get_by_role("button", name="Look what it would do").click()
    expect(editor.get_by_role("heading", name="This file would do the following")).to_be_visible()
    editor.get_by_role("button", name="Import").first.click()
    expect(editor.get_by_role("heading", name="Imported")).to_be_visible()
    expect(editor.locator(".figures dd").first).to_have_text("1")


def test_who_is_invited_sets_a_password_and_comes_in(house: House, visitor: Visitor) -> None:
    editor, invited = visitor(), visitor()
    sign_in(editor, house, "editor").goto("/desk/people")
    form = editor.locator("form.narrow")
    form.locator("[name=name]").fill("Nell Okafor")
    form.locator("[name=email]").fill("nell@example.net")
    form.locator("[name=role]").select_option("moderator")
    form.locator("button").click()
    body = mail_to(house, "nell@example.net").get_body(("plain",))
    assert body
    found = re.search(rf"{house.base}(/desk/key/\S+)", body.get_content())
    assert found, body.get_content()

    invited.goto(found.group(1))
    invited.fill("[name=new]", "a sentence of my own")
    invited.fill("[name=again]", "a sentence of my own")
    invited.click("main form button")
    expect(invited.locator("[role=status], .flash").first).to_contain_text("Your password is set")
    invited.fill("[name=email]", "nell@example.net")
    invited.fill("[name=password]", "a sentence of my own")
    invited.click("main button, form button")
    invited.wait_for_url(lambda address: "/login" not in address)
    expect(invited.locator("body")).to_contain_text("Nell Okafor")
