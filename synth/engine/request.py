"""One request to a model: what is asked, and the key under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class PromptRequest:
    """What is sent. Two requests with equal keys would be the same question to the same model with the same dice."""

    prompt: str
    template: str
    template_hash: str
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Sampling parameters as the API names them (temperature, top_p, max_tokens, seed, …)."""
    schema: Mapping[str, Any] | None = None
    round: int = 0
    sample: int = 0

    @cached_property
    def key(self) -> str:
        """Hash of template, variables (they are in the prompt), model, parameters and sample index."""
        content = [
            self.template,
            self.template_hash,
            self.prompt,
            self.model,
            dict(self.parameters),
            self.round,
            self.sample,
        ]
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def messages(self) -> list[dict[str, str]]:
        """The chat that is sent: one message of the user."""
        return [{"role": "user", "content": self.prompt}]
