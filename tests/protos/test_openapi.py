"""The OpenAPI document: whole, valid by others' rules, and with every word that it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from docs import openapi
from edge.envoy.exposure import ExposedMethod, exposed_methods
from meshkit import contract_files, status

DOCUMENT: dict[str, Any] = json.loads(contract_files.openapi())
OPERATIONS = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_the_document_is_what_the_contracts_say() -> None:
    assert openapi.document() == DOCUMENT


def test_it_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    validate(DOCUMENT)


@pytest.mark.parametrize("method", exposed_methods(), ids=lambda method: method.contract.path)
def test_every_json_form_of_a_call_is_an_operation(method: ExposedMethod) -> None:
    assert {path for _, path in method.json_calls} <= set(DOCUMENT["paths"])


def test_nothing_is_an_operation_that_the_edge_does_not_serve() -> None:
    served = sum(len(method.json_calls) for method in exposed_methods())
    assert len(OPERATIONS) == sum(map(len, DOCUMENT["paths"].values())) == served


def properties(schema: Any, at: str) -> Iterator[tuple[str, Any]]:
    """Every property in a schema, those of objects inside it too, with where it stands."""
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{at}.{name}", each
        for key, each in schema.items():
            yield from properties(each, f"{at}.{key}")
    elif isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from properties(each, f"{at}[{number}]")


def test_every_property_is_described() -> None:
    silent = [at for at, each in properties(SCHEMAS, "") if not each.get("description")]
    assert silent == []


def test_every_schema_is_described() -> None:
    assert [name for name, schema in SCHEMAS.items() if not schema.get("description")] == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_it_does_takes_and_needs(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"].strip(".")
    assert operation["description"]
    for parameter in operation["parameters"]:
        assert parameter["description"], parameter["name"]
    bodies = operation.get("requestBody", {"content": {}})["content"].values()
    for at, each in properties([body["schema"] for body in bodies], name):
        assert each["description"], at


@pytest.mark.parametrize("method", exposed_methods(), ids=lambda method: method.contract.path)
def test_an_operation_needs_one_of_the_scopes_of_its_policy(method: ExposedMethod) -> None:
    service, _, name = method.contract.path.rpartition("/")
    if not method.has_json:
        return
    operation = OPERATIONS[f"{service.rpartition('.')[2]}_{name}"]
    scopes = [scope for one in operation["security"] for scope in one["bearer"]]
    assert scopes == sorted(method.contract.scopes)
    assert bool(operation["security"]) != method.is_public


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_fails_in_the_form_of_errors(name: str) -> None:
    responses = OPERATIONS[name]["responses"]
    assert {"200", "400", "500", "default"} <= set(responses)
    for http, answer in responses.items():
        if http not in ("200", "304"):
            shared = answer.get("$ref", "").rpartition("/")[2]
            told = DOCUMENT["components"]["responses"][shared] if shared else answer
            reference = told["content"]["application/json"]["schema"]["$ref"]
            assert reference == "#/components/schemas/google.rpc.Status"


def test_the_reasons_of_a_call_stand_at_their_status() -> None:
    responses = OPERATIONS["PlaylistService_AddTracks"]["responses"]
    assert "`NOT_FOUND`" in responses["404"]["description"]
    assert "`PLAYLIST_FULL`" in responses["400"]["description"]


def test_what_any_call_can_fail_with_is_known() -> None:
    assert set(openapi.COMMON_REASONS) <= set(status.reason_specs())


def test_a_read_has_a_tag_and_nothing_for_who_holds_it() -> None:
    responses = OPERATIONS["CatalogService_GetTrack"]["responses"]
    assert "etag" in responses["200"]["headers"]
    assert "content" not in responses["304"]
    assert "304" not in OPERATIONS["PlaybackService_Play"]["responses"]


def test_a_stream_is_events_of_its_message() -> None:
    answer = OPERATIONS["PlaybackService_WatchPlayback"]["responses"]["200"]
    events = answer["content"]["text/event-stream"]["schema"]
    assert events["contentSchema"]["$ref"].endswith("segue.playback.v1.WatchPlaybackResponse")


def test_a_file_is_bytes_of_any_type() -> None:
    answer = OPERATIONS["TransferService_ExportPlaylist"]["responses"]["200"]
    assert list(answer["content"]) == ["*/*"]


def test_what_is_sent_has_no_field_beyond_the_contract() -> None:
    body = OPERATIONS["PlaybackService_Play"]["requestBody"]["content"]["application/json"]
    schema = SCHEMAS[body["schema"]["$ref"].rpartition("/")[2]]
    assert schema["additionalProperties"] is False
    assert {"track_id", "device_id", "position_ms"} <= set(schema["properties"])


def test_the_bounds_of_what_is_sent_are_the_contracts() -> None:
    parameters = {
        (name, parameter["name"]): parameter["schema"]
        for name, operation in OPERATIONS.items()
        for parameter in operation["parameters"]
    }
    assert parameters["CatalogService_GetTrack", "id"]["pattern"].startswith("^(?:[0-7]")
    page_size = parameters["CatalogService_ListTracks", "page_size"]
    assert (page_size["minimum"], page_size["default"]) == (0, 50)
    created = SCHEMAS["segue.identity.v1.CreateUserRequestInput"]
    assert "username" in created["required"]
    assert created["properties"]["username"]["pattern"] == "^(?:[a-z0-9][a-z0-9._-]{2,31})$"
