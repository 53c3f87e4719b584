"""Everything about a server that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from relevance.clean import MAX_CHARACTERS


@dataclass(frozen=True)
class AttemptPolicy:
    """How often a student may try one question: a budget, and a delay that doubles with every attempt."""

    budget: int = 6
    first_delay: float = 5.0
    """Seconds from the first attempt to the second."""
    longest_delay: float = 300.0

    def delay_after(self, attempts: int) -> float:
        """Seconds that must pass after the last of `attempts` attempts."""
        if attempts < 1:
            return 0.0
        return float(min(self.longest_delay, self.first_delay * 2.0 ** min(attempts - 1, 60)))

    def left_after(self, attempts: int, last: float, now: float) -> tuple[int, float]:
        """Attempts left after so many, the last at the time `last`, and the seconds until the next is taken."""
        left = max(0, self.budget - attempts)
        return left, max(0.0, last + self.delay_after(attempts) - now) if left else 0.0


@dataclass(frozen=True)
class Limits:
    """Sizes and rates. A body of JSON and an uploaded file are refused as soon as they are longer, unread."""

    answer_characters: int = MAX_CHARACTERS
    """What the gate reads; a longer answer is refused, so that nothing a student hands in goes unread."""
    question_characters: int = 4_000
    body_bytes: int = 1_000_000
    file_bytes: int = 5_000_000
    answers_per_request: int = 1_000
    graded_answers: int = 2_000
    """Graded answers of one question: the grader's fit is a matrix of their number squared."""
    student_requests_per_second: float = 10.0
    teacher_requests_per_second: float = 50.0
    failed_logins_per_minute: float = 20.0
    """For each address a client connects from."""


@dataclass(frozen=True)
class Settings:
    """What a server is started with."""

    database: str = "answergate.db"
    """An SQLite file, or a database URL such as `postgresql+psycopg://user@host/name`."""
    gate: str = "bundled"
    threads: int = 2
    queue: int = 256
    """Answers that may wait to be graded; more are sent away with 429."""
    batch: int = 64
    """Answers graded together at most."""
    session_hours: float = 12.0
    lock_wait: float = 5.0
    """Seconds to wait for a database that another process has locked."""
    behind_https: bool = False
    """Cookies are marked Secure and browsers told to stay on HTTPS."""
    attempts: AttemptPolicy = field(default_factory=AttemptPolicy)
    limits: Limits = field(default_factory=Limits)
