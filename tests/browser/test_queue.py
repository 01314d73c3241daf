"""The queue in a real browser: keys, the five seconds, two editors at once, a telephone, no script."""

import re
import sqlite3
import statistics
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from ..house_on_a_port import House, Visitor
from .conftest import eventually, sign_in
from .test_trips import newest_letter

pytestmark = pytest.mark.browser
Browsing = Callable[..., Page]
FASTEST_HAND = 100
"""Milliseconds from a key to the next comment, the issue's bar."""

MEASURE = """() => {
  window.taken = [];
  const shown = () => document.querySelector("#queue > .case:not([hidden])")?.dataset.id;
  addEventListener("keydown", (event) => {
    const before = shown();
    // The second task after a frame was asked for runs when that frame has been painted.
    requestAnimationFrame(() => setTimeout(() => {
      if (shown() !== before) window.taken.push(performance.now() - event.timeStamp);
    }));
  }, true);
}"""

DOTS = """() => {
  const list = document.querySelector("#queue > .case:not([hidden]) .beside-signals");
  const all = [...list.children].map((one) => ({text: one.textContent, box: one.getBoundingClientRect(),
    before: getComputedStyle(one, "::before"), after: getComputedStyle(one, "::after")}));
  const clip = getComputedStyle(list).clipPath.match(/[\\d.]+px\\)$/);
  const edge = list.getBoundingClientRect().left + (clip ? parseFloat(clip[0]) : 0);
  const starts = all.filter((one, n) => !n || one.box.top >= all[n - 1].box.bottom);
  const ends = all.filter((one, n) => n === all.length - 1 || all[n + 1].box.top >= one.box.bottom);
  const seen = (one) => one.before.content !== "none" && one.box.left + parseFloat(one.before.left) >= edge;
  const dangling = [...starts.filter(seen), ...ends.filter((one) => one.after.content !== "none")];
  return [starts.length, dangling.map((one) => one.text)];
}"""


def sent(house: House, page: Page, number: int, what: str = "Thought") -> list[str]:
    """So many comments under the newest letter, each with a word that no other comment has."""
    letter = newest_letter(page)
    thoughts = [f"{what} {n:03} of {page.evaluate('crypto.randomUUID()')}." for n in range(number)]
    for thought in thoughts:
        assert Visitor(house.base).post(letter + "comments", name="Ira", text=thought)[0] == 303
    return thoughts


def stand(house: House, thoughts: list[str]) -> list[str]:
    """What became of these comments, as the database has it."""
    with closing(sqlite3.connect(house.data / "column.sqlite")) as database:
        rows = database.execute("SELECT text_source, standing FROM comments").fetchall()
    return [dict(rows)[thought] for thought in thoughts]


def newest(page: Page) -> Page:
    page.goto("/desk/queue?order=newest")
    return page


def current(page: Page) -> str:
    return page.locator("#queue > .case:not([hidden]) .remark-text").inner_text()


def test_twenty_comments_are_decided_by_keyboard_alone(house: House, visitor: Browsing) -> None:
    editor = visitor()
    thoughts = sent(house, editor, 24)[::-1]
    newest(sign_in(editor, house, "moderator")).evaluate(MEASURE)
    assert current(editor) == thoughts[0]
    for n in range(20):
        assert current(editor) == thoughts[n]
        editor.keyboard.press("p" if n % 5 == 0 else "d")
        expect(editor.locator("#queue > .case:not([hidden]) .remark-text")).to_have_text(thoughts[n + 1])
    taken = editor.evaluate("window.taken")
    assert len(taken) == 20
    assert statistics.median(taken) <= FASTEST_HAND, taken
    # Twenty rows were on the page, and the list went on by itself before it was needed.
    assert editor.locator("#queue > .case").count() > 20
    editor.goto("/desk/comments")  # leaving the page sends what is held there
    assert eventually(editor, lambda: "pending" not in stand(house, thoughts[:20]))
    assert stand(house, thoughts[:20]) == ["published" if n % 5 == 0 else "declined" for n in range(20)]
    assert stand(house, thoughts[20:]) == ["pending"] * 4


def test_a_press_can_be_undone_for_five_seconds_and_then_never(house: House, visitor: Browsing) -> None:
    editor = visitor()
    second, first = sent(house, editor, 2)
    editor.clock.install()
    newest(sign_in(editor, house, "moderator"))
    said, undo = editor.locator("[data-said]"), editor.locator("[data-undo]")
    editor.keyboard.press("p")
    expect(said).to_contain_text("Publishing")
    editor.keyboard.press("d")
    expect(said).to_contain_text(f"Declining: {second[:11]}")
    editor.keyboard.press("u")
    editor.keyboard.press("u")
    expect(said).to_have_text("Undone: nothing was sent.")
    assert current(editor) == first
    editor.clock.run_for(6000)
    assert stand(house, [first, second]) == ["pending", "pending"]

    left = editor.locator("[data-left]")
    before = left.inner_text()
    editor.keyboard.press("d")
    editor.clock.run_for(4900)
    assert stand(house, [first]) == ["pending"]
    expect(undo).to_be_visible()
    editor.clock.run_for(200)
    row = editor.locator(".rail li", has_text=first[:11]).first
    expect(row.locator("[data-state=decided]")).to_contain_text("Declined: you")
    expect(undo).to_be_hidden()
    assert stand(house, [first]) == ["declined"]
    with editor.expect_response(lambda answer: "/queue/pulse" in answer.url, timeout=3000):  # the next pulse is later
        editor.clock.run_for(500)
    expect(left).not_to_have_text(before)  # the desk has counted again, long before the next pulse
    # It stays in its place, grey, and its buttons are dead: for the mouse and for the keys.
    editor.keyboard.press("k")
    card = editor.locator("#queue > .case:not([hidden])")
    expect(card).to_contain_text("This cannot be changed any more.")
    expect(card.locator("button[value=published]")).to_be_disabled()
    editor.keyboard.press("p")
    editor.clock.run_for(6000)
    assert current(editor) == first
    assert stand(house, [first]) == ["declined"]


def test_what_was_pressed_is_sent_again_until_the_desk_answers(house: House, visitor: Browsing) -> None:
    editor = visitor()
    (thought,) = sent(house, editor, 1)
    editor.clock.install()
    newest(sign_in(editor, house, "moderator"))
    editor.route("**/decision", lambda route: route.abort())
    editor.keyboard.press("d")
    editor.clock.run_for(5100)
    expect(editor.locator("[data-said]")).to_contain_text("Not sent yet")
    assert stand(house, [thought]) == ["pending"]
    editor.unroute("**/decision")
    editor.clock.run_for(5100)
    expect(editor.locator(".rail [data-state=decided]").first).to_contain_text("Declined")
    assert stand(house, [thought]) == ["declined"]


def test_keys_are_silent_in_fields_with_modifiers_and_on_repeat_and_can_be_changed(
    house: House, visitor: Browsing
) -> None:
    editor = visitor()
    thoughts = sent(house, editor, 3)[::-1]
    newest(sign_in(editor, house, "moderator"))
    for chord in ("Control+d", "Alt+d", "Meta+d", "Shift+D"):
        editor.keyboard.press(chord)
    editor.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'd', repeat: true, bubbles: true }))")
    assert current(editor) == thoughts[0]
    editor.keyboard.press("?")
    dialog = editor.locator("dialog[data-keys]")
    expect(dialog).to_be_visible()
    editor.keyboard.press("d")  # the help is open: nothing behind it is pressed
    dialog.locator("#key-decline").fill("x")
    dialog.locator("#key-maybe").fill("p")  # taken
    expect(dialog.locator("#keys-wrong")).not_to_be_empty()
    editor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    editor.reload()
    editor.keyboard.press("d")
    assert current(editor) == thoughts[0]
    editor.keyboard.press("x")
    assert current(editor) == thoughts[1]
    editor.keyboard.press("u")
    # A Cyrillic layout: the same key of the keyboard gives another letter.
    cyrillic = "new KeyboardEvent('keydown', { key: 'о', code: 'KeyJ', bubbles: true })"
    editor.evaluate(f"document.dispatchEvent({cyrillic})")
    assert current(editor) == thoughts[1]
    editor.keyboard.press("?")
    dialog.get_by_label("Keys work").uncheck()
    editor.keyboard.press("Escape")
    for key in ("x", "j", "k", "?"):
        editor.keyboard.press(key)
    assert current(editor) == thoughts[1]
    expect(dialog).to_be_hidden()
    assert stand(house, thoughts) == ["pending"] * 3


def test_two_editors_see_each_other_and_the_second_sees_what_stands(house: House, visitor: Browsing) -> None:
    mo, ed = visitor(), visitor()
    _, thought = sent(house, mo, 2)
    for page, role in ((mo, "moderator"), (ed, "editor")):
        page.clock.install()
        newest(sign_in(page, house, role))
        page.clock.run_for(500)
    assert current(mo) == current(ed) == thought
    with mo.expect_response(lambda answer: "/queue/pulse" in answer.url):
        mo.clock.run_for(5000)
    expect(mo.locator("#queue > .case:not([hidden]) [data-reader]")).to_contain_text("is reading this comment too")
    mo.keyboard.press("p")
    mo.clock.run_for(5100)
    expect(mo.locator(".rail [data-state=decided]")).to_contain_text("Published: you")
    ed.keyboard.press("d")
    ed.clock.run_for(5100)
    expect(ed.locator("[data-said]")).to_contain_text("It was decided before you; that stands.")
    expect(ed.locator(".rail [data-state=decided]")).to_contain_text("Published: Milo Fenn")
    assert stand(house, [thought]) == ["published"]


def test_what_comes_in_waits_behind_a_button(house: House, visitor: Browsing) -> None:
    editor, reader = visitor(), visitor()
    (old,) = sent(house, reader, 1)
    editor.clock.install()
    newest(sign_in(editor, house, "moderator"))
    rows = editor.locator(".rail li").count()
    fresh = sent(house, reader, 3, "Fresh")
    with editor.expect_response(lambda answer: "/queue/pulse" in answer.url):
        editor.clock.run_for(5000)
    button = editor.get_by_role("button", name="3 new")
    expect(button).to_be_visible()
    assert (editor.locator(".rail li").count(), current(editor)) == (rows, old)
    button.click()
    expect(editor.locator(".rail li")).to_have_count(rows + 3)
    assert current(editor) == old
    editor.keyboard.press("k")
    assert current(editor) == fresh[0]
    expect(button).to_be_hidden()


def test_skipping_and_the_pile_are_one_key_each(house: House, visitor: Browsing) -> None:
    editor = visitor()
    third, second, first = sent(house, editor, 3)
    newest(sign_in(editor, house, "moderator"))
    for key in ("m", "s"):
        with editor.expect_response(lambda answer: "/postponement" in answer.url):
            editor.keyboard.press(key)
    assert current(editor) == third
    expect(editor.locator("[data-maybe]")).to_have_text("1")
    newest(editor)
    assert current(editor) == third
    editor.goto("/desk/queue?pile=maybe")
    assert current(editor) == first
    with editor.expect_response(lambda answer: "/postponement" in answer.url):
        editor.keyboard.press("s")
    newest(editor)
    assert current(editor) == first
    assert stand(house, [first, second, third]) == ["pending"] * 3


def test_without_script_each_comment_has_its_form(house: House, visitor: Browsing) -> None:
    editor = visitor(java_script_enabled=False)
    reader = visitor()
    second, first = sent(house, reader, 2)
    newest(sign_in(editor, house, "moderator"))
    expect(editor.locator(".rail, [data-new], dialog").first).to_be_hidden()
    for thought, button, said in ((first, "Skip", "Skipped"), (second, "Decline", "Declined")):
        card = editor.locator("article").filter(has_text=thought)
        card.get_by_role("button", name=button).click()
        expect(editor.locator("[role=status]").first).to_contain_text(said)
        assert re.search(r"order=newest", editor.url)
    assert stand(house, [first, second]) == ["pending", "declined"]


def test_on_a_telephone_the_targets_are_large_and_in_reach(house: House, visitor: Browsing) -> None:
    editor = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    (thought,) = sent(house, editor, 1)
    newest(sign_in(editor, house, "moderator"))
    assert current(editor) == thought
    for name in ("Publish", "Decline", "Maybe", "Skip"):
        box = editor.locator("#queue > .case:not([hidden])").get_by_role("button", name=name).bounding_box()
        assert box
        assert box["height"] >= 44, name
        assert box["width"] >= 120, name
        assert 0 <= box["y"] <= 844 - 44, name
    assert editor.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("telephone", [{"has_touch": True, "is_mobile": True}, {}], ids=["touched", "narrow"])
def test_on_a_telephone_no_button_names_a_key(telephone: dict[str, bool], house: House, visitor: Browsing) -> None:
    editor = visitor(viewport={"width": 390, "height": 844}, **telephone)
    sent(house, editor, 2, "Keyless")
    newest(sign_in(editor, house, "moderator"))
    editor.locator("[data-act=publish]:visible").click()
    expect(editor.locator("[data-undo]")).to_be_visible()
    assert editor.locator(".queue kbd:visible").count() == 0
    editor.locator("[data-undo]").click()
    desk = visitor(viewport={"width": 1280, "height": 800})
    newest(sign_in(desk, house, "moderator"))
    assert desk.locator(".queue kbd:visible").count() > 5


@pytest.mark.parametrize("width", [390, 1280])
def test_no_line_of_signals_begins_or_ends_with_a_dot(width: int, house: House, visitor: Browsing) -> None:
    editor = visitor(viewport={"width": width, "height": 900})
    letter = newest_letter(editor)
    words = "READ THIS AT ONCE " * 4 + "https://a.example/ https://b-long-host.example/ https://c.example/"
    quoted = "\n\n".join(f"> what nobody ever wrote here, {n}" for n in range(3))
    text = f"{quoted}\n\n{words} {editor.evaluate('crypto.randomUUID()')}"
    assert Visitor(house.base).post(letter + "comments", name="Nobody yet", text=text)[0] == 303
    newest(sign_in(editor, house, "moderator"))
    lines, dangling = editor.evaluate(DOTS)
    assert lines > 1
    assert dangling == []
