"""What a policy may say, and what the scopes of a token are good for."""

from __future__ import annotations

import pytest
from segue.mesh.v1.options_pb2 import MethodPolicy, Scope

from meshkit.contracts import require_usable
from meshkit.faults import PermissionDenied
from meshkit.interceptors.auth import require_scope
from meshkit.principal import Principal

READ = Scope.PLAYBACK_READ
EDGE = ["edge"]


def who(*scopes: str) -> Principal:
    return Principal("ada", "s1", "free", frozenset(scopes), 0.0, "token")


@pytest.mark.parametrize(
    "policy",
    [
        MethodPolicy(access="USER", scopes=[READ], allowed_callers=EDGE),
        MethodPolicy(access="USER", any_scope=True, allowed_callers=EDGE),
        MethodPolicy(access="PUBLIC", allowed_callers=EDGE),
        MethodPolicy(access="INTERNAL", delegated=["rec"]),
    ],
)
def test_a_policy_that_says_who_may_call_is_taken(policy: MethodPolicy) -> None:
    require_usable("/a/b", policy)


@pytest.mark.parametrize(
    "policy",
    [
        MethodPolicy(),
        MethodPolicy(access="USER", allowed_callers=EDGE),
        MethodPolicy(access="USER", scopes=[READ]),
        MethodPolicy(access="USER", scopes=[READ], any_scope=True, allowed_callers=EDGE),
        MethodPolicy(access="PUBLIC", any_scope=True, allowed_callers=EDGE),
        MethodPolicy(access="PUBLIC", scopes=[READ], allowed_callers=EDGE),
        MethodPolicy(access="INTERNAL", any_scope=True, allowed_callers=["rec"]),
        MethodPolicy(access="INTERNAL", allowed_callers=["rec"], delegated=["rec"]),
    ],
)
def test_a_policy_that_leaves_it_open_is_refused(policy: MethodPolicy) -> None:
    with pytest.raises(ValueError, match="/a/b"):
        require_usable("/a/b", policy)


def test_one_of_several_scopes_is_enough() -> None:
    several = ("playback.read", "playback.control")
    for scope in several:
        require_scope(several, who("admin", scope))
    with pytest.raises(PermissionDenied) as refused:
        require_scope(several, who("admin"))
    assert refused.value.reason == "SCOPE_MISSING"
    assert refused.value.metadata["scope"] == "playback.read playback.control"
