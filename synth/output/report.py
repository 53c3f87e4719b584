"""The diversity and yield report: what the requests brought, what it cost, how varied it is."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from statistics import mean

from synth.engine.log import RunLog
from synth.filters.pipeline import FilterPipeline
from synth.generate import QuestionYield
from synth.output.diversity import self_bleu
from synth.plan.model import Plan
from synth.stats import distinct_n
from synth.text import folded_words

CURVE_POINTS = 60
WORDS_KEPT = 20_000
"""distinct-n of a group looks at its first words only, so that memory stays flat and groups compare."""


@dataclass
class GroupReport:
    """One language and kind. Tokens and money are shared among the answers of a reply."""

    language: str
    kind: str
    wanted: int = 0
    written: int = 0
    kept: int = 0
    tokens: float = 0.0
    money: float | None = None
    distinct_1: float = 0.0
    distinct_2: float = 0.0
    self_bleu: float | None = None

    @property
    def tokens_per_row(self) -> float | None:
        """Tokens for each row that stays."""
        return self.tokens / self.kept if self.kept else None


@dataclass
class RunReport:
    """All numbers of a run, over all starts of its folder."""

    name: str
    rows: int
    questions: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    money: float | None
    replies: dict[str, int]
    """`ok`, `repaired`, `broken`, `refused` -> replies."""
    setbacks: dict[str, int]
    """Attempts that brought no reply, by reason: time, mostly not money."""
    waste: dict[str, float]
    """Tokens that brought no row: of broken and refused replies, and of answers that were dropped."""
    unasked: int
    short: int
    """Answers that are missing though every follow-up was asked."""
    dropped: dict[str, int]
    groups: list[GroupReport]
    curve: list[tuple[int, int]]
    """(requests, rows kept of their replies), cumulated in the plan's order."""

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps({"version": 1, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"


@dataclass
class _Group:
    report: GroupReport
    words: list[list[str]] = field(default_factory=list)
    word_count: int = 0
    bleus: list[float] = field(default_factory=list)


class Reporter:
    """Collects the numbers question by question."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._prices = plan.prices()
        self._groups: dict[tuple[str, str], _Group] = {}
        self._replies: Counter[str] = Counter()
        self._waste: Counter[str] = Counter()
        self._curve = _Curve()
        self._questions = 0
        self._unasked = 0
        self._short = 0

    def add(self, made: QuestionYield) -> None:
        """Count one question."""
        self._questions += 1
        language = made.question.language
        kept: Counter[tuple[str, int]] = Counter()
        by_kind: dict[str, list[list[str]]] = defaultdict(list)
        for kind, count in made.wanted.items():
            self._group(language, kind).report.wanted += count
        for answer, verdict in zip(made.written, made.verdicts, strict=True):
            group = self._group(language, answer.item.kind)
            group.report.written += 1
            if verdict is None:
                group.report.kept += 1
                kept[answer.request.key, 0] += 1
                words = folded_words(answer.item.text)
                by_kind[answer.item.kind].append(words)
                if group.word_count < WORDS_KEPT:
                    group.word_count += len(words)
                    group.words.append(words)
        for kind, texts in by_kind.items():
            bleu = self_bleu(texts)
            if bleu is not None:
                self._group(language, kind).bleus.append(bleu)
        self._count_replies(made, language, kept)

    def report(self, log: RunLog, pipeline: FilterPipeline) -> RunReport:
        """All numbers."""
        for group in self._groups.values():
            group.report.distinct_1 = round(distinct_n(group.words, 1), 4)
            group.report.distinct_2 = round(distinct_n(group.words, 2), 4)
            group.report.self_bleu = round(mean(group.bleus), 4) if group.bleus else None
        usage = log.usage(self._prices)
        return RunReport(
            name=self._plan.name,
            rows=sum(group.report.kept for group in self._groups.values()),
            questions=self._questions,
            requests=usage.requests,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            money=usage.money,
            replies=dict(sorted(self._replies.items())),
            setbacks=dict(log.setbacks()),
            waste={name: round(tokens) for name, tokens in sorted(self._waste.items())},
            unasked=self._unasked,
            short=self._short,
            dropped={rule.name: pipeline.dropped[rule.name] for rule in pipeline.filters}
            | {name: count for name, count in pipeline.dropped.items() if name == "judge"},
            groups=[self._groups[key].report for key in sorted(self._groups)],
            curve=self._curve.points(),
        )

    def _group(self, language: str, kind: str) -> _Group:
        return self._groups.setdefault((language, kind), _Group(GroupReport(language, kind)))

    def _count_replies(self, made: QuestionYield, language: str, kept: Counter[tuple[str, int]]) -> None:
        open_jobs = False
        for step in made.steps:
            for request, response, reply in zip(step.requests, step.responses, step.replies, strict=True):
                if response is None or reply is None:
                    self._unasked += 1
                    open_jobs = True
                    continue
                self._replies[reply.state] += 1
                stay = kept[request.key, 0]
                self._curve.add(stay)
                tokens = response.prompt_tokens + response.completion_tokens
                if not reply.items:
                    self._waste[f"{reply.state} replies"] += tokens
                    continue
                self._waste["answers dropped or not needed"] += round(tokens * (1 - stay / len(reply.items)))
                price = self._prices.get(request.model)
                money = price.of(response.prompt_tokens, response.completion_tokens, response.source) if price else None
                for item in reply.items:
                    group = self._group(language, item.kind).report
                    group.tokens += tokens / len(reply.items)
                    if money is not None:
                        group.money = (group.money or 0.0) + money / len(reply.items)
        if not open_jobs:
            there = Counter(answer.item.kind for answer in made.written)
            self._short += sum(max(0, count - there[kind]) for kind, count in made.wanted.items())


class _Curve:
    """Cumulated rows against requests. Halves its points when there are too many, so memory stays flat."""

    def __init__(self) -> None:
        self._points: list[tuple[int, int]] = []
        self._step = 1
        self._requests = 0
        self._rows = 0

    def add(self, rows: int) -> None:
        """One more request and the rows kept of it."""
        self._requests += 1
        self._rows += rows
        if self._requests % self._step == 0:
            self._points.append((self._requests, self._rows))
        if len(self._points) > 2 * CURVE_POINTS:
            self._points = self._points[1::2]
            self._step *= 2

    def points(self) -> list[tuple[int, int]]:
        """(requests, rows), the end included."""
        end = (self._requests, self._rows)
        return self._points if not self._requests or self._points[-1:] == [end] else [*self._points, end]
