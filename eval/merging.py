"""Shards put together: the result of the whole run, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from eval.results import SuiteResult
from eval.summary import FamilyEntry, summarise


class MergeError(ValueError):
    """These results are not the shards of one run. `exit_code` is 4 where shards are missing, else 2."""

    exit_code: ClassVar[int] = 2


class MissingShardsError(MergeError):
    """The run is not complete."""

    exit_code: ClassVar[int] = 4


def merge_results(results: Sequence[SuiteResult], names: Sequence[str]) -> SuiteResult:
    """Put all shards of one run together.

    Args:
        names: what to call each result in messages (its file).

    Raises:
        MergeError: a result is no shard, a shard is there twice, or they are not of one run.
        MissingShardsError: shards are missing, a shard lacks questions, or the target failed in it.
    """
    if not results:
        raise MergeError("nothing to merge; name the results of all shards")
    first, by_number = results[0], dict[int, str]()
    for result, name in zip(results, names, strict=True):
        shard = result.shard
        if shard is None:
            raise MergeError(f"{name}: the result of a whole run, not of a shard; nothing to merge it with")
        if first.shard and shard.of != first.shard.of:
            raise MergeError(f"{name}: shard {shard}, but {names[0]} is {first.shard}; take the shards of one run")
        if shard.number in by_number:
            raise MergeError(f"{name}: shard {shard} is also in {by_number[shard.number]}; name every shard once")
        by_number[shard.number] = name
        if result.target != first.target:
            raise MergeError(f"{name}: target '{result.target}', but {names[0]} has '{first.target}'")
        if different := different_settings(first.settings, result.settings):
            raise MergeError(f"{name}: not of the run of {names[0]}: {different}")
    of = first.shard.of if first.shard else 1
    if missing := sorted(set(range(1, of + 1)) - set(by_number)):
        told = ", ".join(f"{number}/{of}" for number in missing)
        raise MissingShardsError(f"shard(s) {told} missing; run them with --shard and name their results too")
    if failed := [str(result.shard) for result in results if not result.complete]:
        raise MissingShardsError(f"the target failed in shard(s) {', '.join(failed)}; run them again")
    outcomes = [outcome for result in results for outcome in result.outcomes]
    if len({outcome.question_id for outcome in outcomes}) != len(outcomes):
        raise MergeError("a question is in two shards; were they run on the same files?")
    if len(outcomes) != first.settings["questions"]:
        raise MissingShardsError(f"the shards hold {len(outcomes)} of {first.settings['questions']} questions")
    return summarise(first.target, first.settings, _entries(results), outcomes)


def different_settings(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first setting that differs, told with both values; empty when none does."""
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            return f"{name} is {_short(other.get(name))}, not {_short(one.get(name))}"
    return ""


def _entries(results: Sequence[SuiteResult]) -> list[FamilyEntry]:
    """Families in the order of the run's settings, then those that the settings do not name."""
    found = {
        family.name: FamilyEntry(family.name, family.tier, family.severity)
        for result in results
        for family in result.families
    }
    named = [name for name in results[0].settings["families"] if name in found]
    return [found[name] for name in [*named, *(name for name in found if name not in named)]]


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 120 else told[:117] + "…"
