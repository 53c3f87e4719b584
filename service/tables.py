"""The service's tables beside the grader's: who may do what, whose question it is, what students sent."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from grader.storage import METADATA

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("teacher_id", ForeignKey("accounts.id"), nullable=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("revoked", Float, nullable=True),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("session_hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("expires", Float, nullable=False),
)
LESSONS = Table(
    "lessons",
    METADATA,
    Column("question_id", ForeignKey("questions.id"), primary_key=True),
    Column("teacher_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("accepted_languages", JSON, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("created", Float, nullable=False),
)
SUBMISSIONS = Table(
    "submissions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("question_id", ForeignKey("questions.id"), nullable=False, index=True),
    Column("student_id", ForeignKey("accounts.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", String(16), nullable=False),
    Column("time", Float, nullable=False),
    # What the student was told; the grade of now follows from the graded answers.
    Column("grade", Float, nullable=False),
    Column("reason", String(64), nullable=True),
    Column("misses", Integer, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("idempotency_key", String(200), nullable=True),
    # One server grades at a time; a second one on the same database runs into these instead of storing twice.
    UniqueConstraint("question_id", "student_id", "number"),
    UniqueConstraint("question_id", "student_id", "idempotency_key"),
)
EVENTS = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("time", Float, nullable=False),
    Column("account_id", Integer, nullable=False),
    # No foreign key: the trail outlives the question.
    Column("question_id", String(32), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)
