"""The search: really run, killed in the middle, continued, and what it leaves behind."""

import csv
import json
import os
import pickle
import re
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from encoders import Encoder
from relevance.corpus import GateQuestion
from relevance.feature_sets import FEATURE_SETS, column_names, kept_columns
from relevance.negative_mix import NEGATIVE_MIXES
from relevance.pipeline import GateTrainingData, make_training_data
from relevance.search import ResumeError, search
from relevance.search_results import SearchResult
from relevance.training import TrainingConfig, row_weights, train_model

TRIALS = 5
EPOCHS = 6
SCRIPT = """
import pickle, sys
from relevance.search import search
data = pickle.loads(open(sys.argv[1], "rb").read())
search(data, sys.argv[2], trials=int(sys.argv[3]), epochs=int(sys.argv[4]), concurrent=1, quiet=False)
print("finished")
"""


@dataclass(frozen=True)
class Resumed:
    """A search that was killed, then continued."""

    folder: Path
    finished_before: dict[str, str]
    """Trial folder -> its log when the search was killed, for trials that had ended."""
    result: SearchResult


@pytest.fixture(scope="module")
def data(gate_items: list[GateQuestion], encoder: Encoder) -> GateTrainingData:
    return make_training_data(gate_items[::2], encoder, seed=0, folds=3, sizes=(0, 10, 25))


@pytest.fixture(scope="module")
def resumed(data: GateTrainingData, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    folder = tmp_path_factory.mktemp("tune")
    pickled = folder / "data.pkl"
    pickled.write_bytes(pickle.dumps(data))
    command = [sys.executable, "-c", SCRIPT, str(pickled), str(folder), str(TRIALS), str(EPOCHS)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if re.match(rf"trials 2/{TRIALS}", line):
            break
    else:
        pytest.fail(f"the search ended before it could be killed: {''.join(lines)}")
    # Ray writes the state of a search in the background.
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    logs = {path.parent.name: path.read_text() for path in (folder / "search").glob("*/result.json")}
    # One at a time and in order: when two have ended, they are the first two.
    ended = {name: logs[name] for name in sorted(logs, key=_number)[:2]}
    result = search(data, folder, TRIALS, EPOCHS, resume=True, concurrent=1)
    return Resumed(folder, ended, result)


def _number(folder: str) -> int:
    return int(folder.removeprefix("_run_trial_").split("_")[1])


def test_a_killed_search_loses_no_finished_trial(resumed: Resumed) -> None:
    assert len(resumed.finished_before) == 2
    for name, log in resumed.finished_before.items():
        assert (resumed.folder / "search" / name / "result.json").read_text() == log, "a finished trial ran again"
    assert len(resumed.result.trials) == TRIALS
    assert {trial.state for trial in resumed.result.trials} <= {"finished", "stopped early"}


def test_the_best_trial_comes_first(resumed: Resumed) -> None:
    objectives = [trial.objective for trial in resumed.result.trials]
    assert objectives == sorted(objectives, reverse=True)
    assert all(trial.objective == max(trial.objectives) for trial in resumed.result.trials)
    assert all(len(trial.losses) == trial.epochs <= EPOCHS for trial in resumed.result.trials)


def test_everything_promised_is_searched(resumed: Resumed) -> None:
    searched = {
        name
        for name in TrainingConfig().as_dict()
        if len({trial.config.as_dict()[name] for trial in resumed.result.trials}) > 1
    }
    assert {"learning_rate", "dropout", "weight_decay"} <= searched
    sets = {trial.config.feature_set for trial in resumed.result.trials}
    mixes = {trial.config.negative_mix for trial in resumed.result.trials}
    assert sets <= set(FEATURE_SETS) and mixes <= set(NEGATIVE_MIXES) and len(mixes) > 1


def test_tensorboard_finds_the_curves(resumed: Resumed) -> None:
    best = resumed.result.trials[0]
    (log,) = (resumed.folder / "search").glob(f"*{best.name}*/events.out.tfevents.*")
    points = dict(_scalars(log, "ray/tune/objective_now"))
    assert len(points) == best.epochs
    np.testing.assert_allclose([points[step] for step in sorted(points)], best.objectives, rtol=1e-6)


def test_the_table_is_written_as_json_and_csv(resumed: Resumed, tmp_path: Path) -> None:
    resumed.result.write(tmp_path / "trials.json")
    resumed.result.write(tmp_path / "trials.csv")
    rows = json.loads((tmp_path / "trials.json").read_text())
    with (tmp_path / "trials.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == [row["trial"] for row in table]
    for row, cells, trial in zip(rows, table, resumed.result.trials, strict=True):
        assert TrainingConfig(**row["config"]) == trial.config
        assert tuple(row["objectives"]) == trial.objectives
        assert float(cells["objective"]) == trial.objective
        assert cells["optimizer"] == trial.config.optimizer


def test_only_the_same_search_is_resumed(resumed: Resumed, data: GateTrainingData, tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="no search to resume") as missing:
        search(data, tmp_path, TRIALS, EPOCHS, resume=True)
    assert missing.value.exit_code == 2
    with pytest.raises(ResumeError, match=f"trials was {TRIALS}"):
        search(data, resumed.folder, TRIALS + 1, EPOCHS, resume=True)


@pytest.mark.parametrize("name", [name for name in FEATURE_SETS if name != "all"])
def test_a_feature_left_out_changes_no_logit(name: str, data: GateTrainingData) -> None:
    training, validation = data.held_out(0)
    config = TrainingConfig(width=8, epochs=2, batch_size=64, feature_set=name)
    model = train_model(training, validation, config).model
    columns = kept_columns(name, validation.features.shape[1])
    assert 0 < columns.sum() < len(columns)
    shaken = validation.features.copy()
    shaken[:, ~columns] += np.random.default_rng(0).normal(size=shaken[:, ~columns].shape)
    np.testing.assert_array_equal(
        model.logits(validation.features, validation.interactions), model.logits(shaken, validation.interactions)
    )
    shaken = validation.features.copy()
    shaken[:, columns] += 1.0
    assert (
        model.logits(shaken, validation.interactions) != model.logits(validation.features, validation.interactions)
    ).any()


def test_a_mix_moves_weight_between_negatives_only(data: GateTrainingData) -> None:
    even, borrowed = row_weights(data.table), row_weights(data.table, "borrowed")
    genuine = data.table.relevant
    other = data.table.family == "other-subject-answer"
    np.testing.assert_array_equal(even[genuine], borrowed[genuine])
    assert borrowed[other].sum() > 1.2 * even[other].sum()
    np.testing.assert_allclose(borrowed[~genuine].sum(), even[~genuine].sum(), rtol=1e-4)


def test_columns_are_named_after_what_they_are(data: GateTrainingData) -> None:
    names = column_names(data.table.features.shape[1])
    assert len(set(names)) == len(names)
    with pytest.raises(ValueError, match="at least"):
        column_names(3)


def _scalars(path: Path, tag: str) -> list[tuple[int, float]]:
    """(step, value) of a tag in an event file: records of length, its checksum, the event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content = path.read_bytes()
    found, place = [], 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        event = Event.FromString(content[place + 12 : place + 12 + length])
        found += [(event.step, value.simple_value) for value in event.summary.value if value.tag == tag]
        place += 16 + length
    return found
