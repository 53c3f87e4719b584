"""The JSON that goes in and out, with examples for the documentation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from synth.examples import LANGUAGE_TAG, checked_language

MAX_ROW = 2**31 - 1


def _storable(value: object) -> object:
    # A NUL character cannot be stored in PostgreSQL; a lone surrogate is no Unicode text, and read as the encoder does.
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "\ufffd")
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Content = Annotated[str, BeforeValidator(_storable), Field(max_length=100_000)]
"""Any text; the limits of the server are checked where it is used."""
# The patterns are for the description; the validators say in words what is wrong.
QuestionText = Annotated[Content, AfterValidator(_not_blank), Field(json_schema_extra={"pattern": r"\S"})]
Language = Annotated[
    str,
    AfterValidator(checked_language),
    Field(max_length=35, examples=["en", "sw", "pt-BR"], json_schema_extra={"pattern": f"^{LANGUAGE_TAG.pattern}$"}),
]
MaxGrade = Annotated[float, Field(ge=0.1, le=1000, allow_inf_nan=False, examples=[3])]
Grade = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False, examples=[2])]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SessionIn(_Input):
    """A token to log in with."""

    token: Annotated[str, Field(min_length=1, max_length=200, examples=["ag_0pZ…"])]


class Me(BaseModel):
    """Who the token belongs to."""

    role: Literal["teacher", "student"]
    name: str


class QuestionIn(_Input):
    """A new question."""

    text: Annotated[QuestionText, Field(examples=["Why is it summer in the south when it is winter in the north?"])]
    language: Language
    max_grade: MaxGrade
    reference_answers: Annotated[list[QuestionText], Field(max_length=20)] = []
    accepted_languages: Annotated[list[Language], Field(max_length=20)] = []
    open: bool = False


class QuestionPatch(_Input):
    """What of a question is to be different."""

    text: QuestionText | None = None
    language: Language | None = None
    max_grade: MaxGrade | None = None
    reference_answers: Annotated[list[QuestionText], Field(max_length=20)] | None = None
    accepted_languages: Annotated[list[Language], Field(max_length=20)] | None = None
    open: bool | None = None


class StudentQuestion(BaseModel):
    """A question as students see it."""

    id: str
    text: str
    language: str
    max_grade: float
    attempts_left: int
    retry_after: float
    """Seconds until the student's next attempt is taken."""


class Question(BaseModel):
    """A question as its teacher sees it."""

    id: str
    text: str
    language: str
    max_grade: float
    reference_answers: list[str]
    accepted_languages: list[str]
    graded_count: int
    submissions_count: int
    open: bool


class GradedIn(_Input):
    """An answer with the teacher's grade."""

    answer: Annotated[Content, Field(examples=["The axis of the Earth is tilted."])]
    grade: Grade


class GradedAnswersIn(_Input):
    """Graded answers to add; a text that is there already gets the new grade."""

    answers: Annotated[list[GradedIn], Field(min_length=1)]


class GradeIn(_Input):
    """The teacher's grade."""

    grade: Grade


class RowError(BaseModel):
    """What is wrong in one row of what was sent; rows count from 1 as a spreadsheet shows them."""

    row: int
    field: str
    message: str


class Added(BaseModel):
    """How many graded answers are new. With errors nothing was stored."""

    added: int
    errors: list[RowError] = []


class GradedAnswer(BaseModel):
    """A graded answer and what the grader would give it."""

    id: int
    answer: str
    grade: float
    predicted: float
    reason: str | None
    relevance: float | None


class SubmissionGrade(BaseModel):
    """Where a submission stands after a change."""

    id: int
    grade: float
    reason: str | None
    relevance: float | None


class Regraded(BaseModel):
    """Every answer after a change; `milliseconds` is what learning and grading took."""

    graded: list[GradedAnswer]
    submissions: list[SubmissionGrade]
    milliseconds: float


class AnswersIn(_Input):
    """Answers to grade without keeping them."""

    answers: Annotated[list[Content], Field(min_length=1, examples=[["The axis of the Earth is tilted.", "idk"]])]


class Result(BaseModel):
    """All that gate and grader say of an answer; `probabilities` follow the question's levels, 0 first."""

    grade: float
    probabilities: list[float]
    relevance: float | None
    reason: str | None
    reason_text: str | None


class Results(BaseModel):
    """Results in the order of the answers."""

    levels: list[float]
    results: list[Result]


class SubmissionIn(_Input):
    """A student's answer."""

    answer: Annotated[Content, Field(examples=["Because the axis of the Earth is tilted."])]


class Acknowledged(BaseModel):
    """The answer is kept and this is its grade."""

    id: int
    grade: float
    max_grade: float
    reason: str | None
    reason_text: str | None
    attempts_left: int
    retry_after: float
    """Seconds until the next attempt is taken."""


class OwnSubmission(BaseModel):
    """A student's own submission; the grade is the present one."""

    id: int
    number: int
    time: float
    """Seconds since 1970."""
    answer: str
    grade: float
    max_grade: float
    reason: str | None
    reason_text: str | None


class Submission(OwnSubmission):
    """A submission as the teacher sees it."""

    student: str
    told: float
    """The grade the student was told when handing in."""
    teacher_grade: float | None
    """The teacher's grade of this very text, which counts."""
    relevance: float | None
    probabilities: list[float]
    flags: Annotated[list[str], Field(examples=[["near_identical", "hill_climbing"]])]


class Suggestion(BaseModel):
    """A submission whose grade would help most."""

    submission_id: int
    answer: str
    why: Literal["just_turned_away", "most_telling"]
    """The gate only just turned it away; or its grade would tell most about the other answers."""


class Distribution(BaseModel):
    """How often each grade is given."""

    levels: list[float]
    graded: list[int]
    """By the teacher, to graded answers."""
    predicted: list[int]
    """Present grades of the submissions."""


class JobStarted(BaseModel):
    """A job that runs on; ask `/api/v1/jobs/{job}`."""

    job: str


class FamilyCount(BaseModel):
    """One attack family on this question."""

    name: str
    tier: str
    attempts: int
    leaks: int


class SuiteCase(BaseModel):
    """An attack that got a grade it must not get."""

    family: str
    answer: str
    grade: float
    relevance: float | None


class HonestCount(BaseModel):
    """Held-out honest answers, and how many of them were turned away."""

    turned_away: int
    count: int


class SuiteReport(BaseModel):
    """What the adversarial suite found. Counts and bound are those of the attacks that must be graded 0."""

    attempts: int
    leaks: int
    upper_bound: float
    """Exact one-sided 95 % upper bound of the leak rate."""
    families: list[FamilyCount]
    cases: list[SuiteCase]
    honest: HonestCount


class Job(BaseModel):
    """How far a job is."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    result: SuiteReport | None = None
    error: str | None = None


class AuditEvent(BaseModel):
    """One line of the audit trail."""

    time: float
    who: str
    kind: str
    text: str
    detail: dict[str, object]


class LtiScore(BaseModel):
    """A student's score with the names of LTI Assignment and Grade Services 2.0."""

    userId: str  # noqa: N815
    scoreGiven: float  # noqa: N815
    scoreMaximum: float  # noqa: N815
    activityProgress: Literal["Submitted", "Completed"]  # noqa: N815
    gradingProgress: Literal["FullyGraded", "Pending"]  # noqa: N815
    timestamp: str
    comment: str


class Health(BaseModel):
    """Whether the server lives, and whether it can grade."""

    live: bool
    ready: bool
    detail: str | None = None


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str
    message: str
    field: str | None = None


class Error(BaseModel):
    """Every error looks like this."""

    error: ErrorBody
