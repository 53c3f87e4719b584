"""What HTML pages of every room are rendered with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

RIGHT_TO_LEFT = ("ar", "dv", "fa", "he", "ps", "ur", "yi")


def page_environment(folder: Path) -> jinja2.Environment:
    """Jinja over a folder's templates: everything is escaped, a missing value is an error, `direction` is a filter."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["direction"] = direction
    return environment


def direction(language: str) -> str:
    """Writing direction of a language, for the `dir` attribute."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
