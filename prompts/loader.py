"""Load and render prompt templates from a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import jinja2.meta

TEMPLATE_FOLDER = Path(__file__).parent


class TemplateError(ValueError):
    """A template is missing, does not parse, or lacks one of its variables."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class PromptTemplate:
    """One template. `schema` is the JSON schema of the reply, or None where the reply is plain text.

    `sha256` covers the template, every form it extends or includes, and the schema: whatever changes the request.
    """

    name: str
    sha256: str
    variables: frozenset[str]
    schema: dict[str, Any] | None = field(repr=False, compare=False)
    _template: jinja2.Template = field(repr=False, compare=False)

    def render(self, **variables: Any) -> str:
        """The prompt's text.

        Raises:
            TemplateError: a variable of the template was not given.
        """
        try:
            return self._template.render(**variables).strip()
        except jinja2.UndefinedError as error:
            raise TemplateError(
                f"template {self.name}: {error}; it needs {', '.join(sorted(self.variables))}"
            ) from error


def template_names(folder: Path = TEMPLATE_FOLDER) -> list[str]:
    """Names of the templates in a folder and its sub-folders, without the suffix, sorted.

    Files whose name begins with `_` are forms that templates fill in; they are not asked on their own.
    """
    paths = (path for path in folder.rglob("*.j2") if not path.name.startswith("_"))
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in paths)


@cache
def load_template(name: str, folder: Path = TEMPLATE_FOLDER) -> PromptTemplate:
    """Load the template `name` (its path under the folder without `.j2`) and the schema of its reply, if any.

    The schema is `<name>.schema.json` or, failing that, the one beside the form the template extends.

    Raises:
        TemplateError: no such template, or it does not parse.
    """
    path = folder / f"{name}.j2"
    if not path.is_file():
        raise TemplateError(f"no template '{name}' in {folder}; there are {', '.join(template_names(folder))}")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    variables: set[str] = set()
    digest = hashlib.sha256()
    schema: dict[str, Any] | None = None
    for part, source in _chain(environment, folder, f"{name}.j2"):
        variables |= jinja2.meta.find_undeclared_variables(environment.parse(source))
        digest.update(source.encode("utf-8"))
        schema_path = (folder / part).with_suffix(".schema.json")
        if schema is None and schema_path.is_file():
            schema_text = schema_path.read_text(encoding="utf-8")
            schema = json.loads(schema_text)
            digest.update(schema_text.encode("utf-8"))
    return PromptTemplate(
        name=name,
        sha256=digest.hexdigest(),
        variables=frozenset(variables),
        schema=schema,
        _template=environment.get_template(f"{name}.j2"),
    )


def _chain(environment: jinja2.Environment, folder: Path, file: str) -> Iterator[tuple[str, str]]:
    """The template and everything it extends or includes: (file, source)."""
    path = folder / file
    try:
        source = path.read_text(encoding="utf-8")
        parents = jinja2.meta.find_referenced_templates(environment.parse(source))
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file, but a template extends or includes it") from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
    yield file, source
    for parent in parents:
        if parent is not None:
            yield from _chain(environment, folder, parent)
