"""Tracks that an administrator edits or takes down, on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as internal_pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb

from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.scopes import user_scopes
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from playback_svc.adapters.grpc.catalogue import CatalogueService
from playback_svc.domain.plans import admit
from playback_svc.domain.player_state import Asset
from tests.contracts.catalog.stores import memory_stores
from tests.contracts.playback.samples import FREE as FREE_PLAN
from tests.contracts.playback.samples import PLAYABLE
from tests.rpc.catalog.assembled import assembled
from tests.rpc.catalog.test_catalog_service import Catalog

PREMIUM, FREE = catalog_pb2.Track.PREMIUM, catalog_pb2.Track.FREE


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        yield Catalog(mesh, memory_stores(store))


async def update(
    catalog: Catalog, track_id: str, *, request_id: str = "", **fields: object
) -> catalog_pb2.Track:
    track = catalog_pb2.Track(**fields)  # type: ignore[arg-type]
    request = pb.UpdateTrackRequest(id=track_id, track=track, request_id=request_id)
    answer = await catalog.edge.UpdateTrack(request, metadata=catalog.mesh.token())
    return answer.track


async def get(catalog: Catalog, track_id: str) -> catalog_pb2.Track:
    request = pb.GetTrackRequest(id=track_id)
    return (await catalog.edge.GetTrack(request, metadata=catalog.mesh.token())).track


async def test_title_and_access_become_what_was_said(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    told = await update(catalog, track.id, title="A  new\x07title", access=PREMIUM)
    assert (told.title, told.access, told.hidden) == ("A  new title", PREMIUM, False)
    assert await get(catalog, track.id) == told
    assert (await update(catalog, track.id, title="")).title == track.title


async def test_an_artist_is_found_or_made_by_its_name(catalog: Catalog) -> None:
    first, second = await catalog.fill(2)
    told = await update(catalog, first.id, artist="Zoë")
    assert told.artist == "Zoë"
    assert told.artist_id != first.artist_id
    assert (await update(catalog, second.id, artist="zoe")).artist_id == told.artist_id
    assert (await update(catalog, first.id, artist="")).artist_id == first.artist_id
    fault = await refused(update(catalog, first.id, artist="é" * 501))
    assert fault.metadata["field"] == "track.artist"


async def test_what_was_read_can_be_sent_back_and_changes_nothing(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    request = pb.UpdateTrackRequest(id=track.id, track=track)
    told = await catalog.edge.UpdateTrack(request, metadata=catalog.mesh.token())
    assert told.track == track
    nothing = pb.UpdateTrackRequest(id=track.id)
    told = await catalog.edge.UpdateTrack(nothing, metadata=catalog.mesh.token())
    assert told.track == track


async def test_a_track_that_was_made_premium_is_refused_to_a_free_plan(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)

    async def played() -> Asset:
        # A service of its own each time: it keeps what it has read.
        told = await CatalogueService(catalog.playback).tracks([track.id])
        return admit(FREE_PLAN, replace(PLAYABLE, track=told[track.id]))

    assert await played()
    await update(catalog, track.id, access=PREMIUM)
    assert (await refused(played())).reason == "PLAN_REQUIRED"
    await update(catalog, track.id, access=FREE)
    assert await played()


async def test_a_track_that_was_taken_down_is_found_by_nobody(catalog: Catalog) -> None:
    first, second = await catalog.fill(2)
    assert (await update(catalog, first.id, hidden=True)).hidden
    assert isinstance(await refused(get(catalog, first.id)), NotFound)
    metadata = catalog.mesh.token()
    listed = await catalog.edge.ListTracks(pb.ListTracksRequest(), metadata=metadata)
    assert [track.id for track in listed.tracks] == [second.id]
    playable = internal_pb.GetPlayableRequest(track_id=first.id)
    play = catalog.playback.GetPlayable(playable, metadata=metadata)
    assert isinstance(await refused(play), NotFound)
    lookup = internal_pb.LookupTracksRequest(ids=[first.id, second.id])
    found = await catalog.playback.LookupTracks(lookup)
    assert [track.id for track in found.tracks] == [second.id]
    assert not (await update(catalog, first.id, hidden=False)).hidden
    assert (await get(catalog, first.id)).title == first.title


async def test_a_title_has_at_most_500_characters(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    assert (await update(catalog, track.id, title="é" * 500)).title == "é" * 500
    fault = await refused(update(catalog, track.id, title="é" * 501))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == "track.title"


async def test_another_id_than_that_of_the_path_is_refused(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    fault = await refused(update(catalog, track.id, id=new_id(), hidden=True))
    assert fault.metadata["field"] == "track.id"
    assert isinstance(await refused(update(catalog, new_id(), hidden=True)), NotFound)


async def test_a_retry_changes_nothing_twice(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    first = await update(catalog, track.id, title="Uno", request_id="r1")
    await update(catalog, track.id, title="Eins")
    assert await update(catalog, track.id, title="Uno", request_id="r1") == first
    assert (await get(catalog, track.id)).title == "Eins"
    fault = await refused(update(catalog, track.id, title="Due", request_id="r1"))
    assert fault.reason == "REQUEST_ID_REUSED"


async def test_only_an_administrator_edits(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    request = pb.UpdateTrackRequest(id=track.id, track=catalog_pb2.Track(hidden=True))
    call = catalog.edge.UpdateTrack(request, metadata=catalog.mesh.token(scopes=user_scopes()))
    assert isinstance(await refused(call), PermissionDenied)
