"""service grades live: teachers' questions and students' answers over HTTP, kept in a database.

`answergate serve` runs it; `Client` talks to it. Students meet the full grader, a budget of attempts and coarse
feedback; teachers see everything, and every change of a grade gives every answer its new one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.app import create_app
    from service.client import Client, ClientError
    from service.settings import Settings

__all__ = ["Client", "ClientError", "Settings", "create_app"]

_MODULES = {
    "Client": "service.client",
    "ClientError": "service.client",
    "Settings": "service.settings",
    "create_app": "service.app",
}


def __getattr__(name: str) -> Any:
    # Names are imported when they are first used: the command line starts without FastAPI.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
