"""The search on a Ray cluster of two nodes, one of which is killed in the middle.

Skipped unless ANSWERGATE_TEST_CLUSTER is set: two nodes take a minute to start on a small machine, and their ports may
be taken on a shared one.
"""

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from encoders import Encoder
from relevance.corpus import GateQuestion
from relevance.pipeline import make_training_data
from relevance.search import use_cluster_token
from relevance.search_results import SearchResult

pytestmark = pytest.mark.skipif(
    "ANSWERGATE_TEST_CLUSTER" not in os.environ,
    reason="starts two Ray nodes (about two minutes); set ANSWERGATE_TEST_CLUSTER=1 to run it",
)
TRIALS = 8
EPOCHS = 10
SCRIPT = """
import pickle, sys
from relevance.search import search
data = pickle.loads(open(sys.argv[1], "rb").read())
folder, trials, epochs, address = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
result = search(data, folder, trials, epochs, ray_address=address, quiet=False)
open(folder + "/result.pkl", "wb").write(pickle.dumps(result))
"""


COUNT = """
import ray, sys
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
print(sum(node["Alive"] for node in ray.nodes()))
"""


@dataclass(frozen=True)
class Cluster:
    """Address of the head, and the process of the second node."""

    address: str
    second: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_node(*options: str) -> subprocess.Popen[bytes]:
    """`ray start` that stays in the foreground, so that a node is one process group."""
    command = [str(Path(sys.executable).parent / "ray"), "start", "--block", "--num-cpus=1", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "RAY_worker_niceness": "0"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # The second node and the drivers; they inherit the environment.
    use_cluster_token()
    import ray

    port = free_port()
    # Ray takes 127.0.0.1 in an address for the machine's own.
    address = f"{ray.util.get_node_ip_address()}:{port}"
    nodes = [start_node("--head", "--include-dashboard=false", f"--port={port}")]
    try:
        wait_for_nodes(address, 1)
        nodes.append(start_node(f"--address={address}"))
        wait_for_nodes(address, 2)
        yield Cluster(address, nodes[1])
    finally:
        for node in reversed(nodes):
            if node.poll() is None:
                os.killpg(node.pid, signal.SIGTERM)
            node.wait()


def wait_for_nodes(address: str, count: int) -> None:
    for _ in range(60):
        done = subprocess.run([sys.executable, "-c", COUNT, address], capture_output=True, text=True)
        if done.stdout.strip() == str(count):
            return
        time.sleep(1)
    pytest.fail(f"no {count} nodes at {address}: {done.stderr[-2000:]}")


def test_a_dead_node_costs_no_finished_trial(
    gate_items: list[GateQuestion], encoder: Encoder, cluster: Cluster, tmp_path: Path
) -> None:
    data = make_training_data(gate_items, encoder, seed=0, folds=3, sizes=(0, 10, 25))
    pickled = tmp_path / "data.pkl"
    pickled.write_bytes(pickle.dumps(data))
    command = [sys.executable, "-c", SCRIPT, str(pickled), str(tmp_path), str(TRIALS), str(EPOCHS), cluster.address]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines: list[str] = []
    finished: dict[Path, str] = {}
    for line in process.stderr:
        lines.append(line)
        if not finished and re.match(rf"trials [2-4]/{TRIALS}", line):
            finished = ended_logs(tmp_path / "search")
            os.killpg(cluster.second.pid, signal.SIGKILL)
    print("".join(lines))
    assert process.wait() == 0, "".join(lines)
    process.stderr.close()
    result: SearchResult = pickle.loads((tmp_path / "result.pkl").read_bytes())
    assert len(result.trials) == TRIALS
    assert {trial.state for trial in result.trials} <= {"finished", "stopped early"}
    assert finished
    for path, log in finished.items():
        assert path.read_text() == log, "a finished trial ran again"


def ended_logs(experiment: Path) -> dict[Path, str]:
    """Logs of the trials that ran to their last epoch."""
    logs = {path: path.read_text() for path in experiment.glob("*/result.json")}
    return {path: log for path, log in logs.items() if f'"training_iteration": {EPOCHS}' in log}
