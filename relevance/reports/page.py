"""Templates to files: what the pages of this room share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jinja2


def write_page(path: str | os.PathLike[str], template: str, **values: Any) -> None:
    """Render a template of this folder into one file, whole or not at all."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "shade": shade, "direction": direction}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    text = environment.get_template(template).render(**values)
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)


def percent(value: float) -> str:
    """A rate for people: more digits where it is small."""
    digits = 0 if value in (0.0, 1.0) else 2 if value < 0.0995 else 1
    return f"{100 * value:.{digits}f} %"


def shade(rejection: float) -> int:
    """Step 0 (best) … 5 of the heat colour for a rate of rejection."""
    return sum(rejection < limit for limit in (0.995, 0.97, 0.9, 0.75, 0.5))


def direction(language: str) -> str:
    """Writing direction of a language, for the `dir` attribute."""
    return "rtl" if language.split("-")[0] in ("ar", "dv", "fa", "he", "ps", "ur", "yi") else "ltr"
