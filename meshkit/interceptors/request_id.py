"""The request id stage: takes the caller's id or makes one."""

from __future__ import annotations

import re

from meshkit.principal import set_request_id
from meshkit.ulids import new_id

HEADER = "x-request-id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def begin(headers: dict[str, str]) -> str:
    """Sets the request id of this context and returns it."""
    offered = headers.get(HEADER, "")
    request_id = offered if _ACCEPTED.fullmatch(offered) else new_id()
    set_request_id(request_id)
    return request_id
