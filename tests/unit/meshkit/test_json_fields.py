"""Which fields of a body are known, by the message that the body is."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import annotations_pb2, httpbody_pb2
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, struct_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from segue.mesh.v1 import options_pb2

from meshkit.faults import InvalidArgument
from meshkit.interceptors.json_fields import HEADER, JsonFields

FIELD = descriptor_pb2.FieldDescriptorProto


def method(body: str, *, further: str | None = None) -> MethodDescriptor:
    """A method whose request has every kind of field that a body can be of or hold."""
    modules = (annotations_pb2, httpbody_pb2, any_pb2, struct_pb2)
    imports = [module.DESCRIPTOR for module in modules]
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.dependency.extend(one.name for one in imports)
    _add_field(file.message_type.add(name="Inner"), "new_name", former="old_name")
    request = file.message_type.add(name="Request")
    entry = request.nested_type.add(name="LabelsEntry")
    entry.options.map_entry = True
    _add_field(entry, "key")
    _add_field(entry, "value", ".t.Inner")
    _add_field(request, "labels", ".t.Request.LabelsEntry", label=FIELD.LABEL_REPEATED)
    _add_field(request, "inner_one", ".t.Inner")
    _add_field(request, "anything", ".google.protobuf.Any")
    _add_field(request, "free", ".google.protobuf.Struct")
    _add_field(request, "file", ".google.api.HttpBody")
    call = file.service.add(name="S").method.add(name="M")
    call.input_type = call.output_type = ".t.Request"
    rule = call.options.Extensions[annotations_pb2.http]
    rule.post, rule.body = "/t", body
    if further is not None:
        rule.additional_bindings.add(put="/t", body=further)
    pool = descriptor_pool.DescriptorPool()
    for one in imports:
        _copy(pool, one)
    pool.Add(file)
    return pool.FindServiceByName("t.S").methods_by_name["M"]


def _copy(pool: Any, file: FileDescriptor) -> None:
    for dependency in file.dependencies:
        _copy(pool, dependency)
    found = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(found)
    pool.Add(found)


def _add_field(
    message: Any, name: str, type_name: str = "", *, label: Any = None, former: str = ""
) -> None:
    kind = FIELD.TYPE_MESSAGE if type_name else FIELD.TYPE_STRING
    field = message.field.add(name=name, number=len(message.field) + 1, type=kind)
    field.label = label or FIELD.LABEL_OPTIONAL
    if type_name:
        field.type_name = type_name
    if former:
        field.options.Extensions[options_pb2.formerly] = former


def refused(fields: JsonFields, told: str) -> str:
    """The field that is refused; empty: none is. Told twice it is the same."""
    found = []
    for _ in range(2):
        try:
            fields.require_known({HEADER: told})
            found.append("")
        except InvalidArgument as fault:
            found.append(fault.violations[0].field)
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("body", "told", "field"),
    [
        ("*", "inner_one,inner_one.new_name,innerOne,innerOne.newName", ""),
        ("*", "inner_one,inner_one.nw,other", "inner_one.nw"),
        ("*", "inner_one.new_name.deeper", "inner_one.new_name.deeper"),
        ("*", "InnerOne", "InnerOne"),
        ("*", "labels,labels.any%20key,labels.any%20key.new_name", ""),
        ("*", "labels.key.nw", "labels.key.nw"),
        ("*", "anything,anything.%40type,anything.x.y,free.a.b", ""),
        ("*", "a%2Eb", "a.b"),
        ("*", "*", "body"),
        ("", "inner_one", ""),
        ("", "other", "other"),
        ("inner_one", "new_name", ""),
        ("inner_one", "inner_one", "inner_one.inner_one"),
        ("file", "keys,keys.kid,%FF", ""),
        ("file", "*", ""),
    ],
)
def test_a_path_is_known_by_the_message_that_the_body_is(body: str, told: str, field: str) -> None:
    assert refused(JsonFields(method(body)), told) == field


def test_a_body_may_be_what_any_binding_says() -> None:
    fields = JsonFields(method("inner_one", further="*"))
    assert refused(fields, "new_name") == refused(fields, "inner_one,inner_one.new_name") == ""
    assert refused(fields, "nw") == "nw"


def test_a_renamed_field_is_told_by_its_new_name() -> None:
    with pytest.raises(InvalidArgument) as told:
        JsonFields(method("*")).require_known({HEADER: "inner_one.old_name"})
    assert told.value.message == "inner_one.old_name: is now called new_name"
    assert told.value.metadata["renamed_to"] == "new_name"


def test_a_call_that_is_not_json_is_let_through() -> None:
    JsonFields(method("*")).require_known({})
