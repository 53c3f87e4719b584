"""The OpenAPI description as one plain HTML page: no script, nothing fetched from elsewhere."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>answergate API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><h1>answergate API</h1>
<p>The same as OpenAPI: <a href="/openapi.json">/openapi.json</a>. Send <code>Authorization: Bearer TOKEN</code>.</p>
"""


def documentation_page(openapi: Mapping[str, Any]) -> str:
    """Every endpoint with its description, body, an example and its answers."""
    parts = [HEAD]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts.extend(_operation(method, path, operation, openapi))
    return "".join([*parts, "</body></html>\n"])


def _operation(method: str, path: str, operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> Iterator[str]:
    yield f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>"
    yield f"<p>{html.escape(operation.get('description', ''))}</p>"
    for parameter in operation.get("parameters", ()):
        described = parameter.get("description", "")
        yield f"<p><code>{html.escape(parameter['name'])}</code> ({parameter['in']}) {html.escape(described)}</p>"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h3>Request: {html.escape(media)}</h3>"
        yield _shown(example(content.get("schema", {}), openapi))
    for status, response in operation.get("responses", {}).items():
        yield f"<h3>{status} {html.escape(response.get('description', ''))}</h3>"
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            yield _shown(example(schema, openapi))
    yield "</section>"


def example(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> Any:
    """A value that fits the schema, from its examples where it has some."""
    if "$ref" in schema:
        return example(openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], openapi)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], openapi)
    kind = schema.get("type")
    if kind == "object":
        return {name: example(value, openapi) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}), openapi)]
    plain: dict[Any, Any] = {"integer": 1, "number": 1.5, "boolean": True, "string": "text"}
    return plain.get(kind)


def _shown(value: Any) -> str:
    return f"<pre>{html.escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"
