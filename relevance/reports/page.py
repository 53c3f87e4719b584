"""Templates to files: what the pages of this room share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from synth.pages import page_environment
from synth.whole_files import write_whole_text


def write_page(path: str | os.PathLike[str], template: str, **values: Any) -> None:
    """Render a template of this folder into one file, whole or not at all."""
    environment = page_environment(Path(__file__).parent)
    environment.filters |= {"percent": percent, "shade": shade}
    write_whole_text(path, environment.get_template(template).render(**values))


def percent(value: float) -> str:
    """A rate for people: more digits where it is small."""
    digits = 0 if value in (0.0, 1.0) else 2 if value < 0.0995 else 1
    return f"{100 * value:.{digits}f} %"


def shade(rejection: float) -> int:
    """Step 0 (best) … 5 of the heat colour for a rate of rejection."""
    return sum(rejection < limit for limit in (0.995, 0.97, 0.9, 0.75, 0.5))
