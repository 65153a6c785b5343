"""The contract of the replica of the catalogue's tracks.

Subclass and give it a fixture ``world`` that returns a fresh ``TracksUnderTest``.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from ulid import ULID

from meshkit.faults import NotFound, Unavailable
from meshkit.testing.replica_suite import ReplicaContract, ReplicaUnderTest
from playlist_svc.ports.catalogue_replica import CatalogueReplica
from playlist_svc.ports.tracks import TrackChange
from tests.contracts.playlist.tracks_world import TracksUnderTest, a_track, removed, told


class TracksContract:
    """What is known of tracks, and what is asked for."""

    async def test_what_was_told_is_named_as_it_was_told(self, world: TracksUnderTest) -> None:
        track = a_track("Déjà\tVu", genres=("Rock & Roll", "ジャズ"), year=1999, streams=10**12)
        await world.tell(track)
        assert await world.tracks.named([track.track_id, str(ULID())]) == {track.track_id: track}
        assert world.catalogue.asked == []

    async def test_what_is_known_exists_without_a_question(self, world: TracksUnderTest) -> None:
        track = a_track()
        await world.tell(track)
        world.catalogue.away = True
        assert await world.tracks.require([track.track_id]) == {track.track_id: track}

    async def test_what_is_unknown_is_asked_for_once_and_stays(
        self, world: TracksUnderTest
    ) -> None:
        known, new = a_track(), a_track("New", genres=("Soul",))
        await world.tell(known)
        world.catalogue.there[new.track_id] = new
        found = await world.tracks.require([new.track_id, known.track_id, new.track_id])
        assert found == {known.track_id: known, new.track_id: new}
        world.catalogue.away = True
        assert await world.tracks.named([new.track_id]) == {new.track_id: new}
        assert world.catalogue.asked == [[new.track_id]]

    async def test_ten_thousand_unknown_tracks_are_known_after_one_call(
        self, world: TracksUnderTest
    ) -> None:
        tracks = [a_track(f"Song {number}") for number in range(10_000)]
        world.catalogue.there = {track.track_id: track for track in tracks}
        found = await world.tracks.require([track.track_id for track in tracks])
        assert found == world.catalogue.there

    async def test_the_first_track_that_there_is_not_is_named(self, world: TracksUnderTest) -> None:
        known, first, second = a_track(), str(ULID()), str(ULID())
        await world.tell(known)
        with pytest.raises(NotFound) as raised:
            await world.tracks.require([known.track_id, first, second])
        assert raised.value.metadata == {"resource": "track", "id": first}

    async def test_what_was_removed_is_named_and_does_not_exist(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track()
        await world.tell(track)
        await world.copy.apply([removed(track, 2)], "")
        world.catalogue.there[track.track_id] = track
        named = await world.tracks.named([track.track_id])
        assert named == {track.track_id: replace(track, available=False)}
        with pytest.raises(NotFound):
            await world.tracks.require([track.track_id])

    async def test_nothing_is_known_while_the_catalogue_is_away(
        self, world: TracksUnderTest
    ) -> None:
        world.catalogue.away = True
        with pytest.raises(Unavailable):
            await world.tracks.require([str(ULID())])

    async def test_what_the_feed_told_during_a_question_stands(
        self, world: TracksUnderTest
    ) -> None:
        old = a_track("Old")
        new = replace(old, title="New")

        async def meanwhile() -> None:
            await world.tell(new, version=7)

        world.catalogue.there[old.track_id] = old
        world.catalogue.meanwhile = meanwhile
        assert await world.tracks.require([old.track_id]) == {new.track_id: new}

    async def test_what_was_removed_during_a_question_is_gone(self, world: TracksUnderTest) -> None:
        track = a_track()

        async def meanwhile() -> None:
            await world.copy.apply([removed(track, 7)], "")

        world.catalogue.there[track.track_id] = track
        world.catalogue.meanwhile = meanwhile
        with pytest.raises(NotFound):
            await world.tracks.require([track.track_id])
        assert await world.choose() == []

    async def test_the_feed_corrects_what_was_asked_for(self, world: TracksUnderTest) -> None:
        asked = a_track("Asked")
        world.catalogue.there[asked.track_id] = asked
        await world.tracks.require([asked.track_id])
        await world.copy.apply([removed(asked, 1)], "")
        assert await world.choose() == []


def replica_of(world: TracksUnderTest) -> ReplicaUnderTest:
    """The tracks under the contract of every replica: what is held is what can be chosen."""

    async def held() -> dict[str, str]:
        ids = await world.choose(limit=10_000)
        return {id_: track.title for id_, track in (await world.tracks.named(ids)).items()}

    return ReplicaUnderTest(
        world.copy,
        lambda id_, version, text: TrackChange(id_, version, a_track(text, track_id=id_)),
        lambda id_, version: TrackChange(id_, version, None),
        held,
    )


class TrackReplicaContract(ReplicaContract):
    """What the feed tells, beside what is asked for."""

    @pytest.fixture
    def replica(self, world: TracksUnderTest) -> ReplicaUnderTest:
        return replica_of(world)

    @pytest.fixture
    def place(self, world: TracksUnderTest) -> CatalogueReplica:
        return world.copy

    async def test_what_a_listing_does_not_tell_again_stays_known(
        self, world: TracksUnderTest, replica: ReplicaUnderTest
    ) -> None:
        kept, left = a_track("Kept"), a_track("Left")
        await world.tell(kept, left)
        await replica.list(told(kept))
        assert await world.choose() == [kept.track_id]
        assert (await world.tracks.named([left.track_id]))[left.track_id].title == "Left"

    async def test_what_was_asked_for_while_a_listing_began_has_to_be_told(
        self, world: TracksUnderTest
    ) -> None:
        asked = a_track()
        world.catalogue.there[asked.track_id] = asked
        world.catalogue.meanwhile = world.copy.begin_listing
        await world.tracks.require([asked.track_id])
        await world.copy.end_listing()
        assert await world.choose() == []
        await world.tell(asked)
        assert await world.choose() == [asked.track_id]
