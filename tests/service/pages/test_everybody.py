"""Pages for everybody: keyboard, screen readers, narrow screens, light and dark, right to left, hostile texts."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from service.client import Client

from ..conftest import GRADED, QUESTION, Served
from .conftest import DESKTOP, PHONE, Visiting

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>{count} &amp; </textarea>"
HOSTILE = f"{MARKUP}\u202e"
TABS = {"graded": ".answers tbody tr", "handed-in": ".submission", "try": ".suite", "question": ".question-form"}
"""The tabs of the teacher's page, and what is there when they are drawn."""


@pytest.fixture(scope="module")
def school(served: Served) -> Iterator[tuple[str, str, str]]:
    """Tokens of a teacher and a student, and the id of a question with something in every corner."""
    accounts = served.classroom.accounts
    teacher = accounts.add("teacher", f"Q {MARKUP}")
    student = accounts.add("student", f"S {MARKUP}", f"Q {MARKUP}")
    client = Client(served.url, teacher)
    question = client.add_question(f"{QUESTION} {HOSTILE}", "en", 2, reference_answers=[HOSTILE], open=True)["id"]
    client.add_question("لماذا الصيف أدفأ من الشتاء؟", "ar", 3)
    client.add_graded(question, [*GRADED, (HOSTILE, 0)])
    pupil = Client(served.url, student)
    for answer in (HOSTILE, "The axis is tilted towards the sun " * 40, "the axis is tilted", "the axis is tilted!"):
        pupil.hand_in(question, answer)
    yield teacher, student, question


def at_tab(page: Page, question: str, tab: str) -> None:
    page.goto(f"/teacher#/{question}/{tab}")
    expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
    page.locator(TABS[tab]).first.wait_for()


def sideways(page: Page) -> int:
    """Pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    ("scheme", "rules"),
    [
        ("light", {"resultTypes": ["violations"]}),
        ("dark", {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}),
    ],
    ids=["light", "contrast in the dark"],
)
def test_no_barriers_that_axe_knows(
    visit: Visiting, school: tuple[str, str, str], scheme: str, rules: dict[str, object]
) -> None:
    axe = Axe()
    teacher, student, question = school

    def found(page: Page) -> list[str]:
        result = axe.run(page, options=rules).response
        return [f"{item['id']}: {node['html']}" for item in result["violations"] for node in item["nodes"]]

    at_desk = visit(color_scheme=scheme)
    at_desk.page.goto("/")
    at_desk.page.get_by_label("Token").wait_for()
    assert found(at_desk.page) == []
    page = at_desk.log_in(teacher)
    for tab in TABS:
        at_tab(page, question, tab)
        assert found(page) == []
    page.goto("/teacher#/new")
    expect(page.locator("h1")).to_have_text("New question")
    assert found(page) == []
    page = visit(color_scheme=scheme, viewport=PHONE).log_in(student)
    page.locator("#answer").fill("Solution:")
    page.get_by_role("button", name="Hand in").click()
    page.locator(".grade").wait_for()
    page.locator(".history li").first.wait_for()
    assert found(page) == []


def test_nothing_sticks_out_of_a_phone(visit: Visiting, school: tuple[str, str, str]) -> None:
    teacher, student, question = school
    teachers = visit(viewport=PHONE).log_in(teacher)
    students = visit(viewport=PHONE).log_in(student)
    for language in ("de", "es", "fr", "ar", "hi", "zh", "en"):
        for page in (teachers, students):
            with page.expect_navigation():
                page.locator("#language").select_option(language)
            page.locator("main h1").wait_for()
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
        for tab in TABS:
            at_tab(teachers, question, tab)
            assert sideways(teachers) <= 0, (language, tab)
        students.locator(".history li").first.wait_for()
        assert sideways(students) <= 0, language


def test_what_people_write_stays_text(visit: Visiting, school: tuple[str, str, str]) -> None:
    teacher, student, question = school
    for viewport, token, selector in ((DESKTOP, teacher, ".answers .answer"), (PHONE, student, ".history .answer")):
        page = visit(viewport=viewport).log_in(token)
        asked = []
        page.on("dialog", lambda dialog, asked=asked: (asked.append(dialog.message), dialog.dismiss()))
        expect(page.locator("h1")).to_have_text(f"{QUESTION} {HOSTILE}")
        page.locator(selector).first.wait_for()
        assert HOSTILE in page.locator(selector).all_text_contents()
        if token == teacher:
            at_tab(page, question, "handed-in")
            expect(page.locator(".submission b").filter(has_text="S <img").first).to_be_visible()
        assert page.locator("img, body script").count() == 0
        assert asked == []
        # Every text of a person has the direction of its own first letter.
        assert page.locator(".answer:not([dir=auto]), h1:not([dir=auto])").count() == 0


def test_a_lesson_by_keyboard_alone(visit: Visiting, school: tuple[str, str, str]) -> None:
    teacher, _, question = school
    page = visit().log_in(teacher)
    at_tab(page, question, "graded")

    def focused() -> str:
        return str(
            page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const look = getComputedStyle(at.matches('.visually-hidden') ? at.nextElementSibling ?? at : at);
                    const seen = look.outlineStyle !== 'none' || at.matches('[type=radio]');
                    const name = `${at.tagName} ${at.id || at.className} ${at.textContent.slice(0, 30)}`;
                    return seen ? name : `UNSEEN ${name}`;
                }"""
            )
        )

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert "Skip to the content" in focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    stops = []
    while len(stops) < 60:
        page.keyboard.press("Tab")
        stops.append(focused())
        if "BODY" in stops[-1] or "Skip to" in stops[-1]:
            break
    else:
        pytest.fail(f"the Tab key never comes round: {stops}")
    assert [stop for stop in stops[:-1] if "UNSEEN" in stop] == []
    order = [
        next(place for place, stop in enumerate(stops) if name in stop)
        for name in ("New question", "switch", "tab-graded", "SUMMARY", "grade-input")
    ]
    assert order == sorted(order)
    # The tabs are one stop; arrows go from one to the next, and round.
    assert sum("tab-" in stop for stop in stops) == 1
    page.locator("#tab-graded").focus()
    for key, tab in (
        ("ArrowRight", "handed-in"),
        ("End", "question"),
        ("ArrowRight", "graded"),
        ("ArrowLeft", "question"),
    ):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.locator(f"#tab-{tab}").get_attribute("aria-selected") == "true"
    # Up and down among the grades, as in a spreadsheet.
    page.keyboard.press("Home")
    grades = page.locator(".answers .grade-input")
    grades.first.focus()
    page.keyboard.press("ArrowDown")
    expect(grades.nth(1)).to_be_focused()
    # A dialog keeps the focus while it is open and gives it back.
    page.locator("#tab-question").focus()
    page.keyboard.press("End")
    ask = page.get_by_role("button", name="Delete this question")
    ask.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(ask).to_be_focused()


def test_nothing_jumps(visit: Visiting, school: tuple[str, str, str]) -> None:
    teacher, student, question = school
    for token in (teacher, student):
        there = visit(reduced_motion="no-preference")
        there.page.add_init_script(
            """window.shifted = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
            }).observe({ type: 'layout-shift', buffered: true });"""
        )
        page = there.log_in(token)
        if token == teacher:
            at_tab(page, question, "graded")
            page.locator(".answers .grade-input").first.fill("1")
            page.keyboard.press("Enter")
            expect(page.locator(".regraded")).to_contain_text("regraded")
        else:
            page.locator("#answer").fill("blue is a colour")
            page.keyboard.press("Control+Enter")
            page.locator(".grade").wait_for()
        page.wait_for_timeout(600)
        assert page.evaluate("window.shifted") < 0.1


def test_a_wrong_token_and_the_other_role(visit: Visiting, school: tuple[str, str, str]) -> None:
    _, student, _ = school
    page = visit().page
    page.goto("/")
    token = page.get_by_label("Token")
    token.fill("ag_nobody")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error")).to_have_text("This token is not known. Check that you copied all of it.")
    expect(token).to_be_focused()
    page = visit().log_in(student)
    page.goto("/teacher")
    page.wait_for_url("**/student")
    # Whoever is logged in already need not log in again.
    page.goto("/")
    page.wait_for_url("**/student")
