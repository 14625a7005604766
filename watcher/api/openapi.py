"""The OpenAPI 3.1 document, made from the endpoints and their pydantic models."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from watcher.api import problems
from watcher.api.endpoints import AnyEndpoint, Nothing
from watcher.api.models import ProblemDocument
from watcher.services.names.tokens import Scope

JSON = dict[str, Any]

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")

INTRODUCTION = """\
Watches the lookalikes of protected names and tells when one becomes able to receive mail.

Times are RFC 3339 in UTC. Names are A-labels without the final dot; a name may be sent as a domain, a host, an IDN, a
mailbox (its local part is never kept) or a URL. Members may be added and enumerations may grow: tolerate what you do
not know. Lists take `limit` and give `next_cursor`, which is the next request's `cursor`, until it is null.

Every error is `application/problem+json` (RFC 9457). Its `type` is `urn:watcher:problem:` and a stable word.

Without a token only this machine itself is served, and only until the first token is made with `watcher token create`.
"""

_ALWAYS = (400, 421)
_WITH_TOKEN = (401, 403, 503)


def document(endpoints: Sequence[AnyEndpoint], version: str) -> JSON:
    """Return the whole document. The same endpoints always give the same document."""
    schemas, components = _schemas(endpoints)
    paths: dict[str, JSON] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "watcher",
            "version": version,
            "summary": "Where mail for protected names could go astray",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`watcher token create NAME --scope read,lookup,write`. "
                    + "; ".join(f"{scope.value}: {_SCOPES[scope]}" for scope in Scope),
                }
            },
        },
    }


_SCOPES = {
    Scope.READ: "see what is known",
    Scope.LOOKUP: "cause questions to the outside",
    Scope.WRITE: "change what is protected, silenced, told",
}


def _schemas(endpoints: Sequence[AnyEndpoint]) -> tuple[dict[type[BaseModel], JSON], JSON]:
    """Return a reference for each model that is sent or answered, and the components they refer to."""
    sent = [endpoint.body for endpoint in endpoints if endpoint.body is not Nothing]
    answered = [endpoint.answer for endpoint in endpoints if endpoint.answer is not None]
    wanted = dict.fromkeys([*((m, "validation") for m in sent), *((m, "serialization") for m in answered)])
    wanted[(ProblemDocument, "serialization")] = None
    references, definitions = models_json_schema(list(wanted), ref_template=_REF, by_alias=True)  # type: ignore[arg-type]
    components = {name: _described(schema) for name, schema in sorted(definitions.get("$defs", {}).items())}
    return {cast("type[BaseModel]", model): schema for (model, _), schema in references.items()}, components


def _described(schema: JSON) -> JSON:
    """Docstrings keep their line breaks as written; a document wants the sentences."""
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    return schema


def operation_id(endpoint: AnyEndpoint) -> str:
    """Return an id that is unique, and stable for generated clients: `get_domains_name`."""
    words = re.sub(r"[^a-z0-9]+", "_", endpoint.path.removeprefix("/api/v1").lower()).strip("_")
    words += "_slash" if endpoint.path.endswith("/") and words else ""  # TAXII is served with and without
    return f"{endpoint.method.lower()}_{words or 'root'}"


def _operation(endpoint: AnyEndpoint, schemas: dict[type[BaseModel], JSON]) -> JSON:
    operation: JSON = {
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
        "security": [],
    }
    if endpoint.scopes:
        operation["security"] = [{"token": []}, {}]
        operation["x-scopes"] = [scope.value for scope in endpoint.scopes]
        needed = " or ".join(f"`{scope.value}`" for scope in endpoint.scopes)
        operation["description"] = f"Scope: {needed}."
    if endpoint.body is not Nothing:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[endpoint.body]}},
        }
    return operation


_PATH_SCHEMAS: dict[str, JSON] = {
    "name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 2048,
        "pattern": r"^[^\s/]+$",
        "description": "A name in any form: domain, host, IDN, mailbox, URL; for a suffix a leading dot is allowed",
    },
    "id": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[0-9A-Za-z_-]+$"},
}


def _path_parameters(endpoint: AnyEndpoint) -> list[JSON]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_SCHEMAS.get(name, {"type": "string", "minLength": 1}),
        }
        for name in _PARAMETER.findall(endpoint.path)
    ]


def _query_parameters(endpoint: AnyEndpoint) -> list[JSON]:
    schema = endpoint.query.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    required = set(schema.get("required", ()))
    parameters = []
    for name, part in schema.get("properties", {}).items():
        shape = _without_null(_inlined(dict(part), definitions))
        parameter: JSON = {"name": name, "in": "query", "required": name in required}
        if "description" in shape:
            parameter["description"] = shape.pop("description")
        shape.pop("title", None)
        parameters.append({**parameter, "schema": shape})
    return parameters


def _inlined(schema: Any, definitions: JSON) -> Any:
    """Return a parameter's schema with its enumerations written out: clients show them where they are."""
    match schema:
        case {"$ref": str(reference), **rest}:
            target = {key: value for key, value in definitions[reference.rpartition("/")[2]].items() if key != "title"}
            return {**_inlined(target, definitions), **rest}
        case dict():
            return {key: _inlined(value, definitions) for key, value in schema.items()}
        case list():
            return [_inlined(value, definitions) for value in schema]
        case _:
            return schema


def _without_null(schema: JSON) -> JSON:
    """Return the schema of an optional query parameter without null, which cannot be written in a URL."""
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    if schema.get("default", ...) is None:
        del schema["default"]
    return {**kinds[0], **schema} if len(kinds) == 1 else ({"anyOf": kinds, **schema} if kinds else schema)


def good_statuses(endpoint: AnyEndpoint) -> tuple[int, ...]:
    """Return the statuses that are no errors."""
    return (endpoint.status, *endpoint.also)


def _responses(endpoint: AnyEndpoint, schemas: dict[type[BaseModel], JSON]) -> JSON:
    content: JSON = {}
    if endpoint.answer is not None:
        content[endpoint.media] = {"schema": schemas[endpoint.answer]}
    elif endpoint.status != HTTPStatus.NO_CONTENT:
        content[endpoint.media] = {"schema": {"type": "object" if endpoint.media == "application/json" else "string"}}
    content |= {media: {"schema": {"type": "string"}} for media in endpoint.also_media}
    responses: JSON = {}
    for status in good_statuses(endpoint):
        responses[str(status)] = {"description": HTTPStatus(status).phrase}
        if content and status != HTTPStatus.NOT_MODIFIED:
            responses[str(status)]["content"] = content
    bad = set(endpoint.errors)
    if not endpoint.any_host:
        bad.update(_ALWAYS)
    if endpoint.scopes:
        bad.update(_WITH_TOKEN)
    if endpoint.writes:
        bad.update((413, 415))
    for status in sorted(bad):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {problems.MEDIA: {"schema": schemas[ProblemDocument]}},
        }
    return responses
