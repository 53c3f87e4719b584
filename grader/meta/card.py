"""The card of a learned prior: what it is, from what, how good."""

from __future__ import annotations

from grader.artifact import PriorArtifact


def prior_card(artifact: PriorArtifact, attribution: str = "") -> str:
    """Markdown for people: `attribution` names the data's authors and licences."""
    training = artifact.training
    files = "\n".join(f"- {name} (SHA-256 {digest[:16]}…)" for name, digest in training.get("files", {}).items())
    if training.get("bank"):
        files += "\n- the bank that comes with answergate"
    losses = training.get("validation_loss", [])
    course = f"{losses[0][1]:.3f} at the start, {min(loss for _, loss in losses):.3f} at best" if losses else "not kept"
    return f"""# Grader prior

What answergate's grader believes before it sees a question's first graded answer: how much sentence vectors, letters
and signals such as closeness to a reference answer count, and which way. It holds no text and no answer.

- Encoder: {artifact.encoder_name} ({artifact.encoder_hash[:16]}…); with another one it is refused.
- Learned from {training.get("questions", "?")} graded questions, {training.get("steps", "?")} steps, seed {
        training.get("seed", "?")
    }.
- Loss on held-out questions: {course} (cross-entropy of unseen answers' grades plus a multiple of one minus their
correlation).

## Data

{files.strip() or "none recorded"}

{attribution}
## Limits

Learned from school and university short answers. It can only shift the start: 20-30 graded answers of the question
itself decide. Grades it gives are proposals for a teacher.
"""
