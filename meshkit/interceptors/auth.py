"""The auth stage: the workload by its certificate, the user by the token, both by the contract."""

from __future__ import annotations

from meshkit.contracts import MethodContract
from meshkit.faults import Fault, PermissionDenied, Unauthenticated
from meshkit.principal import set_caller, set_principal
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


def require_caller(contract: MethodContract, context: Context) -> None:
    """Refuses workloads that the contract does not name."""
    workload = workload_of(context)
    if workload not in contract.allowed_callers:
        raise PermissionDenied(
            f"the workload {workload or '(none)'} may not call {contract.path}",
            reason="CALLER_NOT_ALLOWED",
        )
    set_caller(workload)


async def require_user(
    contract: MethodContract, headers: dict[str, str], tokens: TokenVerifier | None
) -> None:
    """Refuses calls whose token is absent, bad, or lacks the scope of the contract."""
    if not contract.needs_user:
        set_principal(None)
        return
    if tokens is None:
        raise Fault(f"{contract.path} is for users and this server verifies no tokens")
    header = headers.get("authorization", "")
    if header[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("this call needs an access token", reason="TOKEN_MISSING")
    principal = await tokens.verify(header[len(_BEARER) :].strip())
    if contract.scope not in principal.scopes:
        raise PermissionDenied(
            f"the access token lacks the scope {contract.scope}",
            reason="SCOPE_MISSING",
            metadata={"scope": contract.scope},
        )
    set_principal(principal)
