"""Resources over HTTP, with byte ranges, without redirects."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from player.domain.playlist import Resource
from player.errors import NetworkFailed, StreamExpired, StreamRefused

_EXPIRED = {403, 404, 410}
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class HttpFetcher:
    """Pooled httpx clients. A Fetcher."""

    def __init__(self, *, connect_timeout_s: float = 5.0, read_timeout_s: float = 15.0) -> None:
        self._timeout = httpx.Timeout(read_timeout_s, connect=connect_timeout_s)
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def _client(self, url: str) -> httpx.AsyncClient:
        """The pool for this scheme.

        Reading the trust store takes long and plain http has no use for it; redirects, which could
        lead to https, are not followed.
        """
        encrypted = not url.lower().startswith("http:")
        if encrypted not in self._clients:
            self._clients[encrypted] = httpx.AsyncClient(
                timeout=self._timeout,
                verify=encrypted,
                follow_redirects=False,
                # Media comes from the mesh itself; a proxy from the environment is not asked for.
                trust_env=False,
                headers={"accept-encoding": "identity", "user-agent": "segue-player"},
            )
        return self._clients[encrypted]

    async def stream(self, resource: Resource) -> AsyncIterator[bytes]:
        """See Fetcher.stream."""
        wanted = resource.byte_range
        headers = {}
        if wanted is not None:
            headers["range"] = f"bytes={wanted.offset}-{wanted.offset + wanted.length - 1}"
        received = 0
        try:
            async with self._client(resource.url).stream(
                "GET", resource.url, headers=headers
            ) as response:
                _check(response, ranged=wanted is not None)
                async for chunk in response.aiter_bytes(16_384):
                    received += len(chunk)
                    if wanted is not None and received > wanted.length:
                        raise StreamRefused("the server sent more than the byte range asked for")
                    yield chunk
        except httpx.HTTPError as error:
            raise NetworkFailed(
                f"fetching {_path(resource.url)} failed: {_reason(error)}"
            ) from error
        except httpx.InvalidURL as error:
            raise StreamRefused(f"not a usable address: {resource.url[:200]!r}") from error
        if wanted is not None and received < wanted.length:
            raise NetworkFailed(
                f"{_path(resource.url)} broke off after {received} of {wanted.length} bytes"
            )

    async def close(self) -> None:
        """Close the pools."""
        for client in self._clients.values():
            await client.aclose()


def _path(url: str) -> str:
    """The last part of the path: signed addresses stay out of messages."""
    return url.rsplit("?", 1)[0].rsplit("/", 1)[-1][:80] or "the stream"


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _check(response: httpx.Response, *, ranged: bool) -> None:
    status, name = response.status_code, _path(str(response.url))
    if status == (206 if ranged else 200):
        return
    if status in _EXPIRED:
        raise StreamExpired(f"the server answered {status} for {name}", status=status)
    if status in _TRANSIENT:
        raise NetworkFailed(f"the server answered {status} for {name}")
    if ranged and status == 200:
        raise StreamRefused(f"the server ignored the byte range for {name}")
    raise StreamRefused(f"the server answered {status} for {name}")
