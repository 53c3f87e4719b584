"""A question being taught now: every answer read once, every change of a grade followed by every other at once.

What a student is given is what `grader.full` gives. The difference is what is kept: the answers' evidence does not
depend on the grades, so after a change only the fit and the reading-off are done again. The gate judges anew when
what it compares with has changed: a graded answer came or went, or began or ceased to earn anything.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from encoders.base import Vectors
from grader.answers import AnswerReader, AnswerTable
from grader.estimates import GradeEstimate
from grader.full import FullGrader, GradeResult
from grader.levels import Floats
from grader.question import QuestionGrader
from grader.storage import StoredAnswer
from relevance.gate import IRRELEVANT, Examined, QuestionGate, Verdict
from service.store import QuestionRecord
from synth.graded import GradedAnswer

Why = Literal["just_turned_away", "most_telling"]
"""Why an answer is worth grading: the gate only just turned it away; its grade tells most about the others."""

CLOSE_TO_THE_LIMIT = 0.5
"""A turned-away answer is worth the teacher's look from this share of the gate's threshold on."""


@dataclass(frozen=True)
class Read:
    """Answers as gate and grader see them; rows of `table`, `covariance` and `mean` follow `texts`."""

    gate: QuestionGate
    """The gate that judged them."""
    texts: tuple[str, ...]
    misses: tuple[int, ...]
    """How many of the same student's earlier attempts the gate had turned away."""
    examined: Examined
    verdicts: tuple[Verdict, ...]
    table: AnswerTable
    covariance: Floats
    mean: Floats

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def encoded(self) -> dict[str, Vectors]:
        """The deep row of every text that reached the encoder."""
        pairs = zip(self.examined.prepared, self.examined.rows, strict=True)
        return {answer.own_text: row for answer, row in pairs if row.any()}


@dataclass(frozen=True)
class Standing:
    """Where every answer stands now. `grades` are the teacher's where the teacher graded the very text."""

    grades: Floats
    predicted: Floats
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Suggestion:
    """A submission worth grading next, and why."""

    submission_id: int
    why: Why


class Lesson:
    """A question with its graded answers and submissions. Safe to use from several threads.

    Args:
        full: the full grader.
        record: the question.
        graded: its graded answers, at least one.
        submissions: (id, text, misses) of what students handed in.

    Raises:
        ValueError: there is no graded answer.
    """

    def __init__(
        self,
        full: FullGrader,
        record: QuestionRecord,
        graded: Sequence[StoredAnswer],
        submissions: Sequence[tuple[int, str, int]],
    ) -> None:
        if not graded:
            raise ValueError("no answer is graded yet")
        assert full.gate is not None
        self.record = record
        self._full = full
        self._gate_of_all = full.gate
        self._lock = threading.RLock()
        self._reader = AnswerReader(record.graded_question(()), full.encoder)
        self._submission_ids = [number for number, _, _ in submissions]
        self._chunks: list[Read] = []
        self._learn(graded, [text for _, text, _ in submissions], [misses for _, _, misses in submissions])

    def grade(self, texts: Sequence[str]) -> list[GradeResult]:
        """Grade answers as handed in; nothing is kept."""
        with self._lock:
            return self.read_and_grade(texts)[1]

    def read_and_grade(
        self, texts: Sequence[str], misses: Sequence[int] | None = None
    ) -> tuple[Read, list[GradeResult]]:
        """Grade answers, and what `add_submissions` needs to keep them."""
        with self._lock:
            read = self.read(texts, misses)
            return read, self.results(read)

    def read(self, texts: Sequence[str], misses: Sequence[int] | None = None) -> Read:
        """Judge answers and read their evidence.

        Args:
            misses: how many of the student's earlier attempts at each were turned away as off the topic; by default 0.
        """
        with self._lock:
            missed = (0,) * len(texts) if misses is None else tuple(misses)
            examined = self._gate.examine(texts)
            judged = self._gate.judged(examined)
            table = self._reader.read(judged.texts, judged.vectors)
            covariance, mean = self._grader.covariance_with(table)
            verdicts = tuple(map(self._after_misses, texts, judged.verdicts, missed))
            return Read(self._gate, tuple(texts), missed, examined, verdicts, table, covariance, mean)

    def to_encode(self, texts: Sequence[str]) -> list[str]:
        """What `read` will have encoded of the texts: callers encode the answers to many questions in one batch."""
        with self._lock:
            prepared = [self._gate.reader.prepare(text) for text in texts]
            return [answer.own_text for answer in prepared if self._gate.reader.rejection(answer) is None]

    def results(self, read: Read) -> list[GradeResult]:
        """The full grader's results for answers that were read since the last change."""
        with self._lock:
            estimates = self._grader.estimate(read.covariance, read.mean)
            return [
                self._result(text, verdict, estimate)
                for text, verdict, estimate in zip(read.texts, read.verdicts, estimates, strict=True)
            ]

    def add_submissions(self, ids: Sequence[int], read: Read) -> None:
        """Keep answers that `read` read."""
        with self._lock:
            if read.gate is not self._gate:
                # What answers are compared with has changed since.
                read = self.read(read.texts, read.misses)
            self._chunks.append(read)
            # Joined by twos of about a size: a few chunks at any time, and every answer copied a few times only.
            while len(self._chunks) > 1 and len(self._chunks[-1]) >= len(self._chunks[-2]):
                self._chunks[-2:] = [_joined(self._chunks[-2:])]
            self._submission_ids.extend(ids)

    def change_grade(self, answer_id: int, grade: float) -> None:
        """The teacher changed the grade of a graded answer: fit again, judge again where it may matter."""
        with self._lock:
            row = self._answer_ids.index(answer_id)
            before = self._support[row]
            after = GradedAnswer(before.text, grade)
            self._support[row] = after
            self._known[after.text.strip()] = grade
            self._grader.change_grade(row, grade)
            if (before.grade > 0) != (grade > 0):
                self._judge_again()

    def replace_graded(self, graded: Sequence[StoredAnswer]) -> None:
        """Graded answers came or went: learn again from all there are, at least one."""
        with self._lock:
            self._learn(graded, self.submitted.texts, self.submitted.misses)

    def regrade(self) -> None:
        """Fit and judge again from nothing but the graded answers."""
        with self._lock:
            graded = [
                StoredAnswer(number, answer.text, answer.grade)
                for number, answer in zip(self._answer_ids, self._support, strict=True)
            ]
            self._learn(graded, self.submitted.texts, self.submitted.misses)

    @property
    def submitted(self) -> Read:
        """Everything handed in, in order."""
        with self._lock:
            if len(self._chunks) > 1:
                self._chunks = [_joined(self._chunks)]
            return self._chunks[0]

    @property
    def submission_ids(self) -> tuple[int, ...]:
        """Ids of `submitted`'s rows."""
        with self._lock:
            return tuple(self._submission_ids)

    def encoded(self) -> dict[str, Vectors]:
        """The deep row of every answer that reached the encoder, by text."""
        with self._lock:
            return {**self._graded.encoded, **self.submitted.encoded}

    def levels(self) -> Floats:
        """(K,) the grades there are."""
        with self._lock:
            return self._grader.scale.levels

    def graded_rows(self) -> tuple[tuple[str, ...], tuple[int, ...], Standing]:
        """Texts and ids of the graded answers, and where they stand."""
        with self._lock:
            return self._graded.texts, tuple(self._answer_ids), self._standing(self._graded)

    def teacher_grade(self, text: str) -> float | None:
        """The teacher's grade of this very text, or None."""
        with self._lock:
            return self._known.get(text.strip())

    def submitted_standing(self) -> tuple[tuple[int, ...], Standing]:
        """Ids of the submissions, and where they stand."""
        with self._lock:
            return tuple(self._submission_ids), self._standing(self.submitted)

    def submitted_results(self) -> tuple[tuple[int, ...], list[GradeResult]]:
        """Ids of the submissions, and all that is known of them."""
        with self._lock:
            return tuple(self._submission_ids), self.results(self.submitted)

    def suggest(self, count: int) -> list[Suggestion]:
        """Submissions whose grades would teach most, and one that the gate only just turned away."""
        with self._lock:
            submitted, known = self.submitted, self._known
            open_rows: dict[str, int] = {}
            for row, text in enumerate(submitted.texts):
                if text.strip() not in known:
                    open_rows.setdefault(text.strip(), row)
            passed = [row for row in open_rows.values() if not submitted.verdicts[row].rejected]
            turned_away = [row for row in open_rows.values() if self._is_close(submitted.verdicts[row])]
            found: list[tuple[int, Why]] = []
            if turned_away and count > 1:
                nearest = max(turned_away, key=lambda row: submitted.verdicts[row].relevance)
                found.append((nearest, "just_turned_away"))
            for row in self._most_telling(passed, count - len(found)):
                found.append((row, "most_telling"))
            return [Suggestion(self._submission_ids[row], why) for row, why in reversed(found)]

    def _after_misses(self, text: str, verdict: Verdict, misses: int) -> Verdict:
        """The verdict, given how often the student missed the topic before.

        Who tries long enough gets something through any threshold. So every miss halves the doubt that is left to the
        next attempt: P(irrelevant) may be (1 - threshold) / 2^misses. What the teacher has graded is not doubted.
        """
        if not misses or verdict.rejected:
            return verdict
        doubt = (1.0 - self._gate.threshold) / 2.0 ** min(misses, 60)
        if 1.0 - verdict.relevance <= doubt or text.strip() in self._known:
            return verdict
        return Verdict(verdict.relevance, IRRELEVANT)

    def _is_close(self, verdict: Verdict) -> bool:
        return verdict.rejected and verdict.relevance >= CLOSE_TO_THE_LIMIT * self._gate.threshold

    def _most_telling(self, rows: Sequence[int], count: int) -> list[int]:
        """Greedily, as `grader.selection.next_to_grade`: each choice counts as graded before the next is made."""
        if not rows:
            return []
        # The covariance is square in the number of candidates; the latest are as good as any.
        chosen_from = np.array(rows[-1000:], dtype=np.int64)
        covariance, noise = self._grader.posterior_covariance(self.submitted.table.take(chosen_from))
        found: list[int] = []
        for _ in range(min(count, len(chosen_from))):
            total = np.diag(covariance) + noise
            gain = (covariance**2).sum(axis=0) / total
            gain[found] = -np.inf
            best = int(gain.argmax())
            found.append(best)
            covariance = covariance - np.outer(covariance[:, best], covariance[best]) / total[best]
        return [int(chosen_from[place]) for place in found]

    def _learn(self, graded: Sequence[StoredAnswer], submitted: Sequence[str], misses: Sequence[int]) -> None:
        if not graded:
            raise ValueError("no answer is graded yet")
        self._answer_ids = [answer.id for answer in graded]
        self._support = [GradedAnswer(answer.text, float(answer.grade or 0.0)) for answer in graded]
        self._known = {answer.text.strip(): answer.grade for answer in self._support}
        self._gate = self._new_gate()
        # As in `grader.full`: the grader learns from the very texts and vectors that the gate compares with.
        own = [answer.own_text for answer in self._gate.prepared_support]
        table = self._reader.read(own, self._gate.support_vectors)
        grader = QuestionGrader(max_grade=self.record.max_grade, prior=self._full.prior)
        self._grader = grader.fit(table, [answer.grade for answer in self._support])
        self._graded = self.read([answer.text for answer in self._support])
        self._chunks = [self.read(submitted, misses)]

    def _new_gate(self) -> QuestionGate:
        return self._gate_of_all.for_question(self.record.graded_question(()), self._support)

    def _judge_again(self) -> None:
        """A graded answer began or ceased to earn anything."""
        self._gate = self._gate.regraded(self._support)
        self._graded = self._judged_again(self._graded)
        self._chunks = [self._judged_again(self.submitted)]

    def _judged_again(self, read: Read) -> Read:
        other = self._gate.differs_from(read.gate, read.examined)
        if other:
            read = _with(read, other, self.read([read.texts[row] for row in other]))
        verdicts = self._gate.judged(read.examined).verdicts
        return replace(
            read, gate=self._gate, verdicts=tuple(map(self._after_misses, read.texts, verdicts, read.misses))
        )

    def _standing(self, read: Read) -> Standing:
        predicted = self._grader.read_off(self._grader.probabilities_of(read.covariance, read.mean))
        rejected = np.array([verdict.rejected for verdict in read.verdicts], dtype=bool)
        predicted = np.where(rejected, 0.0, predicted)
        known = self._known
        grades = [known.get(text.strip(), grade) for text, grade in zip(read.texts, predicted.tolist(), strict=True)]
        return Standing(np.array(grades), predicted, read.verdicts)

    def _result(self, text: str, verdict: Verdict, estimate: GradeEstimate) -> GradeResult:
        known = self._known.get(text.strip())
        levels = estimate.levels
        if verdict.rejected and known is None:
            certain = tuple(np.eye(1, len(levels))[0].tolist())
            return GradeResult(
                0.0, self.record.max_grade, levels, certain, 0.0, (0.0, 0.0), verdict.relevance, verdict.reason
            )
        return GradeResult(
            estimate.grade if known is None else known,
            self.record.max_grade,
            levels,
            estimate.probabilities,
            estimate.expected_grade,
            estimate.interval,
            verdict.relevance,
            None if known else verdict.reason,
        )


def _joined(parts: Sequence[Read]) -> Read:
    return Read(
        parts[-1].gate,
        tuple(text for part in parts for text in part.texts),
        tuple(count for part in parts for count in part.misses),
        Examined.joined([part.examined for part in parts]),
        tuple(verdict for part in parts for verdict in part.verdicts),
        AnswerTable(
            np.concatenate([part.table.vectors for part in parts]),
            np.concatenate([part.table.lexical for part in parts]),
            np.concatenate([part.table.signals for part in parts]),
        ),
        np.concatenate([part.covariance for part in parts]),
        np.concatenate([part.mean for part in parts]),
    )


def _with(read: Read, rows: Sequence[int], other: Read) -> Read:
    """The answers of `read`, with what `other` holds of some of its rows."""
    places = np.arange(len(read))
    places[list(rows)] = len(read) + np.arange(len(rows))
    both = _joined([read, other])
    return replace(
        both,
        texts=read.texts,
        misses=read.misses,
        examined=both.examined.take(places.tolist()),
        verdicts=tuple(both.verdicts[place] for place in places.tolist()),
        table=both.table.take(places),
        covariance=both.covariance[places],
        mean=both.mean[places],
    )
