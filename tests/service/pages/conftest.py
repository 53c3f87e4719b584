"""Real headless Chromium against the real server. Without a browser these tests are skipped, saying so."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from ..conftest import Served

expect.set_options(timeout=20_000)

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = {"width": 1200, "height": 820}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while it is open an event loop runs in this thread, and `asyncio.run` of later tests fails.
    with sync_playwright() as running:
        path = _executable(running)
        if path is None:
            pytest.skip(f"no browser: none of {', '.join(EXECUTABLES)} is installed")
        launched = running.chromium.launch(executable_path=path)
        yield launched
        launched.close()


def _executable(running: Playwright) -> str | None:
    bundled = running.chromium.executable_path
    return bundled if Path(bundled).exists() else next(filter(None, map(shutil.which, EXECUTABLES)), None)


class Visit:
    """Somebody at a page: a context of their own. What the browser complains of is collected."""

    def __init__(self, browser: Browser, url: str, **options: object) -> None:
        options = {"locale": "en-GB", "viewport": DESKTOP, "reduced_motion": "reduce", **options}
        self.context: BrowserContext = browser.new_context(base_url=url, **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, text: str) -> None:
        # A refused request is part of the play: the browser logs its status, the page says it in words.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def log_in(self, token: str) -> Page:
        """Type the token and press Enter, as people do."""
        self.page.goto("/")
        self.page.get_by_role("textbox").fill(token)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda address: address.split("#")[0].endswith(("/teacher", "/student")))
        self.page.locator("main h1").wait_for()
        return self.page


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visiting]:
    """Opens visits; when the test ends they are closed, and none may have made the browser complain."""
    visits: list[Visit] = []

    def opened(url: str = served.url, **options: object) -> Visit:
        visits.append(Visit(browser, url, **options))
        return visits[-1]

    yield opened
    for each in visits:
        each.context.close()
    assert [complaint for each in visits for complaint in each.complaints] == []
