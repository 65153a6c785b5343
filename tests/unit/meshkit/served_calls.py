"""What code does while a call is being served, without a server."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from meshkit.principal import Principal, set_call, set_principal

T = TypeVar("T")


def in_call(method: str, do: Callable[[], T], *, user_id: str = "user") -> T:
    """What ``do`` returns inside of a call of ``method`` by a user."""

    def serve() -> T:
        set_call(("edge", method))
        set_principal(Principal(user_id, "sid", "free", frozenset(), 0.0, "token"))
        return do()

    return copy_context().run(serve)
