"""The page at /api/docs: the OpenAPI document, drawn by a template of our own.

No script and no third-party host: it obeys the same policy as every page.
"""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse

import app
from app.web import addresses
from app.web.templating import page

_EXAMPLES: Final = {"/api/datasets": "/api/datasets"}


@dataclass(frozen=True)
class Parameter:
    """A parameter, or a field of an answer, in the description of the API.

    Only parameters can be ``required``. Fields within fields are named by their way:
    ``items[].split``, ``splits.*.count`` (of each).
    """

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One address of the API."""

    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[Parameter, ...]
    fields: tuple[Parameter, ...]
    example: str | None


@dataclass(frozen=True)
class ApiReference:
    """The page at /api/docs."""

    version: str
    schema_href: str
    operations: tuple[Operation, ...]


def reference(application: FastAPI) -> APIRouter:
    """Make the route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get(addresses.API_DOCS)
    def docs(request: Request) -> HTMLResponse:
        return page(request, "api", described(application.openapi()))

    return router


def described(schema: dict[str, Any]) -> ApiReference:
    """Say in plain data what the OpenAPI document says."""
    return ApiReference(
        version=app.__version__,
        schema_href=addresses.API_SCHEMA,
        operations=tuple(
            _operation(schema, path, method, operation)
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
        ),
    )


def _operation(
    schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> Operation:
    answer = operation["responses"]["200"].get("content", {}).get("application/json", {})
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        text=operation.get("description", ""),
        parameters=tuple(
            Parameter(
                name=given["name"],
                kind=_kind(given.get("schema", {})),
                required=given.get("required", False),
                text=given.get("description", ""),
            )
            for given in operation.get("parameters", [])
        ),
        fields=_fields(schema, answer.get("schema", {})),
        example=_EXAMPLES.get(path),
    )


def _fields(
    schema: dict[str, Any], described: dict[str, Any], way: str = ""
) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for name, field in _model(schema, described).get("properties", {}).items():
        text = field.get("description", "")
        found.append(Parameter(way + name, _kind(field), required=False, text=text))
        if "items" in field:
            found += _fields(schema, field["items"], f"{way}{name}[].")
        elif "additionalProperties" in field:
            found += _fields(schema, field["additionalProperties"], f"{way}{name}.*.")
        else:
            found += _fields(schema, field, f"{way}{name}.")
    return tuple(found)


def _model(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    name = described.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema.get("components", {}).get("schemas", {}).get(name, {})
    return found


def _kind(field: dict[str, Any]) -> str:
    """Say in words what a field may be: “array of integer”, “integer, from 1; 1 if not given”."""
    if "enum" in field:
        kind = "one of " + ", ".join(str(value) for value in field["enum"])
    elif "anyOf" in field:
        kind = " or ".join(map(_kind, field["anyOf"]))
    elif "items" in field:
        kind = f"array of {_kind(field['items'])}"
    elif "additionalProperties" in field:
        kind = f"object of {_kind(field['additionalProperties'])}"
    else:
        kind = str(field.get("type", "object"))
    if "minimum" in field:
        kind += f", from {field['minimum']}"
    if "maximum" in field:
        kind += f" to {field['maximum']}"
    return f"{kind}; {field['default']} if not given" if field.get("default", "") != "" else kind
