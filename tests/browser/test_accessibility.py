"""Every page in a real browser: axe-core's WCAG 2.2 AA rules in both themes and languages, and no sideways scrolling.

The browser talks to the application in this process, so that every page is tried with a row of each kind on it.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect

from app.column.settings import settings
from app.courses import mails
from app.mail.messages import Desk, Letterhead
from app.mail.models import Delivery
from app.reviews import reviewing

from ..cast import Cast
from ..web.test_markup import addresses, furnish, imported
from .webtools import axe_source

pytestmark = pytest.mark.browser
SITE = "http://localhost"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""What a theme can break."""
CHECK = """async ({tags, rules}) => {
    const options = {resultTypes: ["violations"], runOnly: tags ?? {type: "rule", values: rules}};
    const found = await axe.run(document, options);
    return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`));
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def page(app: Flask, browser: Browser, client: FlaskClient) -> Iterator[Page]:
    """A browser's page whose every request is answered by the test client."""
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("pages are the same on both databases")
    context = browser.new_context(reduced_motion="reduce")

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if not route.request.url.startswith(SITE) or route.request.method != "GET":
            route.abort()
            return
        found = client.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    context.route("**/*", answer)
    yield context.new_page()
    context.close()


def faults(page: Page, address: str, width: int) -> list[str]:
    """What axe finds on a page in both themes, and by how much it is too wide for this screen and for 320 pixels."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(SITE + address)
    page.evaluate(axe_source())
    found = page.evaluate(CHECK, {"tags": RULES})
    found += [f"{width}: too wide by {wide}" for wide in [page.evaluate(OVERFLOW)] if wide > 0]
    page.emulate_media(color_scheme="dark")
    found += [f"dark {one}" for one in page.evaluate(CHECK, {"rules": OF_COLOUR})]
    page.set_viewport_size({"width": 320, "height": 640})
    found += [f"320: too wide by {wide}" for wide in [page.evaluate(OVERFLOW)] if wide > 0]
    return [f"{address}: {one}" for one in found]


def pages(app: Flask, client: FlaskClient, *, desk: bool) -> list[str]:
    """Addresses that have a page of HTML."""
    some = [*addresses(app, desk=desk), *([] if desk else ["/nothing", "/search/?q=yes", "/search/?q=nowhere"])]
    answers = {one: client.get(one, buffered=True) for one in some}
    return [one for one, got in answers.items() if got.mimetype == "text/html" and not 300 <= got.status_code < 400]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ru", 390)])
@pytest.mark.parametrize("desk", [False, True], ids=["site", "desk"])
def test_axe_finds_nothing_on_any_page_in_either_theme(
    language: str, width: int, desk: bool, app: Flask, client: FlaskClient, cast: Cast, page: Page, at: object
) -> None:
    furnish(cast)
    settings(cast.session).language = language
    cast.session.commit()
    if desk:
        cast.signed_in(client, cast.ada)
    walked = pages(app, client, desk=desk)
    assert len(walked) >= (25 if desk else 15)
    assert [fault for address in walked for fault in faults(page, address, width)] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_longest_menu_is_one_row_from_a_small_laptop_on_and_three_on_a_phone(
    language: str, client: FlaskClient, cast: Cast, page: Page, at: object
) -> None:
    settings(cast.session).language = language
    cast.session.commit()
    cast.signed_in(client, cast.ada)
    page.goto(f"{SITE}/desk/courses")
    rows = "new Set([...document.querySelectorAll('.desk-head nav a')].map((at) => at.offsetTop)).size"
    for width, most in ((1280, 1), (1010, 1), (390, 3)):  # 1024 pixels less a scroll bar
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(rows) <= most, width


@pytest.mark.parametrize("width", [390, 1280])
def test_a_review_is_answered_without_scrolling_to_the_end_of_the_draft(
    width: int, client: FlaskClient, cast: Cast, page: Page, at: object
) -> None:
    letter = cast.draft("Long", answer="A paragraph.\n\n" * 60)
    reviewing.ask(cast.session, letter, by=cast.wanda, now=cast.now)
    cast.session.commit()
    cast.signed_in(client, cast.ada)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{SITE}/desk/letters/{letter.id}/review")
    for share in (0, 0.5):
        page.evaluate("(share) => scrollTo(0, document.body.scrollHeight * share)", share)
        for name in ("Accept it", "Return it", "A word to who asked"):
            what = page.get_by_role("textbox" if "word" in name else "button", name=name)
            expect(what).to_have_count(1)
            expect(what).to_be_in_viewport(ratio=1)
    page.evaluate("scrollTo(0, 0)")
    for _ in range(40):  # what has the focus is never under the answer
        page.keyboard.press("Tab")
        top = "document.querySelector('#verdict').getBoundingClientRect().top"
        assert page.evaluate(f"document.activeElement.getBoundingClientRect().top < {top}")


def test_what_an_import_did_is_as_accessible(client: FlaskClient, cast: Cast, page: Page, at: object) -> None:
    furnish(cast)
    cast.signed_in(client, cast.ada)
    done = imported(client)
    page.route("**/done", lambda route: route.fulfill(status=200, headers=dict(done.headers), body=done.data))
    assert "left out" in done.text
    assert faults(page, "/done", 390) == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_mail_is_as_accessible_and_its_button_is_one_with_and_without_a_style_sheet(
    language: str, app: Flask, cast: Cast, page: Page
) -> None:
    subscriber = cast.subscriber(cast.course(), "vera@example.org", confirmed=False)
    with app.test_request_context():
        letterhead = Letterhead("Friday", "column@example.org", SITE, language)
        mail = mails.confirmation(cast.session, Delivery(subscriber_id=subscriber.id), letterhead)
        assert mail is not None
        html = Desk(letterhead).parts(mail, "confirmation").html
    page.route("**/mail", lambda route: route.fulfill(content_type="text/html", body=html))
    # A mail is no page: its reader's program is around it, with its landmarks and headings.
    of_pages = ("landmark-one-main", "region", "page-has-heading-one")
    assert [fault for fault in faults(page, "/mail", 390) if not any(rule in fault for rule in of_pages)] == []
    page.evaluate("document.querySelector('style').remove()")
    button = page.locator("td a")
    assert button.evaluate("at => getComputedStyle(at).backgroundColor") == "rgb(165, 52, 31)"
    assert (button.bounding_box() or {"height": 0})["height"] >= 40


def test_a_form_with_mistakes_is_as_accessible_as_one_without(
    client: FlaskClient, cast: Cast, page: Page, at: object
) -> None:
    furnish(cast)
    refused = client.post("/letters/2026-11-20/comments", data={"name": "", "text": ""})
    page.route("**/refused", lambda route: route.fulfill(status=200, headers=dict(refused.headers), body=refused.data))
    assert faults(page, "/refused", 1280) == []


def test_the_order_of_focus_is_the_order_of_reading(client: FlaskClient, cast: Cast, page: Page, at: object) -> None:
    furnish(cast)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{SITE}/letters/2026-11-20/")
    places = []
    for _ in range(200):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "() => { const at = document.activeElement; if (at === document.body) return null;"
            " const all = [...document.querySelectorAll('*')]; const box = at.getBoundingClientRect();"
            " return [all.indexOf(at), Math.round(box.top + scrollY), at.outerHTML.slice(0, 80)]; }"
        )
        if place is None or (places and place[0] == places[0][0]):
            break
        places.append(place)
    assert len(places) > 20
    assert [one[0] for one in places] == sorted(one[0] for one in places)
    below = [b for a, b in pairwise(places[1:]) if b[1] < a[1] - 30]
    assert below == [], "nothing that comes later stands clearly higher"
    assert re.search("skip", places[0][2])
