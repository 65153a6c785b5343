"""The rules of a field, as a request meets them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from google.protobuf.message import Message
from segue.mesh.v1 import validation_pb2

from meshkit.validation import checker_of

Field = descriptor_pb2.FieldDescriptorProto
ULID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"

PRESENT = {"proto3_optional": True}
FIELDS: tuple[tuple[str, int, dict[str, Any], dict[str, Any]], ...] = (
    ("title", Field.TYPE_STRING, {"min_length": 2, "max_length": 3}, PRESENT),
    ("track_id", Field.TYPE_STRING, {"required": True, "form": "ULID"}, {}),
    ("code", Field.TYPE_STRING, {"pattern": "[a-z]{2}|[0-9]{3}"}, {}),
    ("percent", Field.TYPE_INT32, {"minimum": 0, "maximum": 100}, {}),
    ("number", Field.TYPE_INT32, {"required": True, "minimum": 1}, {}),
    ("share", Field.TYPE_DOUBLE, {"maximum": 0.5}, {}),
    ("content", Field.TYPE_BYTES, {"max_bytes": 4}, {}),
    ("ids", Field.TYPE_STRING, {"form": "ULID", "min_items": 1, "max_items": 2}, {"label": 3}),
    (
        "wait",
        Field.TYPE_MESSAGE,
        {"minimum": 1, "maximum": 10},
        {"type_name": ".google.protobuf.Duration"},
    ),
    ("page_size", Field.TYPE_INT32, {"page_size": {"default_size": 5, "max_size": 9}}, {}),
    ("kind", Field.TYPE_ENUM, {"required": True}, {"type_name": ".test.Kind"}),
    ("kinds", Field.TYPE_ENUM, {}, {"type_name": ".test.Kind", "label": 3}),
    ("inner", Field.TYPE_MESSAGE, {}, {"type_name": ".test.Inner"}),
    ("words", Field.TYPE_STRING, {}, {"label": 3}),
    ("inners", Field.TYPE_MESSAGE, {"max_items": 2}, {"type_name": ".test.Inner", "label": 3}),
)


def declared(message: Any, fields: Any) -> None:
    for number, (name, kind, rules, more) in enumerate(fields, 1):
        more = {"label": Field.LABEL_OPTIONAL, **more}
        if more.get("proto3_optional"):
            more["oneof_index"] = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{name}")
        field = message.field.add(name=name, number=number, type=kind, **more)
        if rules:
            field.options.Extensions[validation_pb2.rules].CopyFrom(
                validation_pb2.FieldRules(**rules)
            )


def compiled(*fields: tuple[str, int, dict[str, Any], dict[str, Any]]) -> type[Message]:
    """The class of a message with these fields, in a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="test.proto", package="test", syntax="proto3")
    file.dependency[:] = ["google/protobuf/duration.proto"]
    kind = file.enum_type.add(name="Kind")
    for number, name in enumerate(("KIND_UNSPECIFIED", "ONE", "TWO")):
        kind.value.add(name=name, number=number)
    inner = file.message_type.add(name="Inner")
    declared(inner, [("text", Field.TYPE_STRING, {"max_length": 3}, {})])
    choice = file.message_type.add(name="Choice")
    choice.oneof_decl.add(name="what").options.Extensions[validation_pb2.one_required] = True
    declared(choice, [(name, Field.TYPE_STRING, {}, {"oneof_index": 0}) for name in ("a", "b")])
    declared(file.message_type.add(name="Request"), fields)
    pool = descriptor_pool.DescriptorPool()
    for needed in (descriptor_pb2, duration_pb2):
        pool.AddSerializedFile(needed.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles(["test.proto"], pool)
    return classes["test.Choice" if not fields else "test.Request"]


Request: Any = compiled(*FIELDS)
GOOD = {"track_id": ULID, "number": 1, "ids": [ULID], "kind": 1}


def wrong_in(**fields: Any) -> tuple[str, str] | None:
    """The field that is named, and the words."""
    check = checker_of(Request.DESCRIPTOR)
    assert check is not None
    request = Request(**{**GOOD, **fields})
    wrong = check(request)
    return None if wrong is None else (wrong.field, wrong.description)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"title": "äß"},
        {"title": "äßé"},
        {"code": "ab"},
        {"code": "123"},
        {"percent": 100},
        {"share": 0.5},
        {"content": b"1234"},
        {"ids": [ULID, ULID]},
        {"wait": {"seconds": 1}},
        {"wait": {"seconds": 10}},
        {"page_size": 1_000_000},
        {"kind": 2, "kinds": [1, 2]},
        {"inner": {"text": "abc"}},
        {"inners": [{}, {"text": "abc"}]},
    ],
)
def test_what_is_within_its_bounds_is_taken(fields: dict[str, Any]) -> None:
    assert wrong_in(**fields) is None


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"title": ""}, "title", "must have 2 to 3 characters"),
        ({"title": "a"}, "title", "must have 2 to 3 characters"),
        ({"title": "abcd"}, "title", "must have 2 to 3 characters"),
        ({"track_id": ""}, "track_id", "must not be empty"),
        ({"track_id": ULID + "0"}, "track_id", "must be a ULID: 26 upper-case characters"),
        ({"track_id": ULID + "\n"}, "track_id", "must be a ULID: 26 upper-case characters"),
        ({"title": "a\0"}, "title", "must not hold the character NUL"),
        ({"inner": {"text": "\0"}}, "inner.text", "must not hold the character NUL"),
        ({"inners": [{}, {"text": "\0"}]}, "inners[1].text", "must not hold the character NUL"),
        ({"words": ["a", "b\0"]}, "words[1]", "must not hold the character NUL"),
        ({"code": "abc"}, "code", "must be of the form [a-z]{2}|[0-9]{3}"),
        ({"code": "12\u0663"}, "code", "must be of the form [a-z]{2}|[0-9]{3}"),
        ({"percent": -1}, "percent", "must be from 0 to 100"),
        ({"percent": 101}, "percent", "must be from 0 to 100"),
        ({"number": 0}, "number", "must be set"),
        ({"number": -1}, "number", "must be at least 1"),
        ({"share": 0.51}, "share", "must be at most 0.5"),
        ({"share": float("nan")}, "share", "must be at most 0.5"),
        ({"content": b"12345"}, "content", "must have at most 4 bytes"),
        ({"ids": []}, "ids", "must be 1 to 2 items"),
        ({"ids": [ULID] * 3}, "ids", "must be 1 to 2 items"),
        ({"ids": [ULID, ""]}, "ids[1]", "must be a ULID: 26 upper-case characters"),
        ({"wait": {}}, "wait", "must be from 1 to 10 s"),
        ({"wait": {"seconds": 10, "nanos": 1}}, "wait", "must be from 1 to 10 s"),
        ({"page_size": -1}, "page_size", "must not be negative"),
        ({"kind": 0}, "kind", "must be one of ONE, TWO"),
        ({"kind": 3}, "kind", "must be one of ONE, TWO"),
        ({"kinds": [1, 3]}, "kinds[1]", "must be one of ONE, TWO"),
        ({"kinds": [0]}, "kinds[0]", "must be one of ONE, TWO"),
        ({"inner": {"text": "abcd"}}, "inner.text", "must have at most 3 characters"),
        ({"inners": [{}, {"text": "abcd"}]}, "inners[1].text", "must have at most 3 characters"),
        ({"inners": [{}] * 3}, "inners", "must be at most 2 items"),
    ],
)
def test_what_is_beyond_a_bound_is_named_by_its_path(
    fields: dict[str, Any], field: str, words: str
) -> None:
    assert wrong_in(**fields) == (field, words)


def test_one_field_of_a_oneof_that_must_be_set_is_enough() -> None:
    choice = compiled()
    check = checker_of(choice.DESCRIPTOR)
    assert check is not None
    assert check(choice(a="")) is None
    wrong = check(choice())
    assert wrong is not None
    assert (wrong.field, wrong.description) == ("what", "must be one of a, b")


def test_a_message_without_rules_has_no_checker() -> None:
    assert checker_of(duration_pb2.Duration.DESCRIPTOR) is None


@pytest.mark.parametrize(
    ("kind", "rules", "more"),
    [
        (Field.TYPE_STRING, {"maximum": 3}, {}),
        (Field.TYPE_STRING, {"max_items": 3}, {}),
        (Field.TYPE_STRING, {"form": "ULID", "pattern": "x"}, {}),
        (Field.TYPE_INT32, {"max_length": 3}, {}),
        (Field.TYPE_STRING, {"required": True}, {"label": 3}),
        (Field.TYPE_BYTES, {"max_length": 3}, {}),
        (Field.TYPE_DOUBLE, {"page_size": {"max_size": 3}}, {}),
    ],
)
def test_a_rule_that_says_nothing_of_its_field_is_an_error(
    kind: int, rules: dict[str, Any], more: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"says nothing of test\.Request\.field"):
        checker_of(compiled(("field", kind, rules, more)).DESCRIPTOR)
