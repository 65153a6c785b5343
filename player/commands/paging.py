"""Lists that a service answers in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from player.mesh_client import MeshClient

PAGE = 500
"""The most that a service answers in a page."""


async def pages(client: MeshClient, method: Any, request: Any) -> AsyncIterator[Any]:
    """The answers of ``method`` from ``request`` on, to the last page; ``request`` is changed."""
    while True:
        answer = await client.call(method, request)
        yield answer
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token
