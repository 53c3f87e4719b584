"""Serves one Python function over JSON lines; run as a script in a process of its own, with nothing but Python.

In a process of its own a function that hangs or crashes cannot take the run with it. What the function prints goes to
standard error, since standard output carries the replies.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load_function(name: str) -> Callable[..., Any]:
    """The function that `module:function` or `path/file.py:function` names.

    Raises:
        ImportError: there is no such file, module or function.
    """
    place, _, attribute = name.rpartition(":")
    if place.endswith(".py"):
        path = Path(place).resolve()
        if not path.is_file():
            raise ImportError(f"{place}: no such file")
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        sys.path.insert(0, str(Path.cwd()))
        module = importlib.import_module(place)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ImportError(f"{place} has no '{attribute}'")
        found = getattr(found, part)
    if not callable(found):
        raise ImportError(f"{name} is no function")
    function: Callable[..., Any] = found
    return function


def plain(value: Any) -> Any:
    """Numbers of numpy and torch as Python's, arrays as lists; anything else is left to `json`."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__dict__"):
        return vars(value)
    if isinstance(value, (tuple, set, frozenset)) or hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} {value!r} is no grade; return numbers or dicts")


def serve(name: str) -> int:
    """Answer requests until standard input ends. A function that raises ends the process, with the traceback."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        function = load_function(name)
    except ImportError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return os.EX_CONFIG
    for line in sys.stdin:
        request = json.loads(line)
        graded = function(request["question"], request["support"], request["answers"])
        if not isinstance(graded, dict):
            graded = {"grades": plain(graded) if not isinstance(graded, list) else graded}
        replies.write(json.dumps(graded, default=plain) + "\n")
        replies.flush()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(serve(sys.argv[1]))
    except Exception:
        # What matters are the innermost calls; a message has little room.
        print(traceback.format_exc(limit=-2), file=sys.stderr, flush=True)
        sys.exit(1)
