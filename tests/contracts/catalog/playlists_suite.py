"""The contract of ``PlaylistReplica`` beyond that of every replica: what it tells search."""

from __future__ import annotations

from dataclasses import replace

from segue.playlist.v1 import playlist_pb2

from catalog_svc.domain.playlists import FollowerCountChange, Playlist, PlaylistChange
from meshkit.feeds import Change, Op
from meshkit.testing.replica_suite import ReplicaUnderTest
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import CatalogueStores, found, tagged


def playlist(title: str = "Focus", **fields: object) -> Playlist:
    """A public playlist of Ada's."""
    known = {"description": "", "owner": "Ada", "track_count": 3, "follower_count": 2, **fields}
    return Playlist(new_id(), title, **known)  # type: ignore[arg-type]


def change_to(one: Playlist, version: int = 1) -> PlaylistChange:
    """The playlist as it is now."""
    return PlaylistChange(one.id, version, one)


def hidden(one: Playlist, version: int) -> PlaylistChange:
    """It is not public, or deleted."""
    return PlaylistChange(one.id, version, None)


def replica_of(stores: CatalogueStores) -> ReplicaUnderTest:
    """The public playlists under the contract of every replica."""

    async def held() -> dict[str, str]:
        told = [one async for some in stores.listing.everything(["playlist"]) for one in some]
        return {one.id: playlist_pb2.Playlist.FromString(one.payload).title for one in told}

    return ReplicaUnderTest(
        stores.playlists,
        lambda id_, version, text: PlaylistChange(id_, version, replace(playlist(text), id=id_)),
        lambda id_, version: PlaylistChange(id_, version, None),
        held,
    )


class PlaylistsContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_a_public_playlist_is_told_on_with_all_that_search_shows(
        self, stores: CatalogueStores
    ) -> None:
        one = playlist("Focus", description="Deep work", owner="Ada")
        (change,) = await self._after(stores, change_to(one))
        assert (change.entity, change.id, change.op) == ("playlist", one.id, Op.UPSERT)
        message = playlist_pb2.Playlist.FromString(change.payload)
        assert message == playlist_pb2.Playlist(
            playlist_id=one.id,
            title="Focus",
            description="Deep work",
            visibility=playlist_pb2.Playlist.PUBLIC,
            is_public=True,
            owner="Ada",
            track_count=3,
            follower_count=2,
        )
        assert await self._listed(stores) == [change]

    async def test_a_playlist_that_is_no_longer_public_is_removed(
        self, stores: CatalogueStores
    ) -> None:
        one, other = playlist(), playlist("Other")
        (first, _) = await self._after(stores, change_to(one), change_to(other))
        (gone,) = await self._after(stores, hidden(one, 2))
        assert (gone.id, gone.op, gone.payload) == (one.id, Op.DELETE, b"")
        assert gone.version > first.version
        assert [change.id for change in await self._listed(stores)] == [other.id]
        (again,) = await self._after(stores, change_to(one, 3))
        assert again.op is Op.UPSERT
        assert again.version > gone.version

    async def test_an_older_word_changes_nothing(self, stores: CatalogueStores) -> None:
        one = playlist("New")
        await self._after(stores, change_to(one, 5))
        assert await self._after(stores, change_to(replace(one, title="Old"), 4)) == []
        assert await self._after(stores, hidden(one, 4)) == []
        assert await self._after(stores, change_to(replace(one, title="Same version"), 5)) == []
        await self._after(stores, hidden(one, 6))
        assert await self._after(stores, change_to(one, 5)) == []
        assert await self._listed(stores) == []

    async def test_what_was_never_public_is_not_told_on_and_stays_hidden(
        self, stores: CatalogueStores
    ) -> None:
        one = playlist("Secret")
        assert await self._after(stores, hidden(one, 7)) == []
        assert await self._after(stores, change_to(one, 6)) == []
        assert await self._listed(stores) == []

    async def test_what_people_see_unchanged_is_not_told_on(self, stores: CatalogueStores) -> None:
        one = playlist()
        await self._after(stores, change_to(one))
        assert await self._after(stores, change_to(one, 2)) == []
        (change,) = await self._after(stores, change_to(replace(one, follower_count=3), 3))
        assert playlist_pb2.Playlist.FromString(change.payload).follower_count == 3

    async def test_what_a_new_listing_does_not_tell_is_removed(
        self, stores: CatalogueStores
    ) -> None:
        kept, gone, secret = playlist("Kept"), playlist("Gone"), playlist("Secret")
        await self._list(stores, change_to(kept, 4), change_to(gone, 9))
        await self._after(stores, hidden(secret, 3))
        token = await stores.feed.head()
        await self._list(stores, change_to(kept, 4))
        (change,) = await stores.changes_after(token)
        assert (change.id, change.op) == (gone.id, Op.DELETE)
        assert [one.id for one in await self._listed(stores)] == [kept.id]

    async def test_a_new_listing_is_believed_whatever_its_versions(
        self, stores: CatalogueStores
    ) -> None:
        one = playlist("Before the restore")
        await self._list(stores, change_to(one, 9))
        await self._list(stores, change_to(replace(one, title="After it"), 5))
        (listed,) = await self._listed(stores)
        assert playlist_pb2.Playlist.FromString(listed.payload).title == "After it"
        assert await self._after(stores, change_to(one, 4)) == []
        assert len(await self._after(stores, change_to(one, 6))) == 1

    async def test_followers_are_shown_and_told_on(self, stores: CatalogueStores) -> None:
        artist_id = await self._artist(stores)
        (change,) = await self._after(stores, FollowerCountChange(artist_id, 3, 40))
        artist = await stores.catalogue.artist(artist_id)
        assert artist is not None
        assert (artist.followers_count, artist.version) == (40, change.version)
        assert (change.entity, change.id) == ("artist", artist_id)
        assert await self._after(stores, FollowerCountChange(artist_id, 2, 39)) == []
        assert await self._after(stores, FollowerCountChange(artist_id, 4, 40)) == []
        assert await self._after(stores, FollowerCountChange(new_id(), 1, 5)) == []
        assert len(await self._after(stores, FollowerCountChange(artist_id, 5, 41))) == 1

    async def test_followers_survive_an_import_of_the_same_artist(
        self, stores: CatalogueStores
    ) -> None:
        artist_id = await self._artist(stores)
        await self._after(stores, FollowerCountChange(artist_id, 1, 7))
        await stores.scanned(found("later.flac", tagged("Later")))
        artist = await stores.catalogue.artist(artist_id)
        assert artist is not None
        assert (artist.followers_count, artist.track_count) == (7, 2)

    async def test_artists_that_a_new_listing_does_not_tell_have_no_followers(
        self, stores: CatalogueStores
    ) -> None:
        artist_id = await self._artist(stores)
        await self._list(stores, FollowerCountChange(artist_id, 8, 7))
        token = await stores.feed.head()
        await self._list(stores)
        (change,) = await stores.changes_after(token)
        assert (change.entity, change.id) == ("artist", artist_id)
        artist = await stores.catalogue.artist(artist_id)
        assert artist is not None
        assert artist.followers_count == 0
        assert len(await self._after(stores, FollowerCountChange(artist_id, 1, 2))) == 1

    async def _after(
        self, stores: CatalogueStores, *news: PlaylistChange | FollowerCountChange
    ) -> list[Change]:
        """What the feed says of news."""
        token = await stores.feed.head()
        await stores.playlists.apply(news, "somewhere")
        return await stores.changes_after(token)

    async def _list(
        self, stores: CatalogueStores, *news: PlaylistChange | FollowerCountChange
    ) -> None:
        await stores.playlists.begin_listing()
        await stores.playlists.apply(news, "")
        await stores.playlists.end_listing()

    async def _listed(self, stores: CatalogueStores) -> list[Change]:
        return [one async for some in stores.listing.everything(["playlist"]) for one in some]

    async def _artist(self, stores: CatalogueStores) -> str:
        await stores.scanned(found("a.flac", tagged("One")))
        return (await stores.only_track()).artist_id
