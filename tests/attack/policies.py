"""What the contracts say of who may call: read from the options themselves, not from the product.

So what ``meshkit.contracts`` makes of a policy is under test, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from segue.mesh.v1 import options_pb2
from segue.mesh.v1.options_pb2 import MethodPolicy, Scope

from meshkit import contracts

EDGE = "edge"
OPERATOR = "cli"

Reasons: TypeAlias = frozenset[str]
"""How a call may be refused; empty: it must be let in."""

LET_IN: Reasons = frozenset()
NOT_SERVED: Reasons = frozenset({"UNIMPLEMENTED", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Credential:
    """What a token is worth: how it is refused, or else which scopes it carries."""

    refused_as: Reasons
    scopes: frozenset[str] = frozenset()


def methods() -> list[MethodDescriptor]:
    """Every RPC of every contract."""
    return [method for service in contracts.services() for method in service.methods]


def name_of(method: MethodDescriptor) -> str:
    """``package.Service/Method``."""
    return f"{method.containing_service.full_name}/{method.name}"


def policy_of(method: MethodDescriptor) -> MethodPolicy:
    """The policy of an RPC."""
    policy: MethodPolicy = method.GetOptions().Extensions[options_pb2.policy]
    return policy


def is_internal(method: MethodDescriptor) -> bool:
    """Whether the edge may not serve it."""
    return policy_of(method).access == MethodPolicy.INTERNAL


def scope_names() -> list[str]:
    """Every scope, as tokens say it."""
    return [spec.name for spec in _scopes().values()]


def _scopes() -> dict[int, options_pb2.ScopeSpec]:
    values = Scope.Name.DESCRIPTOR.values
    return {
        one.number: one.GetOptions().Extensions[options_pb2.scope] for one in values if one.number
    }


def user_scopes() -> frozenset[str]:
    """What every user can have."""
    return frozenset(spec.name for spec in _scopes().values() if not spec.operators_only)


def expected_of_service(method: MethodDescriptor, workload: str, credential: Credential) -> Reasons:
    """How a service must refuse a workload that calls with a token; empty: it must let it in."""
    policy = policy_of(method)
    named = workload in policy.allowed_callers or workload in policy.delegated
    # The operator's command line may call what is internal.
    if not named and not (workload == OPERATOR and is_internal(method)):
        return frozenset({"CALLER_NOT_ALLOWED"})
    # Who is delegated to calls on behalf of a user. The operator does where nobody calls otherwise.
    on_behalf = workload in policy.delegated or (
        workload == OPERATOR and not policy.allowed_callers
    )
    if policy.access != MethodPolicy.USER and not on_behalf:
        return LET_IN
    if credential.refused_as:
        return credential.refused_as
    # Who passes a token on has checked its scopes.
    if policy.access != MethodPolicy.USER or policy.any_scope or workload in policy.delegated:
        return LET_IN
    allowing = {_scopes()[number].name for number in policy.scopes}
    return LET_IN if allowing & credential.scopes else frozenset({"SCOPE_MISSING"})


def expected_of_edge(method: MethodDescriptor, credential: Credential) -> Reasons:
    """The same of who comes by the edge, which serves nothing that is internal."""
    if is_internal(method):
        return NOT_SERVED
    return expected_of_service(method, EDGE, credential)


def json_calls(method: MethodDescriptor) -> Iterator[tuple[str, str, str]]:
    """The JSON forms of an RPC: verb, template of the path, and the field that is the body."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    for one in (rule, *rule.additional_bindings):
        if verb := one.WhichOneof("pattern"):
            yield verb.upper(), str(getattr(one, verb)), str(one.body)
