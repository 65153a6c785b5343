"""Who calls what: the user behind the access token, the workload behind the certificate."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from meshkit.faults import Unauthenticated


@dataclass(frozen=True, slots=True)
class Principal:
    """The user on whose behalf a call is made, as the verified access token says.

    ``expires_at`` is in seconds since the epoch. ``token`` is forwarded to other services and
    never shown.
    """

    user_id: str
    sid: str
    tier: str
    scopes: frozenset[str]
    expires_at: float
    token: str = field(repr=False)


_principal: ContextVar[Principal | None] = ContextVar("segue_principal", default=None)
_call: ContextVar[tuple[str, str]] = ContextVar("segue_call", default=("", ""))
_request_id: ContextVar[str] = ContextVar("segue_request_id", default="")


def current_principal() -> Principal:
    """The user of the call that is being served; raises Unauthenticated where there is none."""
    principal = _principal.get()
    if principal is None:
        raise Unauthenticated("this call needs a user", reason="TOKEN_MISSING")
    return principal


def principal_or_none() -> Principal | None:
    """The user of the call that is being served, if any."""
    return _principal.get()


def set_principal(principal: Principal | None) -> None:
    """Makes ``principal`` the user of this context: by the auth stage, or a renewed token."""
    _principal.set(principal)


def current_caller() -> str:
    """The workload that makes the call, e.g. ``edge``; empty outside of a call."""
    return _call.get()[0]


def current_method() -> str:
    """The gRPC path of the call that is being served, ``/package.Service/Method``.

    Raises LookupError outside of a call.
    """
    path = _call.get()[1]
    if not path:
        raise LookupError("no call is being served here")
    return path


def set_call(call: tuple[str, str]) -> None:
    """Makes ``call`` the current one: its caller and its gRPC path, by the auth stage alone."""
    _call.set(call)


def current_request_id() -> str:
    """The id that ties together what one outside call did in every service; empty outside."""
    return _request_id.get()


def set_request_id(request_id: str) -> None:
    """Makes ``request_id`` the id of the current context: by the request id stage alone."""
    _request_id.set(request_id)
