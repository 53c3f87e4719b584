"""The endpoint as the grader needs it: log-probabilities are asked for, kept, and done without where there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from grader.llm.reply import kept_reply
from synth.engine.client import ChatClient
from synth.engine.errors import RejectedError
from synth.engine.log import LoggedResponse
from synth.engine.request import PromptRequest

ALTERNATIVES = 20
"""Most alternatives per token that the API gives."""


class GradingClient(ChatClient):
    """A chat client that asks for log-probabilities until the endpoint refuses them."""

    _logprobs = True

    async def send(self, request: PromptRequest) -> LoggedResponse:
        """See `ChatClient.send`."""
        if self._logprobs:
            asked = {**request.parameters, "logprobs": True, "top_logprobs": ALTERNATIVES}
            try:
                # The key stays that of the request without them: whether the endpoint knows them is not our question.
                return replace(await super().send(replace(request, parameters=asked)), key=request.key)
            except RejectedError as error:
                if "logprob" not in str(error).casefold():
                    raise
                self._logprobs = False
        return await super().send(request)

    def read(self, request: PromptRequest, reply: Any, seconds: float) -> LoggedResponse:
        """See `ChatClient.read`."""
        logged = super().read(request, reply, seconds)
        logprobs = (reply["choices"][0].get("logprobs") or {}).get("content")
        return replace(logged, content=kept_reply(logged.content, logprobs)) if logprobs else logged
