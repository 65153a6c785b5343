"""The calls of docs/brief.md are in the contracts by these names and with these kinds."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from docs import openapi
from tests.brief_page import PAGE, Field, Row, faults, kind_of, rows

SERVED = {f"{one.verb.upper()} {one.path}": one for one in openapi.bindings()}
IN_JSON = {
    FieldDescriptor.CPPTYPE_STRING: "string",
    FieldDescriptor.CPPTYPE_BOOL: "boolean",
    FieldDescriptor.CPPTYPE_INT32: "number",
    FieldDescriptor.CPPTYPE_UINT32: "number",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
    # By its name; questions may have its number.
    FieldDescriptor.CPPTYPE_ENUM: "string",
}
NAMED = {
    *("GET /search", "POST /playback/play", "POST /playback/pause", "POST /playback/seek"),
    *("PUT /playback/skip", "POST /playlists", "POST /playlists/{playlist_id}/tracks"),
    "GET /recommendations/{playlist_id}",
}


def kind(field: FieldDescriptor) -> str:
    """What a field is in JSON, as the table says it."""
    if field.message_type is None:
        one = IN_JSON[field.cpp_type]
    elif field.message_type.full_name == "google.protobuf.Timestamp":
        one = "string"
    else:
        one = "object"
    return f"{one}s" if field.is_repeated else one


def field_at(message: Descriptor, path: str) -> FieldDescriptor:
    first, _, rest = path.partition(".")
    field = message.fields_by_name[first]
    return field_at(field.message_type, rest) if rest else field


def asked(row: Row) -> Descriptor:
    """The message whose fields a caller sends."""
    binding = SERVED[f"{row.verb} {row.path}"]
    whole = binding.method.input_type
    body = binding.rule.body
    return whole if body in ("", "*") else whole.fields_by_name[body].message_type


def same_kind(field: FieldDescriptor, said: Field) -> bool:
    named_by_number = field.enum_type is not None and said.kind == "number"
    return kind(field) == said.kind or named_by_number


def test_the_calls_that_a_client_cannot_do_without_are_there() -> None:
    assert {f"{row.verb} {row.path}" for row in rows()} >= NAMED


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_call_of_the_page_is_served_and_asked_with_these_fields(row: Row) -> None:
    assert f"{row.verb} {row.path}" in SERVED
    message = asked(row)
    wrong = [one for one in row.asked if not same_kind(field_at(message, one.name), one)]
    assert wrong == []


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_call_of_the_page_answers_with_these_fields(row: Row) -> None:
    binding = SERVED[f"{row.verb} {row.path}"]
    assert not binding.rule.response_body
    answer = binding.method.output_type
    wrong = [one for one in row.answered if kind(field_at(answer, one.name)) != one.kind]
    assert wrong == []
    # What has presence may be absent, whatever it is; nothing else may.
    for one in row.answered:
        field = field_at(answer, one.name)
        assert not one.optional or field.has_presence, one


def test_a_rate_that_is_set_by_its_number_is_the_rung_of_that_rate() -> None:
    row = next(row for row in rows() if row.path == "/me/preferences")
    values = asked(row).fields_by_name["bitrate_pref"].enum_type.values_by_number
    assert {kbps: values[kbps].name for kbps in (128, 192, 256, 320)} == {
        kbps: f"AAC_{kbps}" for kbps in (128, 192, 256, 320)
    }
    assert '`320` becomes `"AAC_320"`' in PAGE.read_text(encoding="utf-8")


SEEK = next(row for row in rows() if row.path == "/playback/seek")


@pytest.mark.parametrize("answer", [{}, {"position_ms": "7"}, {"positionMs": 7}])
def test_an_answer_that_is_not_as_its_row_says_is_found(answer: dict[str, object]) -> None:
    assert faults(SEEK, answer) != []


def test_an_answer_that_is_as_its_row_says_is_clean() -> None:
    assert faults(SEEK, {"position_ms": 7, "revision": 2}) == []
    assert kind_of([1, 2.5]) == "numbers"
