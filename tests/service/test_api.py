"""A lesson over HTTP, from the first graded answer to the exported grades."""

import io
import json
import urllib.request
from pathlib import Path

import pytest
from openpyxl import load_workbook

from service.client import Client, ClientError

from .conftest import GRADED, QUESTION, Served


def refused(call, *arguments, **named) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value


def test_who_i_am(teacher: Client, student: Client, served: Served) -> None:
    assert teacher.me() == {"role": "teacher", "name": "Ada"}
    assert student.me() == {"role": "student", "name": "Bo"}
    assert refused(served.classroom and Client(served.url, "ag_wrong").me).status == 401


def test_a_question_lives_and_dies(teacher: Client, student: Client) -> None:
    made = teacher.add_question("Was ist ein Atom?", "de", 3, reference_answers=["Der Baustein der Stoffe."])
    assert made == {
        "id": made["id"],
        "text": "Was ist ein Atom?",
        "language": "de",
        "max_grade": 3.0,
        "reference_answers": ["Der Baustein der Stoffe."],
        "accepted_languages": [],
        "graded_count": 0,
        "submissions_count": 0,
        "open": False,
    }
    question = made["id"]
    assert refused(student.question, question).status == 404
    teacher.change_question(question, open=True, accepted_languages=["en"])
    seen = {"id": question, "text": "Was ist ein Atom?", "language": "de", "max_grade": 3.0}
    seen |= {"attempts_left": 1000, "retry_after": 0.0}
    assert student.question(question) == seen
    assert seen in student.questions()
    assert refused(student.hand_in, question, "Ein Teilchen").code == "no_graded_answers"
    assert teacher.graded(question) == teacher.suggest(question) == teacher.submissions(question) == []
    assert teacher.distribution(question) == {"levels": [], "graded": [], "predicted": []}
    teacher.add_graded(question, [("Ein kleines Teilchen", 2), ("keine Ahnung von Chemie", 0)])
    assert refused(teacher.change_question, question, max_grade=1).code == "conflict"
    assert refused(teacher.change_question, question, max_grade=0).status == 422
    teacher.delete_question(question)
    assert refused(teacher.question, question).status == 404


def test_graded_answers_are_kept_changed_and_refused(teacher: Client, question: str) -> None:
    rows = teacher.graded(question)
    assert [(row["answer"], row["grade"]) for row in rows] == GRADED
    assert all(0 <= row["predicted"] <= 2 and row["relevance"] > 0 for row in rows)
    bad = teacher.add_graded(question, [("good enough", 1), ("too good", 2.5)])
    assert bad["added"] == 0
    assert bad["errors"] == [{"row": 2, "field": "grade", "message": "2.5 is outside 0 … 2"}]
    assert teacher.add_graded(question, [("the axis is tilted", 2), ("new", 0)]) == {"added": 1, "errors": []}
    assert [row["grade"] for row in teacher.graded(question)][4] == 2
    regraded = teacher.change_grade(question, rows[0]["id"], 0)
    assert regraded["graded"][0]["grade"] == 0
    assert regraded["milliseconds"] > 0
    assert regraded["graded"] == teacher.graded(question)
    assert refused(teacher.change_grade, question, rows[0]["id"], 7).status == 422
    assert refused(teacher.change_grade, question, 10**9, 1).status == 404
    teacher.delete_graded(question, rows[0]["id"])
    assert len(teacher.graded(question)) == len(GRADED)
    for row in teacher.graded(question):
        teacher.delete_graded(question, row["id"])
    assert teacher.graded(question) == []


def test_grading_without_keeping(teacher: Client, question: str) -> None:
    texts = [
        "The axis of the Earth is tilted.",
        "idk",
        QUESTION,
        *(f"The sun is higher, reason {n}" for n in range(40)),
    ]
    graded = teacher.grade(question, texts)
    assert graded["levels"] == [0, 1, 2]
    assert len(graded["results"]) == len(texts)
    first, refusal, copied = graded["results"][:3]
    assert first["grade"] > 0 and first["reason"] is first["reason_text"] is None
    assert sum(first["probabilities"]) == pytest.approx(1)
    assert (refusal["grade"], refusal["reason"]) == (0, "refusal")
    assert "do not know" in refusal["reason_text"]
    assert (copied["grade"], copied["reason"]) == (0, "copied-question")
    assert teacher.submissions(question) == []


def test_a_student_hands_in_and_the_teacher_grades(served: Served, teacher: Client, question: str) -> None:
    ann, ben = served.student(f"Ann {question}", "Ada"), served.student(f"Ben {question}", "Ada")
    good = ann.hand_in(question, "Because the axis of the Earth is tilted the light is more direct.")
    assert good["grade"] > 0 and good["max_grade"] == 2 and good["reason"] is None
    assert set(good) == {"id", "grade", "max_grade", "reason", "reason_text", "attempts_left", "retry_after"}
    assert ben.hand_in(question, "I dont know")["reason"] == "refusal"
    odd = ben.hand_in(question, "The moon gives us warmth at night in summer.")
    assert [item["id"] for item in ann.submissions(question)] == [good["id"]]
    assert "probabilities" not in ann.submissions(question)[0]
    seen = teacher.submissions(question)
    assert [item["student"] for item in seen] == [f"Ann {question}", f"Ben {question}", f"Ben {question}"]
    assert [item["number"] for item in seen] == [1, 1, 2]
    assert seen[0]["told"] == good["grade"]
    regraded = teacher.grade_submission(question, odd["id"], 2)
    assert {item["id"]: item["grade"] for item in regraded["submissions"]}[odd["id"]] == 2
    assert len(regraded["graded"]) == len(GRADED) + 1
    assert ben.submissions(question)[1]["grade"] == 2
    assert teacher.submissions(question)[2]["teacher_grade"] == 2
    assert refused(teacher.grade_submission, question, 10**9, 1).status == 404
    assert teacher.regrade(question)["submissions"] == regraded["submissions"]
    suggested = teacher.suggest(question, 3)
    assert good["id"] in [item["submission_id"] for item in suggested]
    assert all(item["why"] for item in suggested)
    spread = teacher.distribution(question)
    assert sum(spread["graded"]) == len(GRADED) + 1
    assert sum(spread["predicted"]) == 3
    scores = {item["userId"]: item for item in teacher.lti_scores(question)}
    assert scores[f"Ben {question}"]["scoreGiven"] == 2
    assert scores[f"Ann {question}"]["scoreMaximum"] == 2
    trail = teacher.audit(question)
    assert [item["kind"] for item in trail] == ["graded", "graded", "graded"]
    assert teacher.question(question)["submissions_count"] == 3


def test_files_in_and_out(teacher: Client, tmp_path: Path, question: str) -> None:
    exported = teacher.export(question, "csv")
    again = teacher.add_question(QUESTION, "en", 2)["id"]
    for suffix, content in (("csv", exported), ("xlsx", teacher.export(question, "xlsx"))):
        file = tmp_path / f"Prüfung.{suffix}"
        file.write_bytes(content)
        assert teacher.upload_graded(again, file)["errors"] == []
    assert [(row["answer"], row["grade"]) for row in teacher.graded(again)] == GRADED
    lines = tmp_path / "answers.jsonl"
    lines.write_text('{"answer": "from a line", "grade": 1}\n{"answer": "no grade"}\nnot json\n')
    told = teacher.upload_graded(again, lines)
    assert told["added"] == 0
    assert [(error["row"], error["field"]) for error in told["errors"]] == [(2, "grade"), (3, "answer")]
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    assert refused(teacher.upload_graded, again, tmp_path / "x.pdf").status == 422
    sheet = load_workbook(io.BytesIO(teacher.export(question, "xlsx"))).worksheets[0]
    assert sheet.max_row == len(GRADED) + 1


def test_the_suite_runs_on_this_question(teacher: Client, question: str) -> None:
    report = teacher.run_suite(question)
    assert report["attempts"] > 50
    assert report["leaks"] <= report["attempts"]
    assert report["leaks"] / report["attempts"] <= report["upper_bound"] <= 1
    families = {family["name"]: family for family in report["families"]}
    assert families["blank"]["leaks"] == 0
    assert sum(item["attempts"] for item in report["families"] if item["tier"] == "must_reject") == report["attempts"]
    assert report["honest"]["count"] == 3
    few = teacher.add_question("What is 2 + 2?", "en", 1)["id"]
    assert refused(teacher.run_suite, few).code == "too_few_graded_answers"


def test_every_kind_of_unicode_is_an_answer(teacher: Client, student: Client, question: str) -> None:
    for text in ("", "\0", "🙂" * 50, "ﷺ", "a\u0300" * 300, "\u202eabc", "नमस्ते", "𝕬𝖝𝖎𝖘", "\ufffe", "\ud800"):
        assert 0 <= student.hand_in(question, text)["grade"] <= 2
    kept = [item["answer"] for item in student.submissions(question)]
    assert kept[1] == kept[-1] == "\ufffd"
    long = "The axis is tilted. " * 200
    assert refused(student.hand_in, question, long + "x").code == "answer_too_long"
    assert len(long) == 4000
    assert student.hand_in(question, long)["max_grade"] == 2
    assert teacher.audit(question)[-2]["detail"] == {"refused": "answer_too_long"}


def test_documentation_and_metrics(served: Served, student: Client, question: str) -> None:
    student.hand_in(question, "The axis is tilted.")

    def fetched(path: str) -> str:
        with urllib.request.urlopen(served.url + path) as response:
            return response.read().decode()

    assert json.loads(fetched("/health")) == {"live": True, "ready": True, "detail": None}
    page = fetched("/docs")
    assert "POST /api/v1/questions/{question_id}/submissions" in page
    assert "<script" not in page
    described = json.loads(fetched("/openapi.json"))
    bodies = [
        operation
        for methods in described["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]
    assert len(bodies) >= 8
    numbers = fetched("/metrics")
    assert 'answergate_submissions_total{outcome="graded"}' in numbers
    assert 'route="/api/v1/questions/{question_id}/submissions"' in numbers
    assert question not in numbers
