"""Every bound of a request has cases, and a service that checks another bound would be found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message
from segue.mesh.v1 import validation_pb2

from meshkit import contracts
from meshkit.validation import checker_of, is_required, rules_of
from tests.bound_cases import Case, cases_of

METHODS = [method for service in contracts.services() for method in service.methods]
# What a rule is called in a case, where that is not by its own name.
CALLED = {"pattern": "form"}


def answer_of(case: Case, checked: Message | None = None) -> tuple[str, list[str]]:
    """What the checker of the contract, or of another message's, says to a case."""
    request = case.request if checked is None else checked
    check = checker_of(request.DESCRIPTOR)
    wrong = check(request) if check else None
    return ("", []) if wrong is None else ("INVALID_FIELD", [wrong.field])


def problems(cases: list[Case]) -> list[str]:
    return [said for case in cases if (said := case.problem_with(*answer_of(case)))]


def bounds_of(message: Descriptor, path: str = "") -> Iterator[tuple[str, str]]:
    """Every bound that a message declares: the path of the field, and the rule."""
    for field in message.fields:
        name = f"{path}{field.name}"
        for option, _ in rules_of(field).ListFields():
            about_list = option.name in ("min_items", "max_items") or not field.is_repeated
            yield name if about_list else f"{name}[0]", CALLED.get(option.name, option.name)
        if field.message_type is not None and field.message_type.full_name.startswith("segue."):
            yield from bounds_of(field.message_type, f"{name}{'[0]' * field.is_repeated}.")
    for oneof in message.oneofs:
        if is_required(oneof):
            yield f"{path}{oneof.name}", "one_required"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_the_checker_takes_what_is_at_a_bound_and_refuses_one_beyond(
    method: MethodDescriptor,
) -> None:
    assert problems(list(cases_of(method))) == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_every_bound_has_a_case_beyond_it(method: MethodDescriptor) -> None:
    beyond = {(case.field, case.bound) for case in cases_of(method) if case.refused}
    assert set(bounds_of(method.input_type)) <= beyond


def test_there_are_bounds_to_drive_at() -> None:
    bounds = {bound for method in METHODS for _, bound in bounds_of(method.input_type)}
    assert {"required", "form", "max_length", "max_items", "page_size"} <= bounds


Field = descriptor_pb2.FieldDescriptorProto


def listing(**rules: Any) -> MethodDescriptor:
    """A method whose request has a field of each kind, in a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="planted.proto", syntax="proto3")
    file.package = "planted"
    request = file.message_type.add(name="Request")
    text, whole = Field.TYPE_STRING, Field.TYPE_INT32
    kinds = {"ids": (text, 3), "text": (text, 1), "number": (whole, 1), "content": (12, 1)}
    for number, (name, (kind, label)) in enumerate(kinds.items(), 1):
        field = request.field.add(name=name, number=number, type=kind, label=label)
        field.options.Extensions[validation_pb2.rules].CopyFrom(rules[name])
    service = file.service.add(name="Service")
    service.method.add(name="List", input_type=".planted.Request", output_type=".planted.Request")
    pool = descriptor_pool.DescriptorPool()
    for needed in (descriptor_pb2, duration_pb2):
        pool.AddSerializedFile(needed.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return pool.FindMethodByName("planted.Service.List")


Rules = validation_pb2.FieldRules
SAID = {
    "ids": Rules(form=Rules.ULID, min_items=1, max_items=500),
    "text": Rules(required=True, min_length=3, max_length=200),
    "number": Rules(minimum=10, maximum=100),
    "content": Rules(max_bytes=16),
}
PLANTED = [
    ("ids", Rules(form=Rules.ULID, min_items=1, max_items=501)),
    ("ids", Rules(form=Rules.ULID, min_items=1, max_items=499)),
    ("ids", Rules(form=Rules.ULID, min_items=0, max_items=500)),
    ("ids", Rules(form=Rules.ULID, min_items=2, max_items=500)),
    ("ids", Rules(min_items=1, max_items=500)),
    ("ids", Rules(form=Rules.DEVICE_ID, min_items=1, max_items=500)),
    ("text", Rules(min_length=3, max_length=200)),
    ("text", Rules(required=True, min_length=2, max_length=200)),
    ("text", Rules(required=True, min_length=4, max_length=200)),
    ("text", Rules(required=True, min_length=3, max_length=201)),
    ("text", Rules(required=True, min_length=3, max_length=199)),
    ("number", Rules(minimum=9, maximum=100)),
    ("number", Rules(minimum=11, maximum=100)),
    ("number", Rules(minimum=10, maximum=101)),
    ("number", Rules(minimum=10, maximum=99)),
    ("content", Rules(max_bytes=17)),
    ("content", Rules(max_bytes=15)),
]


def test_a_service_that_checks_what_the_contract_says_has_no_problem() -> None:
    assert problems(list(cases_of(listing(**SAID)))) == []


@pytest.mark.parametrize(("field", "rules"), PLANTED, ids=str)
def test_a_service_that_checks_another_bound_is_found(
    field: str, rules: validation_pb2.FieldRules
) -> None:
    wrong = message_factory.GetMessageClass(listing(**{**SAID, field: rules}).input_type)
    found = [
        said
        for case in cases_of(listing(**SAID))
        if (
            said := case.problem_with(
                *answer_of(case, wrong.FromString(case.request.SerializeToString()))
            )
        )
    ]
    assert found
