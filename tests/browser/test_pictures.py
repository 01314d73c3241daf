"""Pictures go into a letter as people put them there: dropped, pasted, chosen; with and without scripts."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import JSHandle, Page, expect

from ..house_on_a_port import House
from ..pictures.test_making import image
from .conftest import sign_in

pytestmark = pytest.mark.browser
Visitor = Callable[..., Page]

CARRY = """([name, type, data]) => {
  const carried = new DataTransfer(), bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  carried.items.add(new File([bytes], name, { type }));
  return carried;
}"""
PASTE = """(area, carried) =>
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true }))"""


def carried(page: Page, data: bytes, name: str = "plan.png", kind: str = "image/png") -> JSHandle:
    return page.evaluate_handle(CARRY, [name, kind, base64.b64encode(data).decode()])


def test_a_picture_is_dropped_pasted_and_chosen_and_readers_see_it(
    house: House, visitor: Visitor, tmp_path: Path
) -> None:
    page = sign_in(visitor(viewport={"width": 1400, "height": 900}), house, "writer")
    page.goto("/desk/letters/new")
    page.fill("[name=title]", "With pictures")
    answer, dialog = page.locator("[name=answer]"), page.locator("#picture-dialog")
    answer.fill("Before. After.")
    answer.press("Home")
    for _ in range(7):
        answer.press("ArrowRight")
    answer.press("Shift+ArrowRight")
    answer.dispatch_event("drop", {"dataTransfer": carried(page, image(700, 350))})
    expect(dialog.locator("img")).to_be_visible()
    dialog.get_by_label("What does it show?").fill("A [plan]\tof the room")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    markdown = r"!\[A \\\[plan\\\] of the room\]\(/media/[a-z2-7]{26}/700x350\.jpg\)"
    expect(answer).to_have_value(re.compile(rf"^Before\.\n\n{markdown}\n\nAfter\.$"))
    page.keyboard.press("Control+z")
    expect(answer).to_have_value("Before. After.")
    page.keyboard.press("Control+Shift+z")
    expect(answer).to_have_value(re.compile(markdown))

    question = page.locator("[name=question]")  # in which the cursor never was: it goes to the end
    page.evaluate("document.querySelector('[name=question]').value = 'Why?'")
    question.evaluate(PASTE, carried(page, image(60, 40)))
    expect(dialog.locator("img")).to_be_visible()
    dialog.get_by_role("button", name="Put it in").click()
    expect(question).to_have_value(re.compile(r"^Why\?\n\n!\[\]\(/media/[a-z2-7]{26}/60x40\.jpg\)$"))
    expect(page.locator(".look").first).to_contain_text("says nothing to those who do not see it")

    (tmp_path / "not.png").write_bytes(b"%PDF-1.7")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("toolbar", name="Format: Answer").get_by_role("button", name="Picture").click()
    chooser.value.set_files(tmp_path / "not.png")
    expect(dialog.get_by_role("status")).to_contain_text("no picture that can be taken")
    expect(dialog.get_by_role("button", name="Put it in")).to_be_hidden()
    dialog.get_by_role("button", name="Cancel").click()
    expect(answer).to_have_value(re.compile(rf"^Before\.\n\n{markdown}\n\nAfter\.$"))

    preview = page.frame_locator("iframe.preview-frame")
    picture = preview.locator(".answer img")
    expect(picture).to_have_attribute("alt", "A [plan] of the room")
    picture.scroll_into_view_if_needed()
    page.wait_for_function(  # the smallest kind, as this browser knows it
        """() => {
          const img = document.querySelector("iframe").contentDocument.querySelector(".answer img");
          return img.complete && img.naturalWidth > 0 && img.currentSrc.endsWith(".avif");
        }"""
    )


def test_a_picture_waits_while_the_network_and_the_session_are_away(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(), house, "writer")
    page.goto("/desk/letters/new")
    answer, dialog = page.locator("[name=answer]"), page.locator("#picture-dialog")
    page.context.set_offline(True)
    answer.dispatch_event("drop", {"dataTransfer": carried(page, image(60, 40))})
    expect(dialog.get_by_role("status")).to_contain_text("No connection")
    page.context.set_offline(False)
    kept = page.context.cookies()
    page.context.clear_cookies()
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("status")).to_contain_text("You are signed out")
    expect(dialog.get_by_role("link", name="Sign in")).to_be_visible()
    page.context.add_cookies(kept)
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.locator("img")).to_be_visible()
    dialog.get_by_label("What does it show?").fill("It")
    dialog.get_by_role("button", name="Put it in").click()
    expect(answer).to_have_value(re.compile(r"^!\[It\]\(/media/[a-z2-7]{26}/60x40\.jpg\)$"))


def test_a_file_dropped_beside_the_text_takes_nothing_away(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(), house, "writer")
    page.goto("/desk/letters/new")
    for where in ("h1", "[name=title]"):
        prevented = page.locator(where).evaluate(
            """(place, carried) => !place.dispatchEvent(
              new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }))""",
            carried(page, image(60, 40)),
        )
        assert prevented, where
    expect(page.locator("#picture-dialog")).to_be_hidden()


def test_without_scripts_a_field_of_the_form_puts_a_picture_in(house: House, visitor: Visitor) -> None:
    page = sign_in(visitor(java_script_enabled=False), house, "writer")
    page.goto("/desk/letters/new")
    page.fill("[name=title]", "Without scripts")
    page.fill("[name=answer]", "All of it.")
    page.set_input_files(
        "[name=picture]", files=[{"name": "plan.png", "mimeType": "image/png", "buffer": image(60, 40)}]
    )
    page.fill("[name=picture_words]", "A plan")
    page.get_by_role("button", name="Put it in").click()
    expect(page.locator("[name=answer]")).to_have_value(
        re.compile(r"^All of it\.\n\n!\[A plan\]\(/media/[a-z2-7]{26}/60x40\.jpg\)$")
    )
    expect(page.locator("[name=title]")).to_have_value("Without scripts")
