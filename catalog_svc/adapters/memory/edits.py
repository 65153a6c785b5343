"""What an administrator says of the catalogue, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from catalog_svc.adapters.codecs import request_answers
from catalog_svc.adapters.memory.entities import MemoryEntities
from catalog_svc.domain.catalogue import Album, Artist, Track
from catalog_svc.domain.edits import NOTHING, AlbumEdit, ArtistEdit, TrackEdit, name_taken_error
from meshkit.idempotency import MemoryAnswers, RequestKey


class MemoryEdits:
    """``Edits`` over names; ``survivor`` says where the id of a merged track leads."""

    def __init__(self, names: MemoryEntities, survivor: Callable[[str], str]) -> None:
        self._names = names
        self._survivor = survivor
        self._answers = MemoryAnswers()

    async def edit_track(
        self, track_id: str, edit: TrackEdit, key: RequestKey | None
    ) -> Track | None:
        track = self._names.track(self._survivor(track_id))
        if track is None:
            return None

        async def produce() -> bytes:
            if (changed := edit.of(track)) != NOTHING:
                self._edit_track(track.id, changed)
            return request_answers.encode(self._names.track(track.id) or track)

        return request_answers.decode_track(await self._answers.answer_once(None, key, produce))

    async def edit_album(
        self, album_id: str, edit: AlbumEdit, key: RequestKey | None
    ) -> Album | None:
        album = self._names.album(album_id)
        if album is None:
            return None

        async def produce() -> bytes:
            if (changed := edit.of(album)) != AlbumEdit():
                self._edit_album(self._names.albums[album_id], changed)
            return request_answers.encode(self._names.album(album_id) or album)

        return request_answers.decode_album(await self._answers.answer_once(None, key, produce))

    async def edit_artist(
        self, artist_id: str, edit: ArtistEdit, key: RequestKey | None
    ) -> Artist | None:
        artist = self._names.artist(artist_id)
        if artist is None:
            return None

        async def produce() -> bytes:
            if (changed := edit.of(artist)) != ArtistEdit():
                self._edit_artist(self._names.artists[artist_id], changed)
            return request_answers.encode(self._names.artist(artist_id) or artist)

        return request_answers.decode_artist(await self._answers.answer_once(None, key, produce))

    def merge(self, track_id: str, into: str) -> None:
        """A track is gone; what was said of it is said of another, where nothing was."""
        names, overrides = self._names, self._names.overrides
        gone, said = names.stored(track_id), overrides.tagged_artists.pop(track_id, "")
        if said and into not in overrides.tagged_artists:
            names.credit_to(names.stored(into), names.artists[gone.artist_id].name)
        before, was_hidden = names.track(into), names.is_hidden(names.stored(into))
        inherited = overrides.inherit(gone, names.stored(into))
        if names.track(into) != before or inherited != names.stored(into):
            names.change(inherited)
        if names.is_hidden(inherited) is not was_hidden:
            names.turn(names.names_of(inherited))
        names.remove(track_id)

    def _edit_track(self, track_id: str, edit: TrackEdit) -> None:
        names, overrides = self._names, self._names.overrides
        if edit.title:
            overrides.titles[track_id] = edit.title
        elif edit.title is not None:
            overrides.titles.pop(track_id, None)
        if edit.artist is not None:
            names.credit_to(names.stored(track_id), edit.artist)
        if replace(edit, artist=None) == NOTHING:
            return
        track = names.stored(track_id)
        was_hidden = names.is_hidden(track)
        overrides.take_down(track_id, hidden=edit.hidden)
        names.change(replace(track, access=track.access if edit.access is None else edit.access))
        if names.is_hidden(track) is not was_hidden:
            names.turn(names.names_of(track))

    def _edit_album(self, album: Album, edit: AlbumEdit) -> None:
        names, overrides = self._names, self._names.overrides
        _require_free(
            "album.title", album.id, names.album_called(album.artist_id, edit.title or "")
        )
        title = overrides.rename(album.artist_id, album.id, album.title, edit.title)
        year = overrides.date(album.id, album.year, edit.year)
        if title is None and year is None and edit.hidden is None:
            return
        shown = replace(album, title=title or album.title)
        names.albums[album.id] = shown if year is None else replace(shown, year=year)
        self._retell(album.id, hidden=edit.hidden, renamed=title is not None)

    def _edit_artist(self, artist: Artist, edit: ArtistEdit) -> None:
        names, overrides = self._names, self._names.overrides
        _require_free("artist.name", artist.id, names.artist_called(edit.name or ""))
        name = overrides.rename("", artist.id, artist.name, edit.name)
        if name is None and edit.bio is None and edit.hidden is None:
            return
        bio = artist.bio if edit.bio is None else edit.bio
        names.artists[artist.id] = replace(artist, name=name or artist.name, bio=bio)
        self._retell(artist.id, hidden=edit.hidden, renamed=name is not None)

    def _retell(self, name_id: str, *, hidden: bool | None, renamed: bool) -> None:
        """Tell a name that was edited, and all that shows it or turned with it."""
        names = self._names
        tracks = names.tracks_of(name_id)
        before = {one.id for one in tracks if names.is_hidden(one)}
        names.overrides.take_down(name_id, hidden=hidden)
        turned = [one for one in tracks if (one.id in before) is not names.is_hidden(one)]
        for track in {one.id: one for one in (*(tracks if renamed else ()), *turned)}.values():
            names.change(track)
        told = {name_id}.union(*map(names.names_of, turned))
        if renamed:
            told |= {one.id for one in names.albums.values() if one.artist_id == name_id}
        names.turn(told)


def _require_free(field: str, thing_id: str, called: str) -> None:
    """Raises ``InvalidArgument`` for a name by which tags find something else."""
    if called not in ("", thing_id):
        raise name_taken_error(field)
