"""The auth stage: the workload by its certificate, the user by the token, both by the contract."""

from __future__ import annotations

from functools import cache

from meshkit.contracts import MethodContract
from meshkit.faults import Fault, PermissionDenied, Unauthenticated
from meshkit.principal import Principal, set_call, set_principal
from meshkit.server_context import Context
from meshkit.tokens import TokenVerifier

SPIFFE_PREFIX = b"spiffe://segue.internal/"
_BEARER = "bearer "


def workload_of(context: Context) -> str:
    """The workload named by the peer's verified certificate; empty where it names none."""
    for name in context.auth_context().get("x509_subject_alternative_name", ()):
        if name.startswith(SPIFFE_PREFIX):
            return str(name[len(SPIFFE_PREFIX) :], "ascii", "replace")
    return ""


def require_caller(contract: MethodContract, context: Context) -> str:
    """The calling workload; refuses those that the contract does not admit."""
    workload = workload_of(context)
    if not contract.admits(workload):
        raise PermissionDenied(
            f"the workload {workload or '(none)'} may not call {contract.path}",
            reason="CALLER_NOT_ALLOWED",
        )
    set_call(_call(workload, contract.path))
    return workload


@cache
def _call(workload: str, path: str) -> tuple[str, str]:
    """One object for all calls alike: tens of thousands of them are held at a time."""
    return workload, path


async def require_user(
    contract: MethodContract,
    caller: str,
    headers: dict[str, str],
    tokens: TokenVerifier | None,
) -> None:
    """Refuses calls whose token is absent, bad, or lacks every scope of the contract."""
    if not contract.needs_user(caller):
        set_principal(None)
        return
    if tokens is None:
        raise Fault(f"{contract.path} is for users and this server verifies no tokens")
    header = headers.get("authorization", "")
    if header[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("this call needs an access token", reason="TOKEN_MISSING")
    principal = await tokens.verify(header[len(_BEARER) :].strip())
    if contract.needs_scope(caller):
        require_scope(contract.scopes, principal)
    set_principal(principal)


def require_scope(scopes: tuple[str, ...], principal: Principal) -> None:
    """Refuses a user whose token carries none of ``scopes``."""
    if principal.scopes.isdisjoint(scopes):
        raise PermissionDenied(
            f"the access token lacks the scope {' or '.join(scopes)}",
            reason="SCOPE_MISSING",
            metadata={"scope": " ".join(scopes)},
        )
