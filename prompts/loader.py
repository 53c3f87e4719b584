"""Load and render prompt templates from a folder."""

from __future__ import annotations

import hashlib
import json
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
    """One template. `schema` is the JSON schema of the reply, or None where the reply is plain text."""

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
    """Names of the templates in a folder and its sub-folders, without the suffix, sorted."""
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.j2"))


@cache
def load_template(name: str, folder: Path = TEMPLATE_FOLDER) -> PromptTemplate:
    """Load the template `name` (its path under the folder without `.j2`) and its `.schema.json`, if any.

    Raises:
        TemplateError: no such template, or it does not parse.
    """
    path = folder / f"{name}.j2"
    if not path.is_file():
        raise TemplateError(f"no template '{name}' in {folder}; there are {', '.join(template_names(folder))}")
    source = path.read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        variables = jinja2.meta.find_undeclared_variables(environment.parse(source))
        template = environment.get_template(f"{name}.j2")
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
    schema_path = folder / f"{name}.schema.json"
    schema = json.loads(schema_path.read_text(encoding="utf-8")) if schema_path.is_file() else None
    return PromptTemplate(
        name=name,
        sha256=hashlib.sha256(source.encode("utf-8")).hexdigest(),
        variables=frozenset(variables),
        schema=schema,
        _template=template,
    )
