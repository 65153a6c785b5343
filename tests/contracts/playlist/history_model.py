"""A model of a playlist's history in plain lists: what stands, and what an undo or a redo is about.

It says of every call whether it is refused, which items stand after it, and in which order as far
as the contract says so. What it cannot say is where the moves of two people meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Kind

EDITS = (Kind.EDIT, Kind.RESTORE)


@dataclass
class Version:
    """A version as it was when it was made. ``root`` is the edit that it made, took back or did
    again, by its revision; ``away`` whether it took it back."""

    revision: int
    snapshot_id: str
    kind: Kind
    author: str
    title: str
    entries: list[Entry]
    root: int
    away: bool = False

    @property
    def ids(self) -> list[bytes]:
        return [entry.item_id for entry in self.entries]


@dataclass
class Wanted:
    """What a call has to make of the newest version.

    ``fixed`` are the items in order, None for each new one, without those in ``free``, which stand
    anywhere; with ``loose`` all may. ``title`` is None where two people named it differently.
    """

    fixed: list[bytes | None]
    title: str | None
    free: set[bytes] = field(default_factory=set)
    loose: bool = False
    added: Sequence[str] = ()
    may_conflict: bool = False

    @property
    def items(self) -> set[bytes]:
        return {item for item in self.fixed if item is not None} | self.free

    def differs(self, head: Version) -> bool | None:
        """Whether there is a version to make; None where the model cannot say."""
        if self.added or self.items != set(head.ids) or self.title != head.title:
            return True
        return None if self.free or self.loose else self.fixed != head.ids


def merged_title(base: str, target: str, head: str) -> str | None:
    if target == base:
        return head
    return target if head in (base, target) else None


def wanted_of(base: Version, target: Version, head: Version) -> Wanted:
    """The newest version with what lies between two others."""
    was, now = base.ids, target.ids
    gone, back = set(was) - set(now), set(now) - set(was)
    moves = [i for i in was if i in now] != [i for i in now if i in was]
    rest: list[bytes | None] = [i for i in head.ids if i not in gone]
    title = merged_title(base.title, target.title, head.title)
    if was == head.ids:
        return Wanted(list(now), title)
    return Wanted(rest, title, back - set(head.ids), loose=moves, may_conflict=moves)


class Model:
    """The versions, and for each edit which version took it back."""

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.undone_by: dict[int, int] = {}

    @property
    def head(self) -> Version:
        return self.versions[-1]

    def aged(self, age: int) -> Version:
        return self.versions[max(0, len(self.versions) - 1 - age)]

    def _newest_edit(self, user: str, *, standing: bool) -> Version | None:
        edits = (v for v in reversed(self.versions) if v.author == user and v.kind in EDITS)
        return next((v for v in edits if not (standing and v.revision in self.undone_by)), None)

    def undoable(self, user: str) -> Version | None:
        return self._newest_edit(user, standing=True)

    def redoable(self, user: str) -> Version | None:
        """The undo that a redo of the user takes back."""
        newest = self._newest_edit(user, standing=False)
        own = [v for v in self.versions if v.author == user and v.kind is Kind.UNDO]
        standing = [v for v in own if self.undone_by.get(v.root) == v.revision]
        if not standing or (newest is not None and newest.revision > standing[-1].revision):
            return None
        return standing[-1]

    def can_be_undone(self, version: Version) -> bool:
        if version.kind is Kind.CREATED:
            return False
        by = self.undone_by.get(version.root)
        return by == version.revision if version.away else by is None

    def keep(self, version: Version) -> None:
        self.versions.append(version)
        if version.away:
            self.undone_by[version.root] = version.revision
        elif version.kind is Kind.REDO:
            del self.undone_by[version.root]
