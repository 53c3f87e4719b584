"""A plan from the flags of `synth generate`, for whom a plan file is too much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from synth.plan.model import Plan
from synth.plan.read import PlanError


def plan_of_flags(flags: Mapping[str, Any]) -> Plan:
    """The plan that the flags mean.

    Raises:
        PlanError: a flag's value cannot be used; all of them are named.
    """
    if not flags["model"]:
        raise PlanError("name a model with --model, or a plan with --plan")
    questions = list(flags["questions"])
    price = flags["price"]
    content: dict[str, Any] = {
        "seed": flags["seed"],
        "questions": {
            "files": questions,
            "bank": flags["bank"] or not questions,
            "limit": flags["limit"],
        },
        "languages": flags["languages"],
        "per_request": flags["per_request"],
        "models": [
            {
                "name": flags["model"],
                "base_url": flags["base_url"],
                "form": flags["form"],
                "price": {"input": price[0], "output": price[1]} if price else None,
                "sampling": {"temperature": flags["temperature"]},
            }
        ],
        "limits": {"concurrency": flags["concurrency"], "timeout": flags["timeout"]},
        "budget": {"requests": flags["max_requests"], "tokens": flags["max_tokens"], "money": flags["max_money"]},
    }
    if flags["kinds"]:
        content["counts"] = flags["kinds"]
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        lines = []
        for finding in error.errors():
            name = ".".join(str(part) for part in finding["loc"])
            lines.append(f"{name}: {finding['msg'].removeprefix('Value error, ')}")
        raise PlanError("\n".join(lines)) from error
