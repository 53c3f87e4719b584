"""comparison puts graders side by side on the same answers and attacks: quality, leaks, speed, size, money.

`eval.comparison.run.compare` does it, `eval.comparison.page.write_page` draws it, `answergate grader compare` is both.
"""
