"""Edit the tracks of a playlist: add, remove, move, replace, sort."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from meshkit.faults import Fault
from meshkit.ulids import new_ids, to_raw, to_text
from playlist_svc.domain import content as contents
from playlist_svc.domain.access import Role
from playlist_svc.domain.content import Content, UnknownItems
from playlist_svc.domain.order import Entry
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.conflicts import answered, not_smart
from playlist_svc.usecases.playlist.sort_keys import By, NamesMissing, beside_the_loop, sort_keys
from playlist_svc.usecases.writing import Command, Edited, Versions, Writer


@dataclass(frozen=True, slots=True)
class Place:
    """Where entries are put: at a position from 0, before an entry, or else at the end."""

    position: int | None = None
    before: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that stays in a replaced list."""

    item_id: bytes


@dataclass(frozen=True, slots=True)
class New:
    """A track that a replaced list adds."""

    track_id: str


_Change = Callable[[Content], Content]
_Answer = Callable[[str, Content, Content], Edited]


class Editing:
    """Edits of tracks by editors. Each is fitted to what others did since its base.

    All raise NotFound, PermissionDenied, FailedPrecondition (PLAYLIST_IS_SMART), InvalidArgument
    and Aborted (PLAYLIST_CONFLICT).
    """

    def __init__(
        self, writer: Writer, versions: Versions, tracks: Tracks, people: People, clock: Clock
    ) -> None:
        self._writer = writer
        self._versions = versions
        self._tracks = tracks
        self._people = people
        self._clock = clock

    async def add(self, command: Command, track_ids: Sequence[str], place: Place) -> Edited:
        """Adds tracks, as often as they are named. FailedPrecondition (PLAYLIST_FULL)."""
        try:
            entries = await self._entries(command.user_id, track_ids)
        except Fault as fault:
            return await self._answer_before(command, fault)
        item_ids = tuple(to_text(entry.item_id) for entry in entries)

        def change(base: Content) -> Content:
            if place.before is not None:
                return contents.add_before(base, entries, place.before)
            return contents.add(base, entries, place.position)

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            return Edited(snapshot_id, item_ids, added=len(item_ids))

        return await self._edit(command, change, answer, moved=())

    async def remove(self, command: Command, item_ids: Sequence[bytes]) -> Edited:
        """Removes entries; those that others have removed since the base count as removed."""
        named = frozenset(item_ids)

        def change(base: Content) -> Content:
            return contents.remove(base, named)[0]

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            return Edited(snapshot_id, removed=len(current.order) - len(content.order))

        return await self._edit(command, change, answer, moved=())

    async def move(
        self, command: Command, item_ids: Sequence[bytes], before: bytes | None
    ) -> Edited:
        """Moves entries side by side before another one; None: to the end."""
        named = frozenset(item_ids)

        def change(base: Content) -> Content:
            return contents.move(base, named, before)

        return await self._edit(command, change, _plain, moved=named)

    async def replace(self, command: Command, items: Sequence[Kept | New]) -> Edited:
        """Makes ``items`` the list; what others did since the base is kept."""
        new = [item.track_id for item in items if isinstance(item, New)]
        try:
            added = await self._entries(command.user_id, new)
        except Fault as fault:
            return await self._answer_before(command, fault)

        def change(base: Content) -> Content:
            return contents.replace(base, _replaced(base, items, added))

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            removed = len(current.order) + len(added) - len(content.order)
            return Edited(snapshot_id, added=len(added), removed=removed)

        return await self._edit(command, change, answer)

    async def sort(self, command: Command, by: By, *, descending: bool) -> Edited:
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
        self, command: Command, by: By, people: Mapping[str, str | None], *, descending: bool
    ) -> Edited:
        async def decide(writing: Writing) -> Edited:
            not_smart(writing.head)
            current = await writing.content(writing.head.revision)
            keys = await sort_keys(current.order, by, self._tracks, people)
            content = await beside_the_loop(
                current.order, partial(contents.sort, current, keys, descending=descending)
            )
            await self._versions.record(
                writing, current, content, command.user_id, sorted_by=by.value
            )
            return Edited(writing.head.snapshot_id)

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited

    async def _edit(
        self,
        command: Command,
        change: _Change,
        answer: _Answer,
        *,
        moved: Collection[bytes] | None = None,
    ) -> Edited:
        async def decide(writing: Writing) -> Edited:
            not_smart(writing.head)
            current = await writing.content(writing.head.revision)
            base = await self._versions.base(writing, command.snapshot_id, current)
            with answered():
                target = change(base)
            sides = (base, target, current)
            content = await self._versions.fitted(writing, sides, command.snapshot_id, moved)
            await self._versions.record(writing, current, content, command.user_id)
            return answer(writing.head.snapshot_id, current, content)

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited

    async def _answer_before(self, command: Command, fault: Fault) -> Edited:
        """What an equal request was answered before its tracks were away; else raises ``fault``."""
        if command.key is None:
            raise fault

        async def decide(writing: Writing) -> Edited:
            raise fault

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited

    async def _entries(self, user_id: str, track_ids: Sequence[str]) -> list[Entry]:
        """New entries of these tracks. NotFound for the first that does not exist."""
        known = await self._tracks.existing(dict.fromkeys(track_ids)) if track_ids else {}
        author = to_raw(user_id)
        return [
            Entry(item_id, to_raw(track_id), author, known[track_id].duration_ms)
            for item_id, track_id in zip(
                new_ids(len(track_ids), self._clock()), track_ids, strict=True
            )
        ]


def _plain(snapshot_id: str, current: Content, content: Content) -> Edited:
    return Edited(snapshot_id)


def _replaced(base: Content, items: Sequence[Kept | New], added: Sequence[Entry]) -> list[Entry]:
    """The entries of the new list. UnknownItems for what is not in ``base``."""
    known = {entry.item_id: entry for entry in base.order.slice(0)}
    unknown = [
        item.item_id for item in items if isinstance(item, Kept) and item.item_id not in known
    ]
    if unknown:
        raise UnknownItems(tuple(unknown))
    new = iter(added)
    return [known[item.item_id] if isinstance(item, Kept) else next(new) for item in items]
