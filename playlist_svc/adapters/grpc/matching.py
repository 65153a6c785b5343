"""The catalogue's matching over gRPC, and the retries that an import has with the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import stamina
from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import SearchInternalServiceStub

from meshkit.faults import DeadlineExceeded, Unavailable
from playlist_svc.ports.matching import Description, Match, Matched, Matching
from playlist_svc.ports.tracks import Catalogue, Track

SEARCH = pb.DESCRIPTOR.services_by_name["SearchInternalService"]

_MATCH_S = 10.0
_LONGEST_MS = 2**31 - 1
_LONGEST_TEXT = 500

_T = TypeVar("_T")
_Response = pb.MatchTracksResponse
_MATCHES = {_Response.EXACT: Match.EXACT, _Response.SIMILAR: Match.SIMILAR}


class CatalogueMatching:
    """``Matching`` that asks the catalog service; a call has 10 s of its own."""

    def __init__(self, stub: SearchInternalServiceStub) -> None:
        self._stub = stub

    async def match(self, descriptions: Sequence[Description]) -> list[Matched]:
        request = pb.MatchTracksRequest(descriptions=map(_said, descriptions))
        answer = await self._stub.MatchTracks(request, timeout=_MATCH_S)
        if len(answer.results) != len(descriptions):
            raise Unavailable("The catalogue did not answer every description.")
        return [_matched(result) for result in answer.results]


def _said(description: Description) -> pb.MatchTracksRequest.Description:
    # Names in the catalogue are no longer than this, and a call stays below a message's size.
    return pb.MatchTracksRequest.Description(
        title=description.title[:_LONGEST_TEXT],
        artist=description.artist[:_LONGEST_TEXT],
        album=description.album[:_LONGEST_TEXT],
        duration_ms=min(description.duration_ms, _LONGEST_MS),
    )


def _matched(result: pb.MatchTracksResponse.Result) -> Matched:
    if not result.track_id:
        return Matched()
    # A newer catalogue may know degrees that this version does not: worth a look, then.
    return Matched(_MATCHES.get(result.match, Match.SIMILAR), result.track_id)


class RetryPolicy:
    """Asks again when an answer was unavailable or late: thousands of entries hang on each call.

    ``attempts`` in all; the waits between them double from ``first_wait_s`` up to 2 s.
    """

    def __init__(self, attempts: int = 4, first_wait_s: float = 0.1) -> None:
        self._attempts = attempts
        self._first_wait_s = first_wait_s

    async def __call__(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """The first answer. Raises the Unavailable of the last try, and any other fault at once."""
        try:
            async for attempt in stamina.retry_context(
                on=(Unavailable, DeadlineExceeded),
                attempts=self._attempts,
                timeout=None,
                wait_initial=self._first_wait_s,
                wait_max=2.0,
                wait_jitter=self._first_wait_s,
            ):
                with attempt:
                    return await ask()
        except DeadlineExceeded as late:
            # It is the catalogue's time that ran out; the caller's call has no deadline of its own.
            raise Unavailable("The catalogue cannot answer in time now.") from late
        raise RuntimeError("retrying ended without an answer or an error")


class RetryingMatching:
    """Decorates ``Matching``."""

    def __init__(self, inner: Matching, retries: RetryPolicy) -> None:
        self._inner = inner
        self._retries = retries

    async def match(self, descriptions: Sequence[Description]) -> Sequence[Matched]:
        return await self._retries(lambda: self._inner.match(descriptions))


class RetryingCatalogue:
    """Decorates ``Catalogue``."""

    def __init__(self, inner: Catalogue, retries: RetryPolicy) -> None:
        self._inner = inner
        self._retries = retries

    async def tracks(self, track_ids: Sequence[str]) -> Sequence[Track]:
        return await self._retries(lambda: self._inner.tracks(track_ids))
