"""Sort the tracks of a playlist."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from playlist_svc.domain import content as contents
from playlist_svc.domain.access import Role
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.conflicts import require_not_smart
from playlist_svc.usecases.playlist.sort_keys import NamesMissing, SortBy, run_off_loop, sort_keys
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer


class SortTracks:
    """Sorts playlists for their editors. Raises as other edits of tracks do (``Edits``)."""

    def __init__(
        self, writer: Writer, revisions: Revisions, tracks: Tracks, people: People
    ) -> None:
        self._writer = writer
        self._revisions = revisions
        self._tracks = tracks
        self._people = people

    async def __call__(self, command: Command, by: SortBy, *, descending: bool) -> Edited:
        """Sorts the newest version; entries that are equal keep their order."""
        people: dict[str, str | None] = {}
        while True:
            try:
                return await self._sort(command, by, people, descending=descending)
            except NamesMissing as missing:
                # Who has no name has one entry, too, so that every further turn knows more.
                people |= dict.fromkeys(missing.user_ids)
                people |= await self._people.names(missing.user_ids)

    async def _sort(
        self, command: Command, by: SortBy, people: Mapping[str, str | None], *, descending: bool
    ) -> Edited:
        async def decide(writing: Writing) -> Edited:
            require_not_smart(writing.head)
            current = await writing.content(writing.head.revision)
            keys = await sort_keys(current.order, by, self._tracks, people)
            content = await run_off_loop(
                current.order, partial(contents.sort, current, keys, descending=descending)
            )
            await self._revisions.record(
                writing, current, content, command.user_id, sorted_by=by.value
            )
            return Edited(writing.head.snapshot_id)

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited
