"""engine asks a model many things and loses nothing: requests with keys, a log, limits, a budget, progress."""

from synth.engine.errors import EngineError
from synth.engine.log import LoggedResponse, RunLog, Usage
from synth.engine.request import PromptRequest
from synth.engine.runner import Engine, Job, RunSummary

__all__ = ["Engine", "EngineError", "Job", "LoggedResponse", "PromptRequest", "RunLog", "RunSummary", "Usage"]
