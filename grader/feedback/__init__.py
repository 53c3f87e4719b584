"""feedback writes what a student can improve: a language model told question, answer, reference and predicted grade.

`grader.feedback.writer.train_writer` trains one with LoRA, `FeedbackWriter.write` generates, `grader.feedback.scores`
measures against human feedback, `grader.feedback.copying` is the baseline to beat: the feedback that the most similar
answer got. An answer that the gate turned away gets a plain reason in its language (`grader.feedback.reasons`), nothing
generated.
"""
