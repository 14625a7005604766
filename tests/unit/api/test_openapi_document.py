"""The OpenAPI document is valid, says every route there is, and says no route there is not."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.fakes.api_client import DOCUMENT, ENDPOINTS, VERSION, ApiClient, World, make_parts
from watcher.api.app import every_endpoint, make_app
from watcher.api.openapi import document, operation_id
from watcher.api.pages import render
from watcher.core.events import EventKind
from watcher.services.names.tokens import Scope

CONTRACT = """
GET /api/v1/domains/{name}
POST /api/v1/domains:batch
GET POST /api/v1/protected
GET PATCH DELETE /api/v1/protected/{name}
GET POST /api/v1/own
GET PATCH DELETE /api/v1/own/{name}
GET POST /api/v1/silences
GET PATCH DELETE /api/v1/silences/{id}
GET /api/v1/candidates
GET /api/v1/coverage
GET /api/v1/lookalikes
GET PATCH /api/v1/lookalikes/{name}
POST /api/v1/lookalikes:triage
GET /api/v1/events
GET /api/v1/events/stream
GET /api/v1/deliveries
POST /api/v1/deliveries/{id}:retry
GET /api/v1/channels
POST /api/v1/channels/{name}:test
GET /healthz
GET /readyz
GET /metrics
GET /version
GET /openapi.json
GET /docs
"""


def _routes() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}


def test_every_route_is_in_the_document_and_the_other_way_round(behind: World):
    app = make_app(make_parts(behind))
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert served == _routes()


def test_the_contract_is_kept():
    for line in CONTRACT.strip().splitlines():
        *methods, path = line.split()
        for method in methods:
            assert (method, path) in _routes(), line


def test_operations_have_ids_of_their_own():
    ids = [operation_id(endpoint) for endpoint in ENDPOINTS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9_]+", one) for one in ids)


def test_every_reference_leads_somewhere_and_every_schema_is_a_schema():
    text = json.dumps(DOCUMENT)
    for name in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text):
        assert name in DOCUMENT["components"]["schemas"], name
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_document_is_always_the_same():
    assert document(every_endpoint(VERSION), VERSION) == DOCUMENT


def test_every_path_parameter_is_said():
    for path, methods in DOCUMENT["paths"].items():
        wanted = set(re.findall(r"\{(\w+)\}", path))
        for operation in methods.values():
            assert {p["name"] for p in operation["parameters"] if p["in"] == "path"} == wanted, path


def test_every_kind_of_event_is_named():
    text = json.dumps(DOCUMENT["components"]["schemas"]["Event"])
    for kind in EventKind:
        assert kind.value in text


@pytest.mark.corpus
def test_the_document_is_valid_openapi(corpus: Path):
    schema = json.loads((corpus / "schemas/openapi/openapi-3.1-schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(DOCUMENT)


async def test_what_is_served_is_the_document(api: ApiClient):
    assert (await api.get("/openapi.json")).json == DOCUMENT


async def test_the_page_needs_nothing_from_outside_and_no_script(api: ApiClient):
    answer = await api.get("/docs")
    page = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert not re.findall(r'(?:src|href)="(?!/|#)', page)
    for _, path in _routes():
        assert path in page, path
    for scope in Scope:
        assert f"`{scope.value}`" in page or scope.value in page


def test_the_page_escapes_what_it_shows():
    described = json.loads(json.dumps(DOCUMENT))
    described["info"]["description"] = "<script>alert(1)</script>"
    assert "<script>" not in render(described)
