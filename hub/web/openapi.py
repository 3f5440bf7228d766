"""The OpenAPI 3.1 document, generated from the route table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.web.table import DataAnswer, FileAnswer, MadeFile, Route

PLAIN = (FileAnswer, DataAnswer, MadeFile)  # answers that are no JSON
REF = "#/components/schemas/{name}"
REFUSED = {"$ref": REF.format(name="Error")}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "text"],
            "properties": {"code": {"type": "string"}, "text": {"type": "string"}, "params": {"type": "object"}},
        }
    },
}


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """Return the document of a route table."""
    kinds: list[Any] = [route.arguments for route in routes]
    kinds += [route.answer for route in routes if route.answer not in PLAIN]
    found, components = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=REF)
    by_kind = {repr(kind): schema for kind, schema in zip(kinds, found, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        own = components[route.arguments.__name__]
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, own, by_kind)
    names = {route.arguments.__name__ for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Minshan hub", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in names} | {"Error": ERROR},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "minshan_session"},
            },
        },
    }


def _anything(_kind: type) -> dict[str, Any]:
    """Return the schema of values passed through from stations."""
    return {"description": "any JSON"}


def _operation(route: Route, own: dict[str, Any], by_kind: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = own.get("properties", {})
    in_path = [name for name in fields if f"{{{name}}}" in route.path]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "security": [] if route.right is None else [{"token": []}, {"session": []}],
        "responses": {
            "200": _answer(route, by_kind),
            "default": _json("It was refused", {"$ref": REF.format(name="Error")}),
        },
    }
    if route.method == "POST":
        body = {name: schema for name, schema in fields.items() if name not in in_path}
        needed = [name for name in own.get("required", ()) if name in body]
        shape = {"type": "object", "properties": body, "required": needed, "additionalProperties": False}
        operation["requestBody"] = {"required": bool(needed), "content": {"application/json": {"schema": shape}}}
        fields = {name: fields[name] for name in in_path}
    operation["parameters"] = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in in_path or name in own.get("required", ()),
            "schema": _plain(schema),
        }
        for name, schema in fields.items()
    ]
    return operation


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null: an absent parameter is omitted."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return kinds[0] if len(kinds) == 1 else {key: value for key, value in schema.items() if key != "default"}


def _answer(route: Route, by_kind: dict[str, Any]) -> dict[str, Any]:
    if route.answer in PLAIN:
        return {"description": "The file", "content": {route.kind: {}}}
    return _json("The answer", by_kind[repr(route.answer)])


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
