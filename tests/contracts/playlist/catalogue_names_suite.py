"""The contract of ``CatalogueNames``, beside the replica that writes them.

Subclass it and give it a fixture ``world`` with an empty replica.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.ulids import new_id
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_names import CatalogueNames
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange, CatalogueReplica
from tests.contracts.playlist.tracks_world import a_track, told


@dataclass(frozen=True, slots=True)
class NamesUnderTest:
    """What is read, and what writes it."""

    names: CatalogueNames
    replica: CatalogueReplica

    async def title(self, album: Album) -> str:
        """What an album is called."""
        return (await self.names.albums([album.album_id]))[album.album_id].title

    async def name(self, artist: Artist) -> str:
        """What an artist is called."""
        return (await self.names.artists([artist.artist_id]))[artist.artist_id].name


def an_album(title: str = "South") -> Album:
    return Album(new_id(), title, "The Föhn", new_id(), 1998, "/a/s")


def an_artist(name: str = "The Föhn") -> Artist:
    return Artist(new_id(), name)


class CatalogueNamesContract:
    """What albums and artists are called, whatever order the feed tells it in."""

    async def test_what_was_told_is_known_whole_and_the_rest_left_out(
        self, world: NamesUnderTest
    ) -> None:
        album, other, artist = an_album(), an_album("North"), an_artist()
        batch = [AlbumChange(1, album), told(a_track()), ArtistChange(1, artist)]
        await world.replica.apply([*batch, AlbumChange(1, other)], "t")
        assert await world.names.albums([album.album_id, new_id()]) == {album.album_id: album}
        assert await world.names.artists([new_id(), artist.artist_id]) == {artist.artist_id: artist}
        assert (await world.names.albums([]), await world.names.artists([])) == ({}, {})

    async def test_the_newest_name_holds_also_within_a_batch(self, world: NamesUnderTest) -> None:
        album, artist = an_album("Three"), an_artist("Three")
        for version, text in ((3, "Three"), (2, "Two"), (3, "Same version")):
            changes = [
                AlbumChange(version, replace(album, title=text)),
                ArtistChange(version, replace(artist, name=text)),
            ]
            await world.replica.apply(changes, "t")
        assert (await world.title(album), await world.name(artist)) == ("Three", "Three")
        fifth, fourth = replace(album, title="Five"), replace(album, title="Four")
        await world.replica.apply([AlbumChange(5, fifth), AlbumChange(4, fourth)], "t")
        renamed, late = replace(artist, name="Five"), replace(artist, name="Four")
        await world.replica.apply([ArtistChange(5, renamed), ArtistChange(4, late)], "t")
        assert (await world.title(album), await world.name(artist)) == ("Five", "Five")

    async def test_a_listing_is_believed_whatever_its_versions(self, world: NamesUnderTest) -> None:
        album, artist = an_album("Old"), an_artist("Old")
        await world.replica.apply([AlbumChange(9, album), ArtistChange(9, artist)], "t")
        await world.replica.begin_listing()
        restored = [
            AlbumChange(1, replace(album, title="Restored")),
            ArtistChange(1, replace(artist, name="Restored")),
        ]
        await world.replica.apply(restored, "")
        await world.replica.end_listing()
        assert (await world.title(album), await world.name(artist)) == ("Restored", "Restored")

    async def test_what_a_listing_does_not_tell_keeps_its_name(self, world: NamesUnderTest) -> None:
        album, artist = an_album("Gone"), an_artist("Gone")
        await world.replica.apply([AlbumChange(1, album), ArtistChange(1, artist)], "t")
        await world.replica.begin_listing()
        await world.replica.end_listing()
        assert (await world.title(album), await world.name(artist)) == ("Gone", "Gone")
