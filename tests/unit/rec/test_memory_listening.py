"""What is learnt from, in memory: under the suites of the real stores."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from meshkit.consuming import Replica
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest
from rec_svc.adapters.memory.listening import MemoryListening
from rec_svc.adapters.memory.playlists import MemoryPlaylists
from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemKind
from tests.contracts.rec.listening_suite import ListeningContract, items_replica_of
from tests.contracts.rec.listening_world import MOST_TRACKS, ListeningStores
from tests.contracts.rec.playlists_suite import PlaylistsContract, playlists_replica_of
from tests.contracts.rec.tracks_suite import TracksContract, TracksUnderTest, replica_of


@pytest.fixture
def world() -> TracksUnderTest:
    tracks = MemoryTracks()
    return TracksUnderTest(tracks, tracks)


@pytest.fixture
def stores() -> ListeningStores:
    listening = MemoryListening(most_tracks=MOST_TRACKS)
    playlists = MemoryPlaylists(listening.events)

    async def erase(user_id: str) -> None:
        for holder in (listening.events, listening, playlists):
            await holder.erase(user_id)

    async def saved_at_ms(user_id: str) -> Mapping[str, int]:
        return listening.items[ItemKind.SAVED_TRACK].changed_at_ms(user_id)

    return ListeningStores(
        listening=listening,
        favorites=listening,
        plays=listening.plays,
        items=listening.items,
        playlists=playlists,
        playlists_replica=playlists,
        events=listening.events,
        erase=erase,
        saved_at_ms=saved_at_ms,
    )


class TestMemoryTracks(TracksContract): ...


class TestMemoryTracksReplica(ReplicaContract):
    @pytest.fixture
    def replica(self, world: TracksUnderTest) -> ReplicaUnderTest:
        return replica_of(world)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica


class TestMemoryListening(ListeningContract): ...


class TestMemoryPlays(PlaceContract):
    @pytest.fixture
    def place(self, stores: ListeningStores) -> Replica[Play]:
        return stores.plays


class TestMemoryItems(ReplicaContract):
    @pytest.fixture
    def replica(self, stores: ListeningStores) -> ReplicaUnderTest:
        return items_replica_of(stores)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica


class TestMemoryPlaylists(PlaylistsContract): ...


class TestMemoryPlaylistsReplica(ReplicaContract):
    @pytest.fixture
    def replica(self, stores: ListeningStores) -> ReplicaUnderTest:
        return playlists_replica_of(stores)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica
