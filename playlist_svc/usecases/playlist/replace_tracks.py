"""Replace the tracks of a playlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshkit.faults import Fault
from playlist_svc.domain import content as contents
from playlist_svc.domain.content import Content, UnknownItems
from playlist_svc.domain.order import Entry
from playlist_svc.usecases.playlist.editing import Edits
from playlist_svc.usecases.writing import Command, Edited


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An entry that stays in a replaced list."""

    item_id: bytes


@dataclass(frozen=True, slots=True)
class NewItem:
    """A track that a replaced list adds."""

    track_id: str


class ReplaceTracks:
    """Puts another list in the place of the list."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(self, command: Command, items: Sequence[KeptItem | NewItem]) -> Edited:
        """Makes ``items`` the list; what others did since the base is kept."""
        new = [item.track_id for item in items if isinstance(item, NewItem)]
        try:
            added = await self._edits.new_entries(command.user_id, new)
        except Fault as fault:
            return await self._edits.answer_before(command, fault)

        def change(base: Content) -> Content:
            return contents.replace(base, _replaced(base, items, added))

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            removed = len(current.order) + len(added) - len(content.order)
            return Edited(snapshot_id, added=len(added), removed=removed)

        return await self._edits.apply(command, change, answer)


def _replaced(
    base: Content, items: Sequence[KeptItem | NewItem], added: Sequence[Entry]
) -> list[Entry]:
    """The entries of the new list. UnknownItems for what is not in ``base``."""
    known = {entry.item_id: entry for entry in base.order.slice(0)}
    unknown = [
        item.item_id for item in items if isinstance(item, KeptItem) and item.item_id not in known
    ]
    if unknown:
        raise UnknownItems(tuple(unknown))
    new = iter(added)
    return [known[item.item_id] if isinstance(item, KeptItem) else next(new) for item in items]
