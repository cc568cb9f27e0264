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
    """A parameter, or a field of an answer, in the description of the API."""

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


def _fields(schema: dict[str, Any], described: dict[str, Any]) -> tuple[Parameter, ...]:
    model = _model(schema, described)
    required = model.get("required", [])
    return tuple(
        Parameter(name, _kind(field), name in required, field.get("description", ""))
        for name, field in model.get("properties", {}).items()
    )


def _model(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    name = described.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema.get("components", {}).get("schemas", {}).get(name, {})
    return found


def _kind(field: dict[str, Any]) -> str:
    """Say in words what type a field has: “array of integer”, “one of train, val, test”."""
    if "enum" in field:
        return "one of " + ", ".join(str(value) for value in field["enum"])
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if field.get("type") == "array":
        return f"array of {_kind(field.get('items', {}))}"
    return str(field.get("type", "any"))
