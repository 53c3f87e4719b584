"""peft grades with a language model of which a small part is trained: LoRA adapters and a head.

After "LLMs with parameter-efficient fine-tuning for grading and feedback": any Hugging Face encoder or decoder, a
regression head for the normalised grade or a classification head, trained on one question or on many. Training can be
killed and continued (`grader.peft.loop`); the artifact holds the adapter and the head, not the model.
`grader.peft.training.train_scorer` trains, `grader.peft.artifact.load_scorer` loads, `grader.peft.scorer.PeftScorer`
grades.
"""
