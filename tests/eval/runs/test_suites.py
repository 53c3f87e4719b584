"""The published protocol on ASAP-shaped files, whatever their columns are called."""

from itertools import pairwise
from pathlib import Path

import pytest

from eval.results import SuiteResult
from eval.suite import SuiteSettings, run_suite
from eval.suites import SuiteError, named_suites, suite_by_name
from eval.suites.asap import read_asap, read_asap_or_graded
from synth.attacking import attack_context
from synth.attacks import make_attacks, sample_questions
from synth.attacks.material import material
from synth.errors import DataFileError
from synth.graded import GradedQuestion, write_graded_file

ESSAYS = [
    "The plant uses chlorophyll to take in light for making sugar.",
    "Leaves look green since chlorophyll sends the green light back.",
    "Green light is not used by the plant so it is reflected to us.",
    'It said "green" in the book, and the plants make food with it.',
    "Because of the chlorophyll in the cells, which absorbs red and blue.",
    "The sun makes the leaves warm and then they grow.",
]
SCORES = [4, 3, 3, 2, 4, 2]


def aes(rows: list[tuple[object, ...]]) -> str:
    header = "essay_id\tessay_set\tessay\trater1_domain1\tdomain1_score"
    return "\n".join([header, *("\t".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def aes_file(tmp_path: Path) -> Path:
    path = tmp_path / "training.tsv"
    rows = []
    for number, (text, score) in enumerate(zip(ESSAYS, SCORES, strict=True)):
        quoted = '"' + text.replace('"', '""') + '"'
        rows += [(number, 1, quoted, 1, score), (100 + number, 2, f"Caf\xe9: {text}", 1, score - 2)]
    path.write_bytes(aes(rows).encode("cp1252"))
    return path


def test_asap_aes_is_read_with_its_quotes_its_encoding_and_scores_from_0(aes_file: Path) -> None:
    first, second = read_asap(aes_file)
    assert [answer.text for answer in first.answers] == ESSAYS
    assert [answer.grade for answer in first.answers] == [2, 1, 1, 0, 2, 0] and first.max_grade == 2
    assert second.answers[0].text.startswith("Café") and second.text == "Essay set 2" and second.language == "en"


def test_asap_sas_names_its_columns_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "sas.tsv"
    lines = [f'{row}\t7\t{SCORES[row]}\t{SCORES[row]}\t"{text}' for row, text in enumerate(ESSAYS)]
    rows = "\r\n".join(lines)
    path.write_text(f"Id\tEssaySet\tScore1\tScore2\tEssayText\r\n{rows}\r\n", encoding="utf-8")
    (question,) = read_asap(path)
    assert question.answers[0].text == f'"{ESSAYS[0]}', "a quote that is never closed swallows no rows"
    assert len(question.answers) == len(ESSAYS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column essay_set .*no tabs"),
        ("essay_set\tessay\n1\tx\n", "row 1: no column domain1_score"),
        (aes([(1, 1, "x", 1, "good"), (2, 1, "y", 1, 2)]), "row 2, domain1_score: 'good' is not a number"),
        (aes([(1, 1, "x", 1, ""), (2, "", "y", 1, 2)]), "row 3, essay_set: missing"),
        (aes([(1, 1, "x", 1, 2), (2, 1, "y", 1, 2)]), "every answer of set 1 has the score 2"),
        (aes([]), "no rows"),
    ],
)
def test_bad_files_are_named_with_row_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=message):
        read_asap(path)
    with pytest.raises(DataFileError, match="no such file"):
        read_asap(tmp_path / "none.tsv")


def test_graded_files_are_read_too(tmp_path: Path, aes_file: Path) -> None:
    write_graded_file(tmp_path / "own.jsonl", [sample_questions("sw")[0]])
    languages = [question.language for question in read_asap_or_graded([tmp_path / "own.jsonl", aes_file])]
    assert languages == ["en", "en", "sw"]


def attacks(question: GradedQuestion, name: str, count: int = 200) -> list[str]:
    family = next(one for one in suite_by_name("ding2020").families if one.name == f"ding2020-{name}")
    return [attack.text for attack in make_attacks(family, attack_context(question, ()), count, 0)]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_kind_is_what_the_paper_names(language: str) -> None:
    question = sample_questions(language)[0]
    known = material(question)
    bags = {tuple(sorted(known.words(text))) for text in known.texts}
    words = {word for text in known.texts for word in known.words(text)}
    pairs = {pair for text in known.texts for pair in pairwise(text)}
    letters = set(known.language.alphabet)
    assert all(set(text) <= letters for text in attacks(question, "random-characters"))
    assert all(tuple(sorted(text.split())) in bags for text in attacks(question, "shuffled-words", 20))
    assert all(known.is_content(word) for text in attacks(question, "content-burst", 20) for word in text.split())
    assert all(set(text.split()) <= words for text in attacks(question, "word-1-grams", 50))
    found = [pair in pairs for text in attacks(question, "character-2-grams", 50) for pair in pairwise(text)]
    assert sum(found) / len(found) > 0.9, "neighbours are learnt from real answers"
    for kind in ("word-3-grams", "word-5-grams", "shuffled-words"):
        assert not set(attacks(question, kind, 50)) & set(known.texts), "a graded answer is no attack"


def test_the_suite_runs_and_counts(aes_file: Path) -> None:
    suite = suite_by_name("ding2020")
    assert (suite.per_question, len(suite.families)) == (1000, 13)

    class Strict:
        name = "strict"

        def grade(self, question, support, answers):
            from eval.targets import TargetGrade

            return [TargetGrade(0.0 if index % 10 else 1.0) for index, _ in enumerate(answers)]

    result: SuiteResult = run_suite(Strict(), suite.read([aes_file]), SuiteSettings(suite.families, 40, 3))
    assert result.must_reject.attempts > 13 * 2 * 15
    assert result.must_reject.rate == pytest.approx(0.1, abs=0.02)
    assert set(result.family_names()) == {family.name for family in suite.families}


def test_an_unknown_suite_is_named() -> None:
    with pytest.raises(SuiteError, match="did you mean ding2020"):
        suite_by_name("ding2002")
    assert all(suite.source and suite.summary for suite in named_suites().values())
