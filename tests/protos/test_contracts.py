"""What every contract must declare, enumerated: a new RPC or reason without it fails here."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import code_pb2
from segue.mesh.v1 import options_pb2

from meshkit import contracts, faults, status
from meshkit.scopes import scope_specs

METHODS = [method for service in contracts.services() for method in service.methods]
SCOPES = options_pb2.Scope.Name.DESCRIPTOR.values[1:]
REASONS = sorted(status.reason_specs())
WORKLOADS = {"edge", "cli", "catalog", "playback", "playlist", "rec", "sync", "identity", "media"}


def name_of(method: MethodDescriptor) -> str:
    return str(method.full_name)


def test_there_are_contracts_to_check() -> None:
    assert len(METHODS) > 20
    assert len(REASONS) > 20


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_every_rpc_declares_its_access(method: MethodDescriptor) -> None:
    contract = contracts.contract_of(method)
    assert contract.allowed_callers | contract.delegated <= WORKLOADS
    assert set(contract.scopes) <= set(scope_specs())


@pytest.mark.parametrize("value", SCOPES, ids=lambda one: str(one.name))
def test_every_scope_is_named_after_its_value_and_says_what_it_allows(value: Any) -> None:
    spec = value.GetOptions().Extensions[options_pb2.scope]
    assert spec.name == value.name.lower().replace("_", ".")
    assert spec.meaning.endswith(".")


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_a_scope_to_read_allows_no_write_and_reads_ask_for_no_more(
    method: MethodDescriptor,
) -> None:
    contract = contracts.contract_of(method)
    if contract.read_only:
        # Commands of a device carry signed addresses of what it is to play.
        if method.full_name != "segue.device.v1.DeviceService.WatchCommands":
            assert not {one for one in contract.scopes if one.endswith((".write", ".control"))}
    else:
        assert not {one for one in contract.scopes if one.endswith(".read")}


def test_a_token_without_a_scope_can_be_given_up_and_nothing_else() -> None:
    any_scope = [method for method in METHODS if contracts.contract_of(method).any_scope]
    assert list(map(name_of, any_scope)) == ["segue.identity.v1.TokenService.RevokeSession"]


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_every_rpc_has_an_http_rule_or_is_internal_or_a_bidi_stream(
    method: MethodDescriptor,
) -> None:
    contract = contracts.contract_of(method)
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    has_rule = rule.WhichOneof("pattern") is not None
    internal = contract.access == options_pb2.MethodPolicy.Access.INTERNAL
    bidi = contract.streams_requests
    assert has_rule != (internal or bidi)


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_internal_rpcs_stand_in_services_and_files_of_their_own(method: MethodDescriptor) -> None:
    internal = contracts.contract_of(method).access == options_pb2.MethodPolicy.Access.INTERNAL
    service = method.containing_service
    assert service.name.endswith("InternalService") == internal
    assert service.file.name.endswith("_internal_service.proto") == internal


def test_no_public_contract_imports_an_internal_one() -> None:
    for service in contracts.services():
        if not service.name.endswith("InternalService"):
            names = {file.name for file in service.file.dependencies}
            assert not {name for name in names if name.endswith("_internal_service.proto")}


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_every_rpc_served_outside_may_be_called_by_the_edge(method: MethodDescriptor) -> None:
    contract = contracts.contract_of(method)
    internal = contract.access == options_pb2.MethodPolicy.Access.INTERNAL
    assert ("edge" in contract.allowed_callers) != internal


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_reads_over_http_get_say_that_they_have_no_side_effects(method: MethodDescriptor) -> None:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if rule.WhichOneof("pattern") == "get":
        assert contracts.contract_of(method).read_only


WRITES = [
    method
    for method in METHODS
    if contracts.contract_of(method).access != options_pb2.MethodPolicy.Access.INTERNAL
    and not contracts.contract_of(method).read_only
]
WITHOUT_REQUEST_ID = {
    # Beats carry a number of their own, and count once by it.
    "segue.playback.v1.HeartbeatService.ReportHeartbeat",
    "segue.playback.v1.HeartbeatService.StreamHeartbeats",
    "segue.device.v1.DeviceService.Connect",
    "segue.device.v1.DeviceService.ReportApplied",
    "segue.rec.v1.RecommendationService.ReportShown",
}


@pytest.mark.parametrize("method", WRITES, ids=name_of)
def test_writes_take_a_request_id(method: MethodDescriptor) -> None:
    takes = "request_id" in method.input_type.fields_by_name
    assert takes != (method.full_name in WITHOUT_REQUEST_ID)


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_no_number_that_json_shows_is_an_int64(method: MethodDescriptor) -> None:
    if contracts.contract_of(method).access == options_pb2.MethodPolicy.Access.INTERNAL:
        return
    pending = [method.input_type, method.output_type]
    seen = set()
    while pending:
        message = pending.pop()
        if message.full_name in seen or message.full_name.startswith("google."):
            continue
        seen.add(message.full_name)
        for field in message.fields:
            assert field.cpp_type not in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64), (
                f"{field.full_name} would be a string in JSON"
            )
            if field.message_type is not None:
                pending.append(field.message_type)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_says_code_meaning_and_action(reason: str) -> None:
    spec = status.reason_specs()[reason]
    assert spec.code not in (code_pb2.OK, code_pb2.UNKNOWN)
    assert spec.meaning.endswith(".")
    assert spec.action.endswith(".")


@pytest.mark.parametrize("reason", REASONS)
def test_every_example_of_a_reason_is_sent_as_its_status(reason: str) -> None:
    spec = status.reason_specs()[reason]
    fault = faults.Fault(
        "example", reason=reason, metadata={one.key: one.value for one in spec.metadata}
    )
    assert status.status_of(fault).code == spec.code


@pytest.mark.parametrize("kind", faults.Fault.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_fault_agrees_with_the_table(kind: type[faults.Fault]) -> None:
    assert status.grpc_code_of(kind.default_reason).name == kind.code
    for narrower in kind.__subclasses__():
        assert status.grpc_code_of(narrower.default_reason).name == kind.code


RESPONSE_BODIES = [
    (method, rule.response_body)
    for method in METHODS
    for top in [method.GetOptions().Extensions[annotations_pb2.http]]
    for rule in (top, *top.additional_bindings)
    if rule.response_body
]


@pytest.mark.parametrize(("method", "name"), RESPONSE_BODIES, ids=lambda one: str(one)[:50])
def test_a_response_body_is_all_that_its_answer_has(method: MethodDescriptor, name: str) -> None:
    # The edge takes it out of the answer by its name, and would drop any other field.
    assert [field.name for field in method.output_type.fields] == [name]
    assert not method.server_streaming


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_a_response_body_is_said_for_all_forms_of_a_call(method: MethodDescriptor) -> None:
    # The edge knows an answer by its method, not by the form in which it was asked for.
    top = method.GetOptions().Extensions[annotations_pb2.http]
    bodies = {rule.response_body for rule in (top, *top.additional_bindings)}
    assert len(bodies) == 1
