"""The scopes of access tokens, read once from the one table in ``segue.mesh.v1.Scope``."""

from __future__ import annotations

from functools import cache

from segue.mesh.v1 import options_pb2
from segue.mesh.v1.options_pb2 import Scope, ScopeSpec


@cache
def scope_specs() -> dict[str, ScopeSpec]:
    """What each scope means, by its name in tokens, in the order of the contract."""
    values = Scope.Name.DESCRIPTOR.values
    specs = (value.GetOptions().Extensions[options_pb2.scope] for value in values if value.number)
    return {spec.name: spec for spec in specs}


@cache
def name_of(value: Scope.Name.ValueType) -> str:
    """The name in tokens of a scope of a policy; raises ValueError where it has none."""
    found = Scope.Name.DESCRIPTOR.values_by_number[value]
    name = str(found.GetOptions().Extensions[options_pb2.scope].name)
    if not name:
        raise ValueError(f"the scope {found.name} has no name in segue.mesh.v1")
    return name


def user_scopes() -> tuple[str, ...]:
    """What every user can be given."""
    return tuple(name for name, spec in scope_specs().items() if not spec.operators_only)


def operator_scopes() -> tuple[str, ...]:
    """What the operator of a mesh is given besides."""
    return tuple(name for name, spec in scope_specs().items() if spec.operators_only)
