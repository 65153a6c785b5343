"""Tracks, artists and albums of the memory adapter, with their counts and their feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.memory.overrides import MemoryOverrides
from catalog_svc.domain.catalogue import Album, Artist, Track, TrackState
from catalog_svc.domain.tagging import pending_track, retagged
from catalog_svc.domain.tags import Tags, identity
from catalog_svc.ports.preparation import Publication
from meshkit.clock import utc_now
from meshkit.feeds import MemoryChangeFeed
from meshkit.ulids import new_id


class MemoryEntities:
    """Finds or makes names by identity, counts tracks to them, drops what nothing is left of."""

    def __init__(self, feed: MemoryChangeFeed) -> None:
        self.artists: dict[str, Artist] = {}
        self.albums: dict[str, Album] = {}
        self._tracks: dict[str, Track] = {}
        self.overrides = MemoryOverrides()
        self._feed = feed

    def track(self, track_id: str) -> Track | None:
        """The track, a hidden one too, as edited; its album's cover where it has none."""
        track = self._tracks.get(track_id)
        if track is None:
            return None
        album = self.albums.get(track.album_id)
        return replace(
            track,
            title=self.overrides.titles.get(track_id, track.title),
            artist=self.artists[track.artist_id].name,
            album=album.title if album else "",
            artwork=track.artwork or (album.artwork if album else ""),
            hidden=self.is_hidden(track),
            taken_down=track_id in self.overrides.taken_down,
        )

    def artist(self, artist_id: str) -> Artist | None:
        """The artist, one that was taken down too, without hidden tracks."""
        artist = self.artists.get(artist_id)
        if artist is None:
            return None
        hidden = [one for one in self._hidden() if one.artist_id == artist_id]
        return replace(
            artist,
            track_count=artist.track_count - len(hidden),
            living=self._sings(artist_id),
            taken_down=artist_id in self.overrides.taken_down,
        )

    def album(self, album_id: str) -> Album | None:
        """The album, one that was taken down too, without hidden tracks."""
        album = self.albums.get(album_id)
        if album is None:
            return None
        hidden = [one for one in self._hidden() if one.album_id == album_id]
        return replace(
            album,
            artist=self.artists[album.artist_id].name,
            track_count=album.track_count - len(hidden),
            total_duration_ms=album.total_duration_ms - sum(one.duration_ms for one in hidden),
            living=self._plays(album_id),
            taken_down=album_id in self.overrides.taken_down,
        )

    def shows_artist(self, artist_id: str) -> bool:
        """Whether anybody finds the artist."""
        return artist_id in self.artists and artist_id not in self.overrides.taken_down

    def shows_album(self, album_id: str) -> bool:
        """Whether anybody finds the album."""
        album = self.albums.get(album_id)
        return album is not None and not self.overrides.taken_down & {album_id, album.artist_id}

    def stored(self, track_id: str) -> Track:
        """The track without what was said of it and its names."""
        return self._tracks[track_id]

    def tracks_of(self, name_id: str) -> list[Track]:
        """The tracks of an album, or of an artist and on albums of theirs, as they are stored."""
        return [one for one in self._tracks.values() if name_id in self.names_of(one)]

    def names_of(self, track: Track) -> set[str]:
        """The ids of a track's artist, its album and that one's artist."""
        album = self.albums.get(track.album_id)
        return {track.artist_id, *((album.id, album.artist_id) if album else ())}

    def is_hidden(self, track: Track) -> bool:
        """Whether a track, its album or an artist of it was taken down."""
        return bool(self.overrides.taken_down & {track.id, *self.names_of(track)})

    def _hidden(self) -> Iterable[Track]:
        return (one for one in self._tracks.values() if self.is_hidden(one))

    def _sings(self, artist_id: str) -> bool:
        own = any(track.artist_id == artist_id for track in self._living())
        return own or any(
            self._plays(album.id) for album in self.albums.values() if album.artist_id == artist_id
        )

    def _plays(self, album_id: str) -> bool:
        return any(track.album_id == album_id for track in self._living())

    def _living(self) -> Iterable[Track]:
        visible = (one for one in self._tracks.values() if not self.is_hidden(one))
        return (one for one in visible if one.state is not TrackState.FAILED)

    def tracks(self) -> Iterable[Track]:
        """All tracks that are not hidden."""
        return [track for track in self.every_track() if not track.hidden]

    def every_track(self) -> Iterable[Track]:
        """All tracks, hidden ones too."""
        return [track for key in self._tracks if (track := self.track(key)) is not None]

    def insert(self, track_id: str, tags: Tags) -> None:
        """A new PENDING track."""
        track = pending_track(track_id, tags, *self._credit(tags), utc_now())
        # An album's cover is looked up at each read.
        self._credited(replace(track, artwork=""))

    def retag(self, track_id: str, tags: Tags) -> None:
        """Take ``tags`` over where they differ from the track's, its length excepted."""
        track = self._tracks[track_id]
        if track_id in self.overrides.tagged_artists:
            self.overrides.tagged_artists[track_id] = tags.artist
            tags = replace(tags, artist=self._tags(track).artist)
        self._take_over(track, tags)

    def credit_to(self, track: Track, artist: str) -> None:
        """Make a track that artist's, whatever its tags say; empty: whose the tags say it is."""
        held = self._tags(track)
        tagged = self.overrides.tagged_artists.pop(track.id, "")
        if artist:
            self.overrides.tagged_artists[track.id] = tagged or held.artist
        if artist or tagged:
            self._take_over(track, replace(held, artist=artist or tagged))

    def _tags(self, track: Track) -> Tags:
        """What tags called a track and its names."""
        called = self.overrides.tagged_names
        artist, album = self.artists[track.artist_id], self.albums.get(track.album_id)
        of_album = self.artists[album.artist_id] if album else None
        return Tags(
            title=track.title,
            artist=called.get(artist.id, artist.name),
            album=called.get(album.id, album.title) if album else "",
            album_artist=called.get(of_album.id, of_album.name) if of_album else "",
            disc_number=track.disc_number,
            track_number=track.track_number,
            year=track.year,
            genres=track.genres,
            duration_ms=track.duration_ms,
        )

    def _take_over(self, track: Track, tags: Tags) -> None:
        if _same(self._tags(track), tags):
            return
        credited = self._credit(replace(tags, duration_ms=track.duration_ms))
        self._credited(retagged(track, tags, *credited))
        self._leave(track)

    def change(self, track: Track) -> None:
        """A new version of a track; its names are told where it turns them silent or living."""
        turned = self._silent(track)
        self._tracks[track.id] = replace(track, version=track.version + 1)
        self.turn(turned ^ self._silent(track))
        self._tell(track.id)

    def fail(self, track_id: str) -> None:
        """The file of a track was refused."""
        self.change(replace(self._tracks[track_id], state=TrackState.FAILED))

    def play(self, track_id: str, plays: int) -> None:
        """Count plays of a track, if there is one; nobody is told."""
        track = self._tracks.get(track_id)
        if track is not None:
            played = replace(track, streams_total=track.streams_total + plays)
            self._tracks[track_id] = played

    def retell(self, track_id: str) -> None:
        """Tell a track again as it is now."""
        self.change(self._tracks[track_id])

    def remove(self, track_id: str) -> None:
        """The track is gone."""
        track = self._tracks.pop(track_id)
        self._feed.append(feed_changes.removal("track", track_id, track.version + 1))
        self._leave(track)

    def publish(self, done: Publication) -> None:
        """The rungs of a track are READY, and its length is known."""
        track = self._tracks[done.track_id]
        album = self.albums.get(track.album_id)
        if album is not None:
            longer_ms = done.duration_ms - track.duration_ms
            self._put_album(
                replace(
                    album,
                    total_duration_ms=album.total_duration_ms + longer_ms,
                    artwork=album.artwork or done.artwork,
                    version=album.version + 1,
                )
            )
        self.change(
            replace(
                track,
                state=TrackState.READY,
                bitrates_kbps=tuple(kbps for name, kbps in done.rungs if name.isdigit()),
                lossless=any(not name.isdigit() for name, _ in done.rungs),
                duration_ms=done.duration_ms,
                loudness=done.loudness or track.loudness,
                artwork=done.artwork or track.artwork,
            )
        )

    def _credit(self, tags: Tags) -> tuple[Artist, Album | None]:
        artist = self._artist(tags.artist)
        artist = replace(artist, track_count=artist.track_count + 1, version=artist.version + 1)
        self.artists[artist.id] = artist
        if not tags.album:
            return artist, None
        album = self._album(self._artist(tags.album_artist), tags)
        if self.overrides.tagged_years.get(album.id) == 0:
            self.overrides.tagged_years[album.id] = tags.year
        dated = album.id in self.overrides.tagged_years
        self.albums[album.id] = replace(
            album,
            year=album.year or (0 if dated else tags.year),
            track_count=album.track_count + 1,
            total_duration_ms=album.total_duration_ms + tags.duration_ms,
            version=album.version + 1,
        )
        return artist, album

    def _artist(self, name: str) -> Artist:
        if called := self.artist_called(name):
            return self.artists[called]
        artist = Artist(new_id(), name, "", 0, 0, utc_now(), 0)
        self.artists[artist.id] = artist
        return artist

    def _album(self, artist: Artist, tags: Tags) -> Album:
        if called := self.album_called(artist.id, tags.album):
            return self.albums[called]
        now = utc_now()
        return Album(new_id(), tags.album, artist.name, artist.id, tags.year, 0, 0, "", now, 0)

    def artist_called(self, name: str) -> str:
        """The id of the artist that tags of this name mean; empty: none yet."""
        return self.overrides.find("", name, {one.id: one.name for one in self.artists.values()})

    def album_called(self, artist_id: str, title: str) -> str:
        """The id of the artist's album that tags of this title mean; empty: none yet."""
        titles = {one.id: one.title for one in self.albums.values() if one.artist_id == artist_id}
        return self.overrides.find(artist_id, title, titles)

    def _leave(self, track: Track) -> None:
        """Take a track off its names; those that are left empty go."""
        artist = self.artists[track.artist_id]
        self.artists[artist.id] = replace(
            artist, track_count=artist.track_count - 1, version=artist.version + 1
        )
        touched = {artist.id}
        album = self.albums.get(track.album_id)
        if album is not None:
            touched.add(album.artist_id)
            self._leave_album(album, track.duration_ms)
        for artist_id in touched:
            self._settle_artist(self.artists[artist_id])

    def _leave_album(self, album: Album, duration_ms: int) -> None:
        left = replace(
            album,
            track_count=album.track_count - 1,
            total_duration_ms=album.total_duration_ms - duration_ms,
            version=album.version + 1,
        )
        if left.track_count or self.overrides.exist_for(album):
            self._put_album(left)
            return
        del self.albums[album.id]
        self._feed.append(feed_changes.removal("album", album.id, left.version + 1))

    def _settle_artist(self, artist: Artist) -> None:
        has_album = any(album.artist_id == artist.id for album in self.albums.values())
        if artist.track_count or has_album or self.overrides.exist_for(artist):
            self._put_artist(artist)
            return
        del self.artists[artist.id]
        self._feed.append(feed_changes.removal("artist", artist.id, artist.version + 1))

    def _credited(self, track: Track) -> None:
        """Take a track over, and tell of the names that were credited with it."""
        self._tracks[track.id] = track
        self._put_artist(self.artists[track.artist_id])
        if track.album_id:
            self._put_album(self.albums[track.album_id])
        self._tell(track.id)

    def _tell(self, track_id: str) -> None:
        track = self.track(track_id)
        if track is not None:
            self._feed.append(feed_changes.track_change(track))

    def _put_artist(self, artist: Artist) -> None:
        self.artists[artist.id] = artist
        if (told := self.artist(artist.id)) is not None:
            self._feed.append(feed_changes.artist_change(told))

    def _put_album(self, album: Album) -> None:
        self.albums[album.id] = album
        if (told := self.album(album.id)) is not None:
            self._feed.append(feed_changes.album_change(told))

    def turn(self, names: Collection[str]) -> None:
        """A new version of names, told."""
        for key in sorted(self.artists.keys() & names):
            artist = self.artists[key]
            self._put_artist(replace(artist, version=artist.version + 1))
        for key in sorted(self.albums.keys() & names):
            album = self.albums[key]
            self._put_album(replace(album, version=album.version + 1))

    def _silent(self, track: Track) -> frozenset[str]:
        """The names of a track of which every track was refused or hidden."""
        album = self.albums.get(track.album_id)
        artists = {track.artist_id} | ({album.artist_id} if album else set())
        silent = {key for key in artists if not self._sings(key)}
        return frozenset(silent | ({album.id} if album and not self._plays(album.id) else set()))


def _same(held: Tags, tags: Tags) -> bool:
    """Whether tags mean what is held; a measured length is not asked for."""
    return _meant(held) == _meant(tags)


def _meant(tags: Tags) -> tuple[object, ...]:
    names = map(identity, (tags.artist, tags.album, tags.album_artist))
    plain = (tags.title, tags.disc_number, tags.track_number, tags.year, tags.genres)
    return (*names, *plain)
