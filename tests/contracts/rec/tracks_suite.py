"""The contract of ``Tracks`` beside the replica that writes them.

Subclass it and give it a fixture ``world`` with an empty replica.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.testing.replica_suite import ReplicaUnderTest
from meshkit.ulids import new_id
from rec_svc.domain.tracks import Artist, Track
from rec_svc.ports.tracks import MOST_ASKED, TrackChange, Tracks, TracksReplica


@dataclass(frozen=True, slots=True)
class TracksUnderTest:
    """What is read, and what writes it."""

    tracks: Tracks
    replica: TracksReplica

    async def told(self, *tracks: Track, streams: int = 0) -> None:
        """The feed tells tracks, played so often each."""
        await self.replica.apply([TrackChange(one.id, 1, one, streams) for one in tracks], "t")


def a_track(title: str = "One", **fields: object) -> Track:
    known: dict[str, object] = {
        "id": new_id(),
        "artist": "The Föhn",
        "artist_id": new_id(),
        "duration_ms": 200_000,
    }
    return Track(title=title, **(known | fields))  # type: ignore[arg-type]


def replica_of(world: TracksUnderTest) -> ReplicaUnderTest:
    """The tracks under the contract of every replica."""

    async def held() -> dict[str, str]:
        found: dict[str, str] = {}
        while page := await world.tracks.page(max(found, default=""), 500):
            found.update((track.id, track.title) for track in page)
        return found

    return ReplicaUnderTest(
        world.replica,
        lambda id_, version, text: TrackChange(id_, version, a_track(text, id=id_)),
        lambda id_, version: TrackChange(id_, version, None),
        held,
    )


class TracksContract:
    """Which tracks there are, and in which orders."""

    async def test_a_track_is_known_whole_and_what_was_never_told_is_left_out(
        self, world: TracksUnderTest
    ) -> None:
        one = a_track(
            "Ärger",
            album="South",
            album_id=new_id(),
            year=1998,
            genre="Jazz",
            artwork_path="/a/s",
            premium=True,
            added_at_ms=1_700_000_000_000,
        )
        bare = a_track("", artist="")
        await world.told(one, bare)
        assert await world.tracks.tracks([one.id, new_id(), bare.id]) == {
            one.id: one,
            bare.id: bare,
        }
        assert await world.tracks.tracks([]) == {}

    async def test_so_many_are_asked_for_at_once(self, world: TracksUnderTest) -> None:
        some = [a_track(str(n)) for n in range(MOST_ASKED)]
        for at in range(0, MOST_ASKED, 500):
            await world.told(*some[at : at + 500])
        assert await world.tracks.tracks([one.id for one in some]) == {one.id: one for one in some}

    async def test_of_artists_the_newest_tracks_come_first_whoevers_they_are(
        self, world: TracksUnderTest
    ) -> None:
        air, moby = new_id(), new_id()
        tracks = [
            a_track(str(added), artist_id=artist, added_at_ms=added)
            for added, artist in ((1, air), (2, moby), (3, air), (4, new_id()), (5, moby))
        ]
        await world.told(*tracks)
        found = await world.tracks.of_artists([air, moby, air], 9)
        assert [one.title for one in found] == ["5", "3", "2", "1"]
        assert [one.title for one in await world.tracks.of_artists([air, moby], 2)] == ["5", "3"]
        assert list(await world.tracks.of_artists([], 9)) == []
        assert list(await world.tracks.of_artists([new_id()], 9)) == []

    async def test_an_artist_is_named_as_on_the_newest_track(self, world: TracksUnderTest) -> None:
        prince, silent = new_id(), new_id()
        old = a_track(artist="The Artist", artist_id=prince, added_at_ms=1)
        new = a_track(artist="Prince", artist_id=prince, added_at_ms=2)
        gone = a_track(artist_id=silent)
        await world.told(new, old, gone)
        await world.replica.apply([TrackChange(gone.id, 2, None)], "t")
        found = await world.tracks.artists([prince, silent, new_id(), prince])
        assert found == {prince: Artist(prince, "Prince")}
        assert await world.tracks.artists([]) == {}

    async def test_the_most_listened_to_come_first_and_of_equals_the_newest(
        self, world: TracksUnderTest
    ) -> None:
        old, young, loved = (a_track(title, added_at_ms=n) for n, title in enumerate("ABC"))
        await world.told(old, young)
        await world.told(loved, streams=7)
        assert [one.title for one in await world.tracks.popular(9)] == ["C", "B", "A"]
        await world.replica.apply([TrackChange(old.id, 2, old, 1 << 40)], "t")
        assert [one.title for one in await world.tracks.popular(2)] == ["A", "C"]
        but = [old.id, old.id, new_id()]
        assert [one.title for one in await world.tracks.popular(9, but)] == ["C", "B"]

    async def test_of_each_genre_the_most_listened_to_come_first(
        self, world: TracksUnderTest
    ) -> None:
        quiet, other = a_track("A", genre="jazz"), a_track("B", genre="")
        loved = [a_track(title, genre=genre) for title, genre in (("C", "jazz"), ("D", "dub"))]
        await world.told(quiet, other)
        await world.told(*loved, streams=7)

        async def titles(genres: list[str], limit: int) -> list[str]:
            return [one.title for one in await world.tracks.of_genres(genres, limit)]

        assert await titles(["jazz", "jazz", ""], 9) == ["C", "A"]
        assert sorted(await titles(["jazz", "dub", "none"], 1)) == ["C", "D"]
        assert await titles([], 9) == []

    async def test_what_left_the_catalogue_is_nowhere(self, world: TracksUnderTest) -> None:
        one, kept = a_track(), a_track()
        await world.told(one, kept, streams=3)
        await world.replica.apply([TrackChange(one.id, 2, None)], "t")
        assert await world.tracks.tracks([one.id]) == {}
        assert list(await world.tracks.of_artists([one.artist_id], 9)) == []
        assert list(await world.tracks.popular(9)) == [kept]
        assert list(await world.tracks.page("", 9)) == [kept]
        await world.replica.apply([TrackChange(one.id, 3, replace(one, title="Back"), 3)], "t")
        assert (await world.tracks.tracks([one.id]))[one.id].title == "Back"

    async def test_all_are_told_page_by_page(self, world: TracksUnderTest) -> None:
        some = sorted((a_track(str(n)) for n in range(5)), key=lambda one: one.id)
        await world.told(*some)
        assert list(await world.tracks.page("", 3)) == some[:3]
        assert list(await world.tracks.page(some[2].id, 3)) == some[3:]
        assert list(await world.tracks.page(some[4].id, 3)) == []
