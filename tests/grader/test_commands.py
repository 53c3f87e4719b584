import json

import numpy as np
import pytest

import answergate
from grader.artifact import ArtifactError, load_prior, read_prior
from synth.tables import read_rows, write_rows

PARTS = ("pumps blood", "through the body", "by beating", "with four chambers", "and valves", "all day")


def graded_rows(question, maximum=2):
    generator = np.random.default_rng(0)
    rows = []
    for number in range(24):
        known = int(generator.integers(0, 7))
        answer = " ".join(PARTS[:known]) if known else f"it is bone number {number}"
        grade = maximum * known / 6 if maximum > 2 else round(maximum * known / 6)
        rows.append(
            {
                "question": question,
                "answer": f"{answer} {number}",
                "grade": grade,
                "max_grade": maximum,
                "language": "en",
                "reference": "It pumps blood through the body by beating.",
            }
        )
    return rows


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERGATE_CACHE", str(tmp_path / "cache"))
    write_rows(tmp_path / "heart.jsonl", graded_rows("What does the heart do?"))
    write_rows(tmp_path / "pump.jsonl", graded_rows("How does the heart work?", 100))
    return tmp_path


def run(*arguments):
    return answergate.main([str(item) for item in arguments])


def test_fit_then_regrade_changes_grades_in_the_database(files, capsys):
    database = files / "grades.db"
    write_rows(files / "new.jsonl", [{"answer": "it pumps blood"}, {"answer": "no idea about bones"}])
    fit = [
        "grader",
        "fit",
        files / "heart.jsonl",
        "--answers",
        files / "new.jsonl",
        "--store",
        database,
        "--threads",
        1,
    ]
    assert run(*fit) == 0
    assert "24 graded, 26 answers in all" in capsys.readouterr().out
    changed = graded_rows("What does the heart do?")[:1]
    changed[0]["grade"] = 2 - changed[0]["grade"]
    write_rows(files / "changes.jsonl", changed)
    regrade = ["grader", "regrade", files / "changes.jsonl", "--store", database, "--threads", 1]
    assert run(*regrade, "--out", files / "out.jsonl") == 0
    rows = [row for _, row in read_rows(files / "out.jsonl")]
    assert len(rows) == 26
    assert rows[0]["teacher_grade"] == changed[0]["grade"]
    assert rows[-1]["teacher_grade"] is None
    changed[0]["answer"] = "never seen"
    write_rows(files / "changes.jsonl", changed)
    assert run(*regrade) == 2
    assert "has no answer 'never seen'" in capsys.readouterr().err


def test_meta_train_then_evaluate_with_the_learned_prior(files, capsys):
    train = ["grader", "meta-train", "--questions", files / "heart.jsonl", files / "pump.jsonl", "--threads", 1]
    assert run(*train, "--out", files / "prior", "--steps", 3, "--batch", 4) == 0
    artifact = read_prior(files / "prior")
    assert set(artifact.training["files"]) == {"heart.jsonl", "pump.jsonl"}
    assert (files / "prior" / "card.md").read_text(encoding="utf-8").startswith("# Grader prior")
    evaluate = [
        "grader",
        "evaluate",
        "--questions",
        files / "heart.jsonl",
        "--seeds",
        2,
        "--support",
        12,
        "--threads",
        1,
    ]
    chosen = ["--graders", "constant", "ridge", "grader", "--prior", files / "prior", "--json", files / "scores.json"]
    assert run(*evaluate, *chosen) == 0
    shown = capsys.readouterr()
    assert "grader - ridge" in shown.out
    assert "the prior learned from heart" in shown.err
    scores = json.loads((files / "scores.json").read_text(encoding="utf-8"))
    assert scores["means"]["grader"] > scores["means"]["constant"] + 0.2
    assert run(*evaluate, "--graders", "oracle") == 2
    assert "no grader is called oracle" in capsys.readouterr().err


def test_a_prior_is_refused_with_another_encoder_or_when_damaged(files):
    class Other:
        name, content_hash = "other", "0" * 64

    run(
        "grader",
        "meta-train",
        "--questions",
        files / "heart.jsonl",
        files / "pump.jsonl",
        "--threads",
        1,
        "--out",
        files / "prior",
        "--steps",
        1,
        "--batch",
        2,
    )
    with pytest.raises(ArtifactError, match="trained with encoder e5"):
        load_prior(files / "prior", Other())
    (files / "prior" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ArtifactError, match="not a usable prior"):
        read_prior(files / "prior")
    with pytest.raises(ArtifactError, match=r"no config\.json"):
        read_prior(files / "nowhere")


def test_wrong_use_is_explained_and_leaves_nothing_behind(files, capsys):
    assert run("grader", "meta-train", "--questions", files / "heart.jsonl", "--out", files / "prior") == 2
    assert "1 usable question(s); meta-training needs 2" in capsys.readouterr().err
    assert run("grader", "regrade", files / "heart.jsonl", "--store", files / "none.db") == 2
    assert "no such database" in capsys.readouterr().err
    assert run("grader", "evaluate", "--questions", files / "heart.jsonl", "--support", 0) == 2
    assert "at least 1" in capsys.readouterr().err
    assert sorted(path.name for path in files.iterdir()) == ["cache", "heart.jsonl", "pump.jsonl"]


def test_tables_fit_a_terminal_and_cells_are_json(files, capsys):
    names = [files / f"a_data_set_with_a_long_name_{number}.jsonl" for number in range(6)]
    for number, name in enumerate(names):
        write_rows(name, graded_rows(f"What does organ number {number} do?"))
    chosen = ["--graders", "ridge-evidence", "ridge", "grader"]
    assert run("grader", "evaluate", "--questions", *names, "--seeds", 1, *chosen) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
    write_rows(files / "cells.csv", [{"interval": [0.0, 1.0], "grade_probabilities": {"0": 0.5}}])
    row = dict(next(read_rows(files / "cells.csv"))[1])
    assert json.loads(row["grade_probabilities"]) == {"0": 0.5}
