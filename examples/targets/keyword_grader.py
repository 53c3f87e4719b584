"""A Python function as a target: answergate eval adversarial --target examples/targets/keyword_grader.py:grade

It counts words that stand in good answers. Attack it, and see why that is not enough.
"""


def grade(question, support, answers):
    """Grades of `answers`, learned from the graded answers in `support`.

    question: {"id", "text", "language", "max_grade", "references", "rubric", "accepted_languages"}
    support: [{"text", "grade"}, …]; answers: ["…", …]
    Returns one item per answer: a number, or {"grade", "relevance", "reason", "expected_grade"}.
    """
    top = question["max_grade"]
    good = [item["text"] for item in support if item["grade"] >= top / 2] + question["references"]
    words = {word for text in good for word in text.lower().split() if len(word) > 4}
    grades = []
    for answer in answers:
        hits = len(words & set(answer.lower().split()))
        grades.append({"grade": min(top, hits // 2), "reason": None if hits else "no word of a good answer"})
    return grades
