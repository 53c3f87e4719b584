"""llm grades by asking a language model at any OpenAI-compatible endpoint, with rubric, reference and examples.

Nothing is trained; a grade costs tokens, more of them the more examples are shown, and `LlmGrader.usage` counts them.

`grader.llm.grader.LlmGrader` is the grader, `grader.llm.command` its command.
"""
