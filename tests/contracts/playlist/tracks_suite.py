"""The contract of the copy of the catalogue's tracks.

Subclass and give it a fixture ``world`` that returns a fresh ``TracksUnderTest``.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from ulid import ULID

from meshkit.faults import NotFound, Unavailable
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
        assert await world.tracks.existing([track.track_id]) == {track.track_id: track}

    async def test_what_is_unknown_is_asked_for_once_and_stays(
        self, world: TracksUnderTest
    ) -> None:
        known, new = a_track(), a_track("New", genres=("Soul",))
        await world.tell(known)
        world.catalogue.there[new.track_id] = new
        found = await world.tracks.existing([new.track_id, known.track_id, new.track_id])
        assert found == {known.track_id: known, new.track_id: new}
        world.catalogue.away = True
        assert await world.tracks.named([new.track_id]) == {new.track_id: new}
        assert world.catalogue.asked == [[new.track_id]]

    async def test_ten_thousand_unknown_tracks_are_known_after_one_call(
        self, world: TracksUnderTest
    ) -> None:
        tracks = [a_track(f"Song {number}") for number in range(10_000)]
        world.catalogue.there = {track.track_id: track for track in tracks}
        found = await world.tracks.existing([track.track_id for track in tracks])
        assert found == world.catalogue.there

    async def test_the_first_track_that_there_is_not_is_named(self, world: TracksUnderTest) -> None:
        known, first, second = a_track(), str(ULID()), str(ULID())
        await world.tell(known)
        with pytest.raises(NotFound) as raised:
            await world.tracks.existing([known.track_id, first, second])
        assert raised.value.metadata == {"resource": "track", "id": first}

    async def test_what_was_removed_is_named_and_does_not_exist(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track()
        await world.tell(track)
        await world.copy.store([removed(track, 2)], "")
        world.catalogue.there[track.track_id] = track
        named = await world.tracks.named([track.track_id])
        assert named == {track.track_id: replace(track, available=False)}
        with pytest.raises(NotFound):
            await world.tracks.existing([track.track_id])

    async def test_nothing_is_known_while_the_catalogue_is_away(
        self, world: TracksUnderTest
    ) -> None:
        world.catalogue.away = True
        with pytest.raises(Unavailable):
            await world.tracks.existing([str(ULID())])

    async def test_what_the_feed_told_during_a_question_stands(
        self, world: TracksUnderTest
    ) -> None:
        old = a_track("Old")
        new = replace(old, title="New")

        async def meanwhile() -> None:
            await world.tell(new, version=7)

        world.catalogue.there[old.track_id] = old
        world.catalogue.meanwhile = meanwhile
        assert await world.tracks.existing([old.track_id]) == {new.track_id: new}

    async def test_what_was_removed_during_a_question_is_gone(self, world: TracksUnderTest) -> None:
        track = a_track()

        async def meanwhile() -> None:
            await world.copy.store([removed(track, 7)], "")

        world.catalogue.there[track.track_id] = track
        world.catalogue.meanwhile = meanwhile
        with pytest.raises(NotFound):
            await world.tracks.existing([track.track_id])
        assert await world.choose() == []

    async def test_the_feed_corrects_what_was_asked_for(self, world: TracksUnderTest) -> None:
        asked = a_track("Asked")
        world.catalogue.there[asked.track_id] = asked
        await world.tracks.existing([asked.track_id])
        await world.copy.store([removed(asked, 1)], "")
        assert await world.choose() == []


class TracksCopyContract:
    """What the feed tells, in whatever order."""

    async def test_an_older_version_changes_nothing(self, world: TracksUnderTest) -> None:
        new = a_track("New", streams=2)
        await world.copy.store([told(new, 2)], "")
        await world.copy.store([told(replace(new, title="Old"), 1)], "")
        await world.copy.store([told(replace(new, title="Same version"), 2)], "")
        assert await world.tracks.named([new.track_id]) == {new.track_id: new}

    async def test_a_removal_is_not_undone_by_what_came_before_it(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track()
        await world.copy.store([removed(track, 3)], "")
        await world.copy.store([told(track, 2)], "")
        assert await world.choose() == []
        await world.copy.store([told(track, 4)], "")
        assert await world.choose() == [track.track_id]

    async def test_an_old_removal_removes_nothing(self, world: TracksUnderTest) -> None:
        track = a_track()
        await world.copy.store([told(track, 3)], "")
        await world.copy.store([removed(track, 2)], "")
        assert await world.choose() == [track.track_id]

    async def test_the_place_moves_with_the_changes(self, world: TracksUnderTest) -> None:
        assert await world.copy.resume_token() == ""
        await world.copy.store([told(a_track())], "first")
        await world.copy.store([told(a_track())], "")
        assert await world.copy.resume_token() == "first"
        await world.copy.store([], "second")
        assert await world.copy.resume_token() == "second"

    async def test_what_a_listing_does_not_tell_again_becomes_unavailable(
        self, world: TracksUnderTest
    ) -> None:
        kept, left = a_track("Kept"), a_track("Left")
        await world.tell(kept, left)
        listing = await world.copy.begin_listing()
        await world.copy.store([told(kept)], "", listing)
        await world.copy.drop_untold(listing)
        assert await world.choose() == [kept.track_id]
        assert (await world.tracks.named([left.track_id]))[left.track_id].title == "Left"

    async def test_what_the_feed_tells_while_another_lists_stays(
        self, world: TracksUnderTest
    ) -> None:
        listing = await world.copy.begin_listing()
        new = a_track("New")
        await world.tell(new)
        await world.copy.drop_untold(listing)
        assert await world.choose() == [new.track_id]

    async def test_what_was_asked_for_while_another_began_to_list_has_to_be_told(
        self, world: TracksUnderTest
    ) -> None:
        asked = a_track()
        listings = list[int]()

        async def meanwhile() -> None:
            listings.append(await world.copy.begin_listing())

        world.catalogue.there[asked.track_id] = asked
        world.catalogue.meanwhile = meanwhile
        await world.tracks.existing([asked.track_id])
        await world.copy.drop_untold(listings[0])
        assert await world.choose() == []
        await world.tell(asked)
        assert await world.choose() == [asked.track_id]

    async def test_the_listing_of_a_restored_catalogue_wins_over_newer_versions(
        self, world: TracksUnderTest
    ) -> None:
        lost = a_track("Renamed after the backup", streams=9)
        restored = replace(lost, title="As in the backup")
        await world.tell(lost, version=9)
        listing = await world.copy.begin_listing()
        await world.copy.store([told(restored, 4)], "", listing)
        assert await world.choose() == [lost.track_id]
        await world.tell(replace(lost, title="Older still"), version=4)
        found = await world.tracks.named([lost.track_id])
        assert found[lost.track_id].title == "As in the backup"

    async def test_a_listing_does_not_undo_what_the_feed_told_since_it_began(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track("Old")
        listing = await world.copy.begin_listing()
        await world.tell(replace(track, title="New"), version=2)
        await world.copy.store([told(track, 1)], "", listing)
        assert (await world.tracks.named([track.track_id]))[track.track_id].title == "New"

    async def test_a_listing_that_was_overtaken_drops_nothing_that_the_next_told(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track()
        slow = await world.copy.begin_listing()
        fast = await world.copy.begin_listing()
        assert fast > slow
        await world.copy.store([told(track)], "", fast)
        await world.copy.drop_untold(fast)
        await world.copy.drop_untold(slow)
        assert await world.choose() == [track.track_id]

    async def test_a_track_that_was_dropped_comes_back_with_the_next_listing(
        self, world: TracksUnderTest
    ) -> None:
        track = a_track()
        await world.tell(track)
        await world.copy.drop_untold(await world.copy.begin_listing())
        assert await world.choose() == []
        await world.copy.store([told(track)], "", await world.copy.begin_listing())
        assert await world.choose() == [track.track_id]
