"""The options of `answergate eval adversarial` that say what is attacked, and with what beside the families."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.adaptive import AdaptiveSettings
    from eval.targets import TargetSettings

_FORMS = (
    "what is attacked: 'answergate' (default, see --gate), a gate's folder, MODULE:FUNCTION or FILE.py:FUNCTION, "
    "https://…, 'command: PROGRAM …', openai:MODEL, or a YAML file; see docs/targets.md"
)


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add `--target` and what belongs to it."""
    parser.add_argument("--target", metavar="TARGET", help=_FORMS)
    group = parser.add_argument_group("targets other than ours (a YAML file holds the same settings)")
    group.add_argument("--target-name", metavar="NAME", help="what reports call the target")
    group.add_argument("--timeout", type=float, metavar="S", help="seconds for one reply (default 60)")
    group.add_argument("--retries", type=int, metavar="N", help="after HTTP errors that may pass (default 4)")
    group.add_argument("--concurrency", type=int, metavar="N", help="requests in flight (default 8)")
    group.add_argument("--batch", type=int, metavar="N", help="answers per request (HTTP 32, command 256)")
    group.add_argument("--http-request", type=Path, metavar="FILE", help="Jinja template of the request's body")
    group.add_argument("--http-response", type=Path, metavar="FILE", help="Jinja template: reply to grades")
    group.add_argument(
        "--http-header", action="append", default=[], metavar="NAME=VALUE", help="'Authorization=Bearer env:TOKEN'"
    )
    group.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server (default: OpenAI's)")
    group.add_argument("--key-variable", metavar="NAME", help="where its key is (default OPENAI_API_KEY)")
    group.add_argument("--prompt", type=Path, metavar="FILE", help="a grading prompt of your own (Jinja)")
    group.add_argument("--target-log", type=Path, metavar="FILE", help="keep a model's replies, to pay once")


def add_attack_options(parser: argparse.ArgumentParser) -> None:
    """Add own attacks and the adaptive ones."""
    group = parser.add_argument_group("attacks beside the families")
    group.add_argument(
        "--attacks", type=Path, nargs="+", default=[], metavar="FILE", help="own attacks: .txt, .csv, .jsonl, .parquet"
    )
    group.add_argument(
        "--adaptive", type=int, metavar="BUDGET", help="search for attacks, with at most BUDGET queries per question"
    )
    group.add_argument("--adaptive-methods", metavar="LIST", help="hill-climb,trigger,llm (default: all that can run)")
    group.add_argument("--attacker-model", metavar="MODEL", help="a language model that writes attacks")
    group.add_argument("--attacker-base-url", metavar="URL", help="its OpenAI-compatible server (default: OpenAI's)")
    group.add_argument("--save-finds", type=Path, metavar="FILE", help="keep what --adaptive found, for --attacks")


def chosen_target(arguments: argparse.Namespace) -> TargetSettings:
    """The target that the options describe.

    Raises:
        TargetConfigError: they cannot be used.
    """
    from eval.targets import target_settings

    return target_settings(
        arguments.target,
        name=arguments.target_name,
        gate=arguments.gate,
        encoder=arguments.encoder,
        threads=arguments.threads,
        timeout=arguments.timeout,
        retries=arguments.retries,
        concurrency=arguments.concurrency,
        batch=arguments.batch,
        headers=_headers(arguments.http_header),
        request=arguments.http_request,
        response=arguments.http_response,
        base_url=arguments.base_url,
        key_variable=arguments.key_variable,
        prompt=arguments.prompt,
        log=arguments.target_log,
    )


def chosen_search(arguments: argparse.Namespace) -> AdaptiveSettings | None:
    """The adaptive attacks that the options ask for, None for none.

    Raises:
        AdaptiveError: they cannot be used.
    """
    from eval.adaptive import AdaptiveError, adaptive_settings

    if arguments.adaptive is None:
        given = [
            flag
            for flag, value in (
                ("--adaptive-methods", arguments.adaptive_methods),
                ("--attacker-model", arguments.attacker_model),
                ("--save-finds", arguments.save_finds),
            )
            if value
        ]
        if given:
            raise AdaptiveError(f"{given[0]} needs --adaptive BUDGET; write for example --adaptive 200")
        return None
    return adaptive_settings(
        arguments.adaptive,
        methods=arguments.adaptive_methods,
        seed=arguments.seed,
        model=arguments.attacker_model,
        base_url=arguments.attacker_base_url,
    )


def _headers(pairs: list[str]) -> dict[str, str]:
    from eval.targets import TargetConfigError

    headers = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise TargetConfigError(f"--http-header {pair!r} is no NAME=VALUE; write 'Authorization=env:TOKEN'")
        headers[name.strip()] = value.strip()
    return headers
