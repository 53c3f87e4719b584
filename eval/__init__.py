"""eval attacks the full grader, ours or anyone's, and says with exact bounds what leaks and what honesty pays for it.

Import its parts (`from eval.suite import run_suite`), never the package itself: `import eval` hides Python's `eval`.
"""
