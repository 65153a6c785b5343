"""Matching as the catalogue serves it, asked over mTLS as the playlist service does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    SearchInternalServiceStub,
    add_SearchInternalServiceServicer_to_server,
)

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.domain.search import Entry
from catalog_svc.servicers.search_internal import SearchInternalServicer
from catalog_svc.usecases.search_internal import MatchTracks
from meshkit.clients import Channels
from meshkit.faults import Fault, Unavailable
from meshkit.server_context import Context
from meshkit.testing.rpc import served, service_settings
from playlist_svc.adapters.grpc.matching import SEARCH, CatalogueMatching
from playlist_svc.ports.matching import Description, Match, Matched
from tests.contracts.catalog.search_suite import fill, track
from tests.contracts.playlist.matching_suite import ONE, Known, MatchingSuite


@asynccontextmanager
async def asking(tls: Path, servicer: SearchInternalServicer) -> AsyncIterator[CatalogueMatching]:
    """The adapter, with a channel to a served catalogue."""
    registration = (add_SearchInternalServiceServicer_to_server, servicer)
    settings = service_settings(tls, "playlist")
    async with served(tls, registration) as mesh, Channels(settings) as channels:
        channel = channels.open(f"127.0.0.1:{mesh.port}", "catalog", SEARCH)
        yield CatalogueMatching(SearchInternalServiceStub(channel))


class TestCatalogueMatching(MatchingSuite):
    @pytest.fixture(autouse=True)
    def _certificates(self, tls: Path) -> None:
        self.tls = tls

    @asynccontextmanager
    async def matching(self, *known: Known) -> AsyncIterator[CatalogueMatching]:
        index = MemorySearchIndex()
        await fill(index, *(_indexed(one) for one in known))
        servicer = SearchInternalServicer(MatchTracks(index))
        async with asking(self.tls, servicer) as matching:
            yield matching


def _indexed(known: Known) -> Entry:
    plain = track(1, known.title, known.artist)
    return replace(plain, id=known.track_id, duration_ms=known.duration_ms)


class Answering(SearchInternalServicer):
    """A catalogue that gives one answer to whatever is to be matched."""

    def __init__(self, answer: pb.MatchTracksResponse | Fault) -> None:
        index = MemorySearchIndex()
        super().__init__(MatchTracks(index))
        self.answer = answer

    async def MatchTracks(
        self, request: pb.MatchTracksRequest, context: Context
    ) -> pb.MatchTracksResponse:
        if isinstance(self.answer, Fault):
            raise self.answer
        return self.answer


async def test_a_degree_of_a_newer_catalogue_is_taken_as_similar(tls: Path) -> None:
    result = pb.MatchTracksResponse.Result(match=9, track_id=ONE.track_id)  # type: ignore[arg-type]
    answer = pb.MatchTracksResponse(results=[result])

    async with asking(tls, Answering(answer)) as matching:
        answers = await matching.match([Description("a")])

    assert answers == [Matched(Match.SIMILAR, ONE.track_id)]


async def test_a_catalogue_that_answers_too_little_counts_as_away(tls: Path) -> None:
    async with asking(tls, Answering(pb.MatchTracksResponse())) as matching:
        with pytest.raises(Unavailable):
            await matching.match([Description("a")])


async def test_a_catalogue_that_is_away_is_unavailable(tls: Path) -> None:
    async with asking(tls, Answering(Unavailable("away"))) as matching:
        with pytest.raises(Unavailable):
            await matching.match([Description("a")])
