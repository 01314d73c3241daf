"""A real browser: Debian's Chromium, driven by Playwright."""

import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ..house_on_a_port import House

CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here (tests/browser/chromium.sh says more)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """`visitor()` is somebody with a browser of their own; what breaks in its pages fails the test."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def visit(**more: object) -> Page:
        context = browser.new_context(base_url=house.base, **more)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda said: broken.append(said.text) if "Content Security" in said.text else None)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert broken == []


def eventually(page: Page, holds: Callable[[], bool], patience: float = 20.0) -> bool:
    """Does it hold, at the latest when patience ends: for what a page sends as it is left, and nobody waits for."""
    end = time.monotonic() + patience
    while not holds() and time.monotonic() < end:
        page.wait_for_timeout(50)
    return holds()


def sign_in(page: Page, house: House, role: str) -> Page:
    """The desk, as somebody with this role sees it; by the cookie of the role's last time: signing in is limited."""
    page.context.add_cookies(house.cookies.get(role, []))
    page.goto("/desk/")
    if page.locator("[name=password]").is_visible():
        page.fill("[name=email]", f"{role}@example.org")
        page.fill("[name=password]", house.password)
        page.click("main button, form button")
        page.wait_for_url(lambda address: "/login" not in address)
        house.cookies[role] = page.context.cookies()
    return page
