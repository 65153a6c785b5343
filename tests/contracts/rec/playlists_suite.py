"""The contract of ``Playlists`` beside the replica that writes them.

Subclass it and give it a fixture ``stores`` with empty stores.
"""

from __future__ import annotations

from dataclasses import replace

from meshkit.testing.replica_suite import ReplicaUnderTest
from meshkit.ulids import new_id
from rec_svc.domain.events import EventKind
from rec_svc.domain.playlists import Playlist, PlaylistChange
from tests.contracts.rec.listening_world import (
    NOON_MS,
    ListeningStores,
    a_playlist,
    playlist_told,
)

_OWNER = new_id()


def playlists_replica_of(stores: ListeningStores) -> ReplicaUnderTest:
    """The playlists of one owner under the contract of every replica; who makes one is its text."""

    async def held() -> dict[str, str]:
        found = await stores.playlists.of_owner(_OWNER)
        return {one.playlist_id: one.managed_by for one in found}

    return ReplicaUnderTest(
        stores.playlists_replica,
        lambda id_, version, text: PlaylistChange(
            id_, version, NOON_MS, Playlist(id_, _OWNER, True, text, ())
        ),
        lambda id_, version: PlaylistChange(id_, version, NOON_MS, None),
        held,
    )


class PlaylistsContract:
    """Which tracks are in which playlist."""

    async def test_a_playlist_is_known_whole_and_in_order(self, stores: ListeningStores) -> None:
        tracks = [new_id() for _ in range(3)]
        one = replace(a_playlist(new_id(), tracks[2], tracks[0], tracks[2]), is_public=True)
        await stores.playlists_replica.apply([playlist_told(one)], "t")
        assert await stores.playlists.playlist(one.playlist_id) == one
        assert list(await stores.playlists.of_owner(one.owner_id)) == [one]
        assert await stores.playlists.playlist(new_id()) is None
        assert list(await stores.playlists.of_owner(new_id())) == []

    async def test_tracks_that_come_in_are_events_of_the_owner_each_once(
        self, stores: ListeningStores
    ) -> None:
        first, second, third = sorted(new_id() for _ in range(3))
        one = a_playlist(new_id(), first, second, first)
        await stores.playlists_replica.apply([playlist_told(one)], "a")
        grown = playlist_told(replace(one, track_ids=(third, second)), 2, NOON_MS + 1)
        await stores.playlists_replica.apply([grown], "b")
        await stores.playlists_replica.apply([grown, playlist_told(one)], "c")
        found = await stores.all_events()
        assert sorted((event.at_ms - NOON_MS, event.track_id) for event in found) == [
            (0, first),
            (0, second),
            (1, third),
        ]
        assert {
            (event.user_id, event.kind, event.context_kind, event.context_id) for event in found
        } == {(one.owner_id, EventKind.ADDED_TO_PLAYLIST, "PLAYLIST", one.playlist_id)}

    async def test_a_listing_of_what_is_known_is_no_event(self, stores: ListeningStores) -> None:
        one = a_playlist(new_id(), new_id(), new_id())
        for _ in range(2):
            await stores.playlists_replica.begin_listing()
            await stores.playlists_replica.apply([playlist_told(one)], "")
            await stores.playlists_replica.end_listing()
        assert len(await stores.all_events()) == 2

    async def test_what_a_service_makes_is_known_and_no_event(
        self, stores: ListeningStores
    ) -> None:
        one = a_playlist(new_id(), new_id(), managed_by="rec")
        await stores.playlists_replica.apply([playlist_told(one)], "t")
        assert await stores.playlists.playlist(one.playlist_id) == one
        assert await stores.all_events() == []

    async def test_the_longest_playlists_are_taken_in_beside_each_other(
        self, stores: ListeningStores
    ) -> None:
        tracks = tuple(new_id() for _ in range(10_000))
        some = [a_playlist(new_id(), *tracks) for _ in range(3)]
        some = [replace(one, managed_by="rec") for one in some]
        await stores.playlists_replica.apply([playlist_told(one) for one in some], "t")
        for one in some:
            assert await stores.playlists.playlist(one.playlist_id) == one
        assert await stores.playlists_replica.resume_token() == "t"

    async def test_the_playlists_of_an_erased_user_are_gone_and_do_not_come_back(
        self, stores: ListeningStores
    ) -> None:
        user, other = new_id(), new_id()
        gone, late, kept = (a_playlist(each, new_id()) for each in (user, user, other))
        told = [playlist_told(gone), playlist_told(kept)]
        await stores.playlists_replica.apply(told, "a")
        await stores.erase(user)
        again = [playlist_told(gone, 2), playlist_told(late)]
        await stores.playlists_replica.apply(again, "b")
        for one in (gone, late):
            assert await stores.playlists.playlist(one.playlist_id) is None
        assert list(await stores.playlists.of_owner(user)) == []
        assert await stores.playlists.playlist(kept.playlist_id) == kept
        assert {event.user_id for event in await stores.all_events()} == {other}
