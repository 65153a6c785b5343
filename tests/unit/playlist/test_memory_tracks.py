"""The replica of the catalogue's tracks in memory under its contracts."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.memory.tracks import MemoryTracks
from tests.contracts.playlist.catalogue_names_suite import (
    CatalogueNamesContract,
    NamesUnderTest,
)
from tests.contracts.playlist.tracks_rules_suite import RulesContract
from tests.contracts.playlist.tracks_suite import TrackReplicaContract, TracksContract
from tests.contracts.playlist.tracks_world import ScriptedCatalogue, TracksUnderTest


@pytest.fixture
def world() -> TracksUnderTest:
    saved = dict[str, dict[str, int]]()
    catalogue = ScriptedCatalogue()
    tracks = MemoryTracks(catalogue, lambda owner_id: saved.get(owner_id, {}))

    async def save(owner_id: str, saved_at: dict[str, int]) -> None:
        saved[owner_id] = saved_at

    return TracksUnderTest(tracks, tracks, catalogue, save)


class TestMemoryCatalogueNames(CatalogueNamesContract):
    """What albums and artists are called."""

    @pytest.fixture
    def world(self) -> NamesUnderTest:
        replica = MemoryTracks(ScriptedCatalogue())
        return NamesUnderTest(replica.names, replica)


class TestMemoryTracks(TracksContract):
    """Tracks by id."""


class TestMemoryTrackReplica(TrackReplicaContract):
    """What the feed tells."""


class TestMemoryRules(RulesContract):
    """What rules choose."""
