"""What the contracts say about each RPC: kind, access policy, idempotency. Read once."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from segue.mesh.v1 import options_pb2

from meshkit import scopes

_NO_SIDE_EFFECTS = MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS
OPERATOR = "cli"
"""The workload whose certificate people at the command line have."""

_USER = options_pb2.MethodPolicy.Access.USER
_INTERNAL = options_pb2.MethodPolicy.Access.INTERNAL
_IDEMPOTENCY_UNKNOWN = MethodOptions.IdempotencyLevel.IDEMPOTENCY_UNKNOWN


@dataclass(frozen=True, slots=True)
class MethodContract:
    """One RPC as its contract declares it.

    ``path`` is the gRPC path, ``/package.Service/Method``. ``access`` is a value of
    ``MethodPolicy.Access``. A token needs one of ``scopes``, unless ``any_scope`` says that each
    will do or a workload of ``delegated`` passes it on. ``request`` is the message that it takes.
    """

    path: str
    service: str
    access: int
    scopes: tuple[str, ...]
    any_scope: bool
    allowed_callers: frozenset[str]
    delegated: frozenset[str]
    retryable: bool
    read_only: bool
    streams_requests: bool
    streams_responses: bool
    request: Descriptor

    @property
    def is_stream(self) -> bool:
        """Whether either side sends more than one message."""
        return self.streams_requests or self.streams_responses

    def admits(self, caller: str) -> bool:
        """Whether a workload may call it; the operator may call what is internal."""
        named = caller in self.allowed_callers or caller in self.delegated
        return named or (caller == OPERATOR and self.access == _INTERNAL)

    def needs_user(self, caller: str) -> bool:
        """Whether the call of a workload must carry a user's access token."""
        on_behalf = caller in self.delegated or (caller == OPERATOR and not self.allowed_callers)
        return self.access == _USER or on_behalf

    def needs_scope(self, caller: str) -> bool:
        """Whether that token must carry one of the scopes."""
        return self.access == _USER and not self.any_scope and caller not in self.delegated


def load_all() -> list[ModuleType]:
    """Imports every generated module, so that reflection and the edge see the whole set."""
    root = importlib.import_module("segue")
    names = {
        ".".join(("segue", *path.relative_to(folder).with_suffix("").parts))
        for folder in map(Path, root.__path__)
        for path in folder.rglob("*_pb2.py")
    }
    return [importlib.import_module(name) for name in sorted(names)]


@cache
def services() -> tuple[ServiceDescriptor, ...]:
    """Every service of the contracts, by full name."""
    found = [
        descriptor
        for module in load_all()
        for descriptor in module.DESCRIPTOR.services_by_name.values()
    ]
    return tuple(sorted(found, key=lambda descriptor: str(descriptor.full_name)))


def contract_of(method: MethodDescriptor) -> MethodContract:
    """The contract of one method; raises ValueError where it declares no usable policy."""
    service = method.containing_service
    path = f"/{service.full_name}/{method.name}"
    options = method.GetOptions()
    policy = options.Extensions[options_pb2.policy]
    require_usable(path, policy)
    return MethodContract(
        path=path,
        service=service.full_name,
        access=policy.access,
        scopes=tuple(map(scopes.name_of, policy.scopes)),
        any_scope=policy.any_scope,
        allowed_callers=frozenset(policy.allowed_callers),
        delegated=frozenset(policy.delegated),
        retryable=options.idempotency_level != _IDEMPOTENCY_UNKNOWN,
        read_only=options.idempotency_level == _NO_SIDE_EFFECTS,
        streams_requests=method.client_streaming,
        streams_responses=method.server_streaming,
        request=method.input_type,
    )


def require_usable(path: str, policy: options_pb2.MethodPolicy) -> None:
    """Refuses a policy that leaves open who may call; raises ``ValueError`` that names ``path``."""
    kinds = options_pb2.MethodPolicy.Access
    if policy.access == kinds.ACCESS_UNSPECIFIED:
        raise ValueError(f"{path} declares no access in its segue.mesh.v1.policy option")
    if not policy.allowed_callers and not policy.delegated:
        raise ValueError(f"{path} names no callers in its segue.mesh.v1.policy option")
    if not set(policy.allowed_callers).isdisjoint(policy.delegated):
        raise ValueError(f"{path} names a workload both as allowed and as delegated")
    if policy.any_scope and policy.scopes:
        raise ValueError(f"{path} names scopes and says that none is needed")
    if (policy.access == kinds.USER) != (policy.any_scope or bool(policy.scopes)):
        raise ValueError(f"{path} must say its scopes exactly where it is for users")
    if (policy.access == kinds.PUBLIC) and policy.delegated:
        raise ValueError(f"{path} is public, so nobody needs to be delegated to")


def contracts_of(service: ServiceDescriptor) -> Iterator[MethodContract]:
    """The contracts of a service's methods, in the order of the file."""
    for method in service.methods:
        yield contract_of(method)


@cache
def all_contracts() -> dict[str, MethodContract]:
    """Every RPC of the contracts by gRPC path."""
    return {contract.path: contract for service in services() for contract in contracts_of(service)}


def method_of(contract: MethodContract) -> MethodDescriptor:
    """The descriptor of the RPC."""
    (service,) = (one for one in services() if one.full_name == contract.service)
    return service.methods_by_name[contract.path.rpartition("/")[2]]
