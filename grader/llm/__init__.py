"""llm grades by asking a language model at any OpenAI-compatible endpoint: rubric, reference and examples in the prompt.

Nothing is trained; a grade costs tokens, more of them the more examples are shown, and `LlmGrader.usage` counts them.

`grader.llm.grader.LlmGrader` is the grader, `grader.llm.command` its command.
"""
