"""`--local MODEL.gguf`: serve a model file in this process for as long as a run takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from synth.plan.model import Plan


_ERRORS_ONLY = 1


class LocalModelError(ValueError):
    """The model file cannot be used, or the package that serves it is missing."""

    exit_code: ClassVar[int] = 2


@contextmanager
def local_endpoint(path: Path, parallel: int = 4, context: int = 8192) -> Iterator[str]:
    """Base URL of an OpenAI-compatible server for a GGUF file, in this process; gone afterwards.

    Raises:
        LocalModelError: no such file, no model that can be loaded, or `xllamacpp` is not installed.
    """
    if not path.is_file():
        raise LocalModelError(f"{path}: no such file; name a GGUF file")
    try:
        import xllamacpp
    except ImportError:
        raise LocalModelError("a local model needs `pip install answergate[local]` (xllamacpp)") from None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = parallel
    parameters.n_ctx = context * parallel
    parameters.verbosity = _ERRORS_ONLY
    # Threads that wait for each other sleep: the run beside them needs the processor too.
    parameters.cpuparams.poll = 0
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise LocalModelError(f"{path}: llama.cpp cannot load it ({error}); is it a whole GGUF chat model?") from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


@contextmanager
def serving(arguments: argparse.Namespace, plan_of: Callable[[argparse.Namespace], Plan]) -> Iterator[Plan]:
    """The plan of the arguments, its models at the local endpoint if `--local` names one."""
    if not arguments.local:
        yield plan_of(arguments)
        return
    path = Path(arguments.local)
    arguments.model = arguments.model or path.stem
    plan = plan_of(arguments)
    with local_endpoint(path, parallel=min(4, plan.limits.concurrency)) as url:
        models = tuple(model.model_copy(update={"base_url": url}) for model in plan.models)
        yield plan.model_copy(update={"models": models})
