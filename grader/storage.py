"""Questions, answers, grades, sentence vectors and fits in a database: SQLite in a file, or PostgreSQL by URL.

SQLite runs with a write-ahead log and waits for the disk at every commit: what a method has returned from is there
after `kill -9` and after a power cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save
from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, DatabaseError

from encoders import Encoder
from grader.levels import Floats, checked_grades
from synth.examples import text_hash
from synth.graded import GradedAnswer, GradedQuestion

METADATA = MetaData()
QUESTIONS = Table(
    "questions",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("language", String(35), nullable=False),
    Column("max_grade", Float, nullable=False),
    Column("course", Text, nullable=False),
    Column("reference_answers", JSON, nullable=False),
)
ANSWERS = Table(
    "answers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("question_id", ForeignKey("questions.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("text_hash", String(16), nullable=False),
    Column("grade", Float, nullable=True),
    UniqueConstraint("question_id", "text_hash"),
)
VECTORS = Table(
    "vectors",
    METADATA,
    Column("encoder_hash", String(128), primary_key=True),
    Column("text_hash", String(16), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
FITS = Table(
    "fits",
    METADATA,
    Column("question_id", ForeignKey("questions.id"), primary_key=True),
    Column("encoder_hash", String(128), primary_key=True),
    Column("weights", LargeBinary, nullable=False),
)


class StorageError(ValueError):
    """The database cannot be opened, or does not hold what was asked for."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class StoredAnswer:
    """An answer of the database; `grade` is the teacher's, or None."""

    id: int
    text: str
    grade: float | None


class GradeStore:
    """The database.

    Args:
        place: A file or an SQLAlchemy URL such as `postgresql+psycopg://…`.
        create: Make the file when it does not exist.

    Raises:
        StorageError: it cannot be opened.
    """

    def __init__(self, place: str | os.PathLike[str], create: bool = True) -> None:
        name = os.fspath(place)
        if not create and "://" not in name and not Path(name).is_file():
            raise StorageError(f"{name}: no such database; `grader fit` makes one")
        try:
            self.engine: Engine = create_engine(name if "://" in name else f"sqlite:///{name}")
            if self.engine.dialect.name == "sqlite":
                event.listen(self.engine, "connect", _durable)
            METADATA.create_all(self.engine)
        except (ArgumentError, DatabaseError, ModuleNotFoundError) as error:
            raise StorageError(f"{name}: cannot open this database ({error}); give a file or a database URL") from error

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()

    def add_question(self, question: GradedQuestion) -> None:
        """Add a question with its graded answers, or add answers and replace grades of a known one, all or nothing."""
        with self.engine.begin() as connection:
            values = {
                "text": question.text,
                "language": question.language,
                "max_grade": question.max_grade,
                "course": question.group,
                "reference_answers": list(question.references),
            }
            known = connection.execute(select(QUESTIONS.c.id).where(QUESTIONS.c.id == question.id)).first()
            if known is None:
                connection.execute(insert(QUESTIONS).values(id=question.id, **values))
            else:
                connection.execute(update(QUESTIONS).where(QUESTIONS.c.id == question.id).values(**values))
            grades: dict[str, float | None] = {_storable(answer.text): answer.grade for answer in question.answers}
            _put_answers(connection, question.id, grades)

    def add_answers(self, question_id: str, texts: Iterable[str]) -> None:
        """Add answers nobody has graded yet; a text that is there already stays as it is.

        NUL and lone surrogates, which databases refuse, are kept as U+FFFD.

        Raises:
            StorageError: no such question.
        """
        self.question(question_id)
        with self.engine.begin() as connection:
            _put_answers(connection, question_id, dict.fromkeys(map(_storable, texts)), keep=True)

    def question_ids(self) -> list[str]:
        """All questions, in the order in which their first answers were added."""
        first = func.min(ANSWERS.c.id)
        query = select(QUESTIONS.c.id).outerjoin(ANSWERS).group_by(QUESTIONS.c.id).order_by(first, QUESTIONS.c.id)
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def question(self, question_id: str) -> GradedQuestion:
        """A question with its graded answers, in the order they were added.

        Raises:
            StorageError: no such question.
        """
        with self.engine.connect() as connection:
            row = connection.execute(select(QUESTIONS).where(QUESTIONS.c.id == question_id)).mappings().first()
        if row is None:
            raise StorageError(f"the database has no question '{question_id}'; add it with `grader fit`")
        graded = [GradedAnswer(item.text, item.grade) for item in self.answers(question_id) if item.grade is not None]
        return GradedQuestion(
            id=question_id,
            text=row["text"],
            language=row["language"],
            max_grade=row["max_grade"],
            answers=tuple(graded),
            references=tuple(row["reference_answers"]),
            group=row["course"],
        )

    def answers(self, question_id: str) -> list[StoredAnswer]:
        """All answers to a question, graded or not, in the order they were added."""
        query = select(ANSWERS.c.id, ANSWERS.c.text, ANSWERS.c.grade).where(ANSWERS.c.question_id == question_id)
        with self.engine.connect() as connection:
            return [StoredAnswer(*row) for row in connection.execute(query.order_by(ANSWERS.c.id))]

    def set_grade(self, answer_id: int, grade: float | None) -> None:
        """The teacher's grade of one answer, new, changed, or taken back (None). Older fits of the question are
        dropped.

        Raises:
            StorageError: no such answer.
            ValueError: the grade is outside the question's 0 … max_grade.
        """
        with self.engine.begin() as connection:
            joined = select(QUESTIONS.c.max_grade, QUESTIONS.c.id).join(ANSWERS).where(ANSWERS.c.id == answer_id)
            found = connection.execute(joined).first()
            if found is None:
                raise StorageError(f"the database has no answer {answer_id}")
            if grade is not None:
                checked_grades([grade], found[0])
            connection.execute(delete(FITS).where(FITS.c.question_id == found[1]))
            connection.execute(update(ANSWERS).where(ANSWERS.c.id == answer_id).values(grade=grade))

    def vectors(self, texts: Sequence[str], encoder: Encoder) -> npt.NDArray[np.float32]:
        """(n, d) answer vectors; texts the database has no vector of are encoded and kept."""
        keys = [text_hash(text) for text in texts]
        found: dict[str, bytes] = {}
        query = select(VECTORS.c.text_hash, VECTORS.c.vector).where(VECTORS.c.encoder_hash == encoder.content_hash)
        with self.engine.connect() as connection:
            for start in range(0, len(keys), 500):
                chosen = query.where(VECTORS.c.text_hash.in_(keys[start : start + 500]))
                found.update((row[0], row[1]) for row in connection.execute(chosen))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = encoder.encode(list(missing.values()), role="answer").astype("<f4")
            rows = [
                {"encoder_hash": encoder.content_hash, "text_hash": key, "vector": vector.tobytes()}
                for key, vector in zip(missing, fresh, strict=True)
            ]
            with self.engine.begin() as connection:
                connection.execute(insert(VECTORS), rows)
            found.update((row["text_hash"], row["vector"]) for row in rows)
        if not texts:
            return np.zeros((0, encoder.dimension), dtype=np.float32)
        return np.stack([np.frombuffer(found[key], dtype="<f4") for key in keys])

    def save_fit(self, question_id: str, encoder_hash: str, weights: Mapping[str, Floats]) -> None:
        """Keep a question's fitted numbers, in place of older ones."""
        blob = save({name: np.ascontiguousarray(value) for name, value in weights.items()})
        same = (FITS.c.question_id == question_id) & (FITS.c.encoder_hash == encoder_hash)
        with self.engine.begin() as connection:
            connection.execute(delete(FITS).where(same))
            connection.execute(insert(FITS).values(question_id=question_id, encoder_hash=encoder_hash, weights=blob))

    def load_fit(self, question_id: str, encoder_hash: str) -> dict[str, Floats] | None:
        """A question's fitted numbers, or None."""
        same = (FITS.c.question_id == question_id) & (FITS.c.encoder_hash == encoder_hash)
        with self.engine.connect() as connection:
            blob = connection.execute(select(FITS.c.weights).where(same)).scalar()
        return None if blob is None else {name: np.asarray(value) for name, value in load(blob).items()}


def _put_answers(connection: Any, question_id: str, grades: Mapping[str, float | None], keep: bool = False) -> None:
    query = select(ANSWERS.c.text_hash, ANSWERS.c.id).where(ANSWERS.c.question_id == question_id)
    known = {row[0]: row[1] for row in connection.execute(query)}
    fresh = []
    for text, grade in grades.items():
        key = text_hash(text)
        if key not in known:
            fresh.append({"question_id": question_id, "text": text, "text_hash": key, "grade": grade})
        elif not keep:
            connection.execute(update(ANSWERS).where(ANSWERS.c.id == known[key]).values(grade=grade))
    if fresh:
        connection.execute(insert(ANSWERS), fresh)


def _storable(text: str) -> str:
    """The text with what databases refuse, NUL and lone surrogates, as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _durable(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
