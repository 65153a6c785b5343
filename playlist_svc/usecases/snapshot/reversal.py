"""Take a change of a playlist back, or make it again, by a new version."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.playlist import Kind
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.writing import Command, Edited, Revisions


@dataclass(frozen=True, slots=True)
class Reversal:
    """What going back is about: the change that is taken back, and which marks move.

    ``about`` is the version that the caller is told, ``taken`` the revision whose change is
    reversed; ``reverts``, ``undoes`` and ``redoes`` are revisions as in ``NewSnapshot``.
    """

    kind: Kind
    about: str
    taken: int
    reverts: int
    undoes: int | None = None
    redoes: int | None = None


async def reverse(
    revisions: Revisions, writing: Writing, command: Command, reversal: Reversal
) -> Edited | None:
    """Records the playlist without one of its changes; None when nothing is left of it."""
    current = await writing.content(writing.head.revision)
    base = await revisions.at(writing, reversal.taken, reversal.about)
    target = await revisions.at(writing, reversal.taken - 1, reversal.about)
    content = await revisions.merge(writing, (base, target, current), reversal.about)
    summary = await revisions.record(
        writing,
        current,
        content,
        command.user_id,
        kind=reversal.kind,
        reverts=reversal.reverts,
        undoes=reversal.undoes,
        redoes=reversal.redoes,
    )
    if summary is None:
        return None
    return Edited(writing.head.snapshot_id, about=reversal.about, summary=summary)
