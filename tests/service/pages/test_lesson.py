"""A teacher's whole lesson in the browser, from logging in to taking the grades home."""

import csv
import io
import re

from playwright.sync_api import Page, expect

from service.client import Client
from synth.bank import load_bank

from ..conftest import Served
from .conftest import Visiting

SEASONS = next(item for item in load_bank(["en"]).questions if item.parallel == "seasons").graded_question()
GRADED, HANDED_IN = SEASONS.answers[:24], SEASONS.answers[24:]


def table(rows: list[tuple[str, object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("answer", "grade"), *rows])
    return text.getvalue().encode()


def upload(page: Page, rows: list[tuple[str, object]]) -> None:
    file = {"name": "class.csv", "mimeType": "text/csv", "buffer": table(rows)}
    page.locator("input[type=file]").set_input_files(file)


def chart(page: Page) -> list[list[str]]:
    """Rows of the table behind the chart: grade, given by the teacher, handed in."""
    rows = page.locator(".chart-figure tr").all()[1:]
    return [row.locator("th, td").all_text_contents() for row in rows]


def test_a_whole_lesson(visit: Visiting, served: Served) -> None:
    accounts = served.classroom.accounts
    page = visit().log_in(accounts.add("teacher", "Ms Page"))
    students = [Client(served.url, accounts.add("student", name, "Ms Page")) for name in ("Ann", "Ben")]

    # A question.
    expect(page.locator("h1")).to_have_text("Your first question")
    page.get_by_role("button", name="Make the question").click()
    expect(page.locator(".field-error:visible")).to_have_text("Write the question.")
    page.get_by_label("Question", exact=True).fill(SEASONS.text)
    page.get_by_label("Highest grade").fill("5")
    page.get_by_role("button", name="Make the question").click()
    expect(page.locator("h1")).to_have_text(SEASONS.text)

    # Graded answers from a file. A bad row is named, and nothing is taken until it is mended.
    rows: list[tuple[str, object]] = [(answer.text, answer.grade) for answer in GRADED]
    upload(page, [*rows[:2], ("It is hot.", "seven"), ("It is cold.", 9)])
    expect(page.locator(".problems tbody tr")).to_have_count(2)
    assert page.locator(".problems tbody td:first-child").all_text_contents() == ["4", "5"]
    expect(page.locator(".answers tbody tr")).to_have_count(0)
    upload(page, rows[:-2])
    expect(page.locator(".answers tbody tr")).to_have_count(22)
    # The rest is pasted from a spreadsheet.
    pasted = page.get_by_label("Paste from a spreadsheet")
    pasted.fill(f"{rows[-2][0]}\t6\n{rows[-1][0]}\t{rows[-1][1]}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".problems tbody td").last).to_have_text("The grade is above the highest, 5.")
    pasted.fill("\n".join(f'"{text}"\t{grade}' for text, grade in rows[-2:]))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".answers tbody tr")).to_have_count(24)
    expect(page.locator(".eyebrow")).to_contain_text("24 graded answers")

    # Open it, and students hand in.
    page.get_by_role("switch", name="Open for students").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    question = students[0].questions()[0]["id"]
    for place, answer in enumerate(HANDED_IN[:6]):
        students[place % 2].hand_in(question, answer.text)
    students[0].hand_in(question, SEASONS.text)

    # What was handed in, with the reason of what was turned away.
    page.get_by_role("tab", name="Handed in").click()
    expect(page.locator(".submission")).to_have_count(7)
    page.get_by_text("Turned away", exact=False).first.click()
    expect(page.locator(".submission")).to_have_count(1)
    expect(page.locator(".submission .why")).to_have_text("Turned away: This is the question again")

    # What to grade next, with one click.
    cards = page.locator(".card")
    expect(cards).to_have_count(3)
    chosen = cards.first.locator(".answer").text_content()
    cards.first.get_by_role("button", name="2 points").click()
    expect(page.locator(".eyebrow")).to_contain_text("25 graded answers")
    expect(cards.first.locator(".answer")).not_to_have_text(chosen or "")

    # Change a grade with the keyboard: everything is graded anew, and says so.
    page.get_by_role("tab", name="Graded answers").click()
    expect(page.locator(".answers tbody tr")).to_have_count(25)
    before = chart(page)
    grade = page.locator(".answers .grade-input").first
    grade.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(page.locator(".regraded")).to_have_text("Give a number from 0 to 5.")
    page.keyboard.press("Escape")
    expect(grade).to_have_value("5")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(page.locator(".regraded")).to_have_text(
        re.compile(r"32 answers regraded in [\d.,]+ ms · (no|\d+) grades? moved")
    )
    expect(grade).to_be_focused()
    zeros = page.locator(".chart-figure tr").nth(1).locator("td").first
    expect(zeros).to_have_text(str(int(before[0][1]) + 1))
    assert sum(int(row[1]) for row in chart(page)) == 25

    # Try an answer.
    page.get_by_role("tab", name="Try and attack").click()
    page.get_by_label("Try an answer").fill("asdf jkl qwer uiop asdf zxcv")
    page.get_by_role("button", name="Grade it").click()
    expect(page.locator(".try-result .why")).to_have_text("Turned away: Does not answer this question")

    # Attack the question, and read the result.
    page.get_by_role("button", name="Run the attacks").click()
    headline = page.locator(".headline")
    headline.wait_for(timeout=120_000)
    expect(headline).to_have_text(re.compile(r"attacks"))
    families = page.locator(".families")
    families.locator("summary").click()
    tried = [int(text) for text in families.locator("td:nth-child(3)").all_text_contents()]
    assert len(tried) > 40
    assert sum(tried) > 80

    # Take it home.
    page.get_by_role("tab", name="Question").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    exported = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert sum(row["graded_by"] == "teacher" for row in exported) >= 25
    assert {row["student"] for row in exported} >= {"Ann", "Ben"}
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel").click()
    assert download.value.path().read_bytes()[:2] == b"PK"

    # And delete it: only after asking.
    page.get_by_role("button", name="Delete this question").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_be_hidden()
    page.get_by_role("button", name="Delete this question").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Your first question")
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()
    page.goto("/teacher")
    page.get_by_label("Token").wait_for()


def test_flags_of_probing_and_new_answers(visit: Visiting, served: Served) -> None:
    accounts = served.classroom.accounts
    token = accounts.add("teacher", "Mr Watch")
    question = served.lesson(Client(served.url, token))
    student = Client(served.url, accounts.add("student", "Cem", "Mr Watch"))
    text = "The axis of the Earth is tilted so the sun shines on us more directly in summer"
    for words in range(8, 12):
        student.hand_in(question, " ".join(text.split()[:words]))
    watching = visit()
    watching.page.clock.install()
    page = watching.log_in(token)
    page.get_by_role("tab", name="Handed in").click()
    expect(page.locator(".submission")).to_have_count(4)
    expect(page.locator(".submission").first.locator(".flag")).to_have_text(
        ["Nearly the same again", "Feeling for points"]
    )
    page.get_by_text("Probing").click()
    probing = page.locator(".submission").count()
    assert 0 < probing < 4
    # What comes in meanwhile waits until the teacher asks for it.
    student.hand_in(question, "The days are longer in summer.")
    page.clock.fast_forward(20_000)
    page.get_by_role("button", name="Show 1 new").click()
    page.locator(".chip").first.click()
    expect(page.locator(".submission")).to_have_count(5)
