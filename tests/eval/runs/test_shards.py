"""Shards put together are the whole run, and nothing else passes for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from eval.contract import read_result
from eval.merging import MergeError, MissingShardsError, merge_results
from eval.results import SuiteResult
from eval.shards import Shard, ShardError, parse_shard

Attacked = Callable[..., SuiteResult]


def test_merged_shards_are_the_whole_run_byte_for_byte(attacked: Attacked, planted: type, tmp_path) -> None:
    whole = attacked(planted(leaks=100, away=50))
    parts = [attacked(planted(leaks=100, away=50), shard=Shard(number, 3)) for number in (1, 2, 3)]
    for number, part in enumerate(parts):
        part.write(tmp_path / f"{number}.json")
    read = [read_result(tmp_path / f"{number}.json") for number in range(3)]
    merged = merge_results(read[::-1], ["c", "b", "a"])
    assert merged.to_json() == whole.to_json()
    assert sum(len(part.outcomes) for part in parts) == len(whole.outcomes) == 15


def test_a_shard_does_not_depend_on_the_order_of_questions(small_questions) -> None:
    one = Shard(2, 4).take(small_questions)
    other = Shard(2, 4).take(small_questions[::-1])
    assert {question.id for question in one} == {question.id for question in other}


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3"])
def test_shards_that_cannot_be(text: str) -> None:
    with pytest.raises(ShardError) as error:
        parse_shard(text)
    assert "3/8" in str(error.value) and error.value.exit_code == 2


def test_missing_double_and_foreign_shards_are_refused(attacked: Attacked, planted: type) -> None:
    parts = [attacked(planted(), shard=Shard(number, 3)) for number in (1, 2, 3)]
    with pytest.raises(MissingShardsError, match="2/3 missing") as missing:
        merge_results([parts[0], parts[2]], ["a", "c"])
    assert missing.value.exit_code == 4
    with pytest.raises(MergeError, match="also in a"):
        merge_results([parts[0], parts[0], parts[2]], ["a", "b", "c"])
    with pytest.raises(MergeError, match="seed is 1, not 0"):
        merge_results([parts[0], attacked(planted(), shard=Shard(2, 3), seed=1), parts[2]], ["a", "b", "c"])
    with pytest.raises(MergeError, match="shard 1/2"):
        merge_results([parts[0], attacked(planted(), shard=Shard(1, 2))], ["a", "b"])
    with pytest.raises(MergeError, match="whole run"):
        merge_results([attacked(planted())], ["a"])
    with pytest.raises(MissingShardsError, match="14 of 15"):
        short = replace(parts[1], outcomes=parts[1].outcomes[:-1])
        merge_results([parts[0], short, parts[2]], ["a", "b", "c"])
