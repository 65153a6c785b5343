"""Several people write one playlist through the service's use cases, on versions of any age.

Beside the service runs a model of plain lists that says what each call has to come to. Where the
moves of two people meet it asks that nothing is lost.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from meshkit.faults import Fault
from meshkit.idempotency import RequestKey
from meshkit.ulids import to_raw, to_text
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import with_member
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Track
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.new_playlists import NewPlaylist
from playlist_svc.usecases.playlist.add_tracks import AddTracks, AtIndex
from playlist_svc.usecases.playlist.create_playlist import CreatePlaylist
from playlist_svc.usecases.playlist.editing import Edits
from playlist_svc.usecases.playlist.move_tracks import MoveTracks
from playlist_svc.usecases.playlist.remove_tracks import RemoveTracks
from playlist_svc.usecases.playlist.replace_tracks import KeptItem, NewItem, ReplaceTracks
from playlist_svc.usecases.playlist.update_playlist import DetailChanges, UpdatePlaylist
from playlist_svc.usecases.snapshot.redo import Redo
from playlist_svc.usecases.snapshot.restore import Restore
from playlist_svc.usecases.snapshot.undo import Undo
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer
from tests.contracts.playlist.history_model import (
    EDITS,
    Model,
    Version,
    Wanted,
    merged_title,
    wanted_of,
)
from tests.contracts.playlist.sharing_samples import new_id
from tests.profiles import examples

OWNER, ANN, BEN, VIEWER, STRANGER = PEOPLE = [new_id() for _ in range(5)]
DURATIONS = {new_id(): 1_000 + number for number in range(6)}
TRACKS = list(DURATIONS)

places = st.integers(0, 1 << 16)
few = st.integers(1, 3)
# Most calls are by who may write, and most on a recent version.
people = st.sampled_from([OWNER, ANN, BEN, OWNER, ANN, BEN, VIEWER, STRANGER])
ages = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 9])
tracks = st.lists(st.sampled_from(TRACKS), min_size=1, max_size=3)

Call = Callable[[Command], Awaitable[Edited]]


class Catalogue:
    """The tracks of this world."""

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        return [
            Track(id_, id_, "", "", "", "", 1, 1, DURATIONS[id_], 2020, (), 0, "", 0)
            for id_ in track_ids
        ]


class Histories(RuleBasedStateMachine):
    """One playlist of a service on stores in memory, and the model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = 1_764_000_000_000
        self.store = MemoryPlaylists(MemoryHeads())
        known = MemoryTracks(Catalogue())
        access = Access(self.store, MemoryHeads())
        revisions = Revisions(known, self.clock, new_id)
        writer = Writer(self.store, access)
        self.create = CreatePlaylist(self.store, known, self.clock, new_id)
        edits = Edits(writer, revisions, known, self.clock)
        self.add_tracks, self.remove_tracks = AddTracks(edits), RemoveTracks(edits)
        self.move_tracks, self.replace_tracks = MoveTracks(edits), ReplaceTracks(edits)
        self.update = UpdatePlaylist(writer, revisions, access)
        self.undo_edit, self.redo_edit = Undo(writer, revisions), Redo(writer, revisions)
        self.restore_version = Restore(writer, revisions)
        self.model = Model()
        self.seen: dict[bytes, Entry] = {}
        self.answered: list[tuple[Call, Command, Edited]] = []
        self.playlist_id = ""

    def clock(self) -> int:
        self.now += 1
        return self.now

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    def stored(self) -> Head:
        head = self.run(self.store.head(self.playlist_id))
        assert isinstance(head, Head)
        return head

    def read(self, revision: int) -> tuple[str, list[Entry]]:
        content = self.run(self.store.content(self.stored(), revision))
        return content.title, content.order.slice(0)

    def check_reads_as_it_was(self, version: Version) -> None:
        assert self.read(version.revision) == (version.title, version.entries)

    @initialize(track_ids=tracks)
    def begin(self, track_ids: list[str]) -> None:
        head = self.run(self.create(OWNER, NewPlaylist("title 0"), None))
        self.playlist_id = head.playlist_id
        for user, role in ((ANN, Role.EDITOR), (BEN, Role.EDITOR), (VIEWER, Role.VIEWER)):
            self.give(user, role)
        self.model.keep(Version(1, head.snapshot_id, Kind.CREATED, OWNER, "title 0", [], 1))
        self.add(OWNER, 0, 0, track_ids)

    def give(self, user: str, role: Role) -> None:
        async def decide(writing: Writing) -> bytes:
            writing.change(with_member(writing.head, user, role, self.clock()))
            return b""

        self.run(self.store.write(self.playlist_id, None, decide))

    def attempt(self, call: Call, command: Command) -> Edited | Fault:
        async def tried() -> Edited | Fault:
            try:
                return await call(command)
            except Fault as fault:
                return fault

        answer: Edited | Fault = self.run(tried())
        return answer

    def write(
        self,
        user: str,
        call: Call,
        wanted: Wanted | None,
        base: Version | None = None,
        *,
        kind: Kind = Kind.EDIT,
        root: int | None = None,
    ) -> None:
        """Makes a call and holds what came of it against what is wanted; None: is refused."""
        head = self.model.head
        request = new_id()
        digest = hashlib.sha256(request.encode()).digest()
        key = RequestKey(user, kind.name, request, digest)
        command = Command(self.playlist_id, user, key, base.snapshot_id if base else "")
        answer = self.attempt(call, command)
        if isinstance(answer, Fault):
            assert answer.reason in self.refusals(user, wanted, head, kind), answer.reason
            assert self.stored().snapshot_id == head.snapshot_id
            return
        assert self.stored().role_of(user) >= Role.EDITOR
        assert wanted is not None
        assert wanted.title is not None
        self.answered.append((call, command, answer))
        assert answer.snapshot_id == self.stored().snapshot_id
        if answer.snapshot_id == head.snapshot_id:
            assert kind not in (Kind.UNDO, Kind.REDO)
            assert not wanted.differs(head)
            return
        assert wanted.differs(head) is not False
        self.keep(user, wanted, answer, kind, root)

    def refusals(self, user: str, wanted: Wanted | None, head: Version, kind: Kind) -> set[str]:
        """The reasons of which one may be given; none where the call has to be answered."""
        if user == STRANGER:
            return {"NOT_FOUND"}
        if self.stored().role_of(user) < Role.EDITOR:
            return {"PERMISSION_DENIED"}
        nothing = {Kind.UNDO: {"NOTHING_TO_UNDO"}, Kind.REDO: {"NOTHING_TO_REDO"}}.get(kind, set())
        if wanted is None:
            # By its name an undo is taken back with Undo, though that makes a redo.
            return nothing | {"NOTHING_TO_UNDO"}
        if wanted.title is None:
            return {"PLAYLIST_CONFLICT"}
        found = {"PLAYLIST_CONFLICT"} if wanted.may_conflict else set()
        if not wanted.differs(head) and nothing:
            found |= nothing | {"NOTHING_TO_UNDO"}
        return found

    def keep(self, user: str, wanted: Wanted, answer: Edited, kind: Kind, root: int | None) -> None:
        revision = len(self.model.versions) + 1
        assert self.stored().revision == revision
        title, entries = self.read(revision)
        fresh = [entry for entry in entries if entry.item_id not in self.seen]
        assert [to_text(entry.track_id) for entry in fresh] == list(wanted.added)
        assert {entry.added_by for entry in fresh} <= {to_raw(user)}
        self.seen |= {entry.item_id: entry for entry in fresh}
        assert all(self.seen[entry.item_id] == entry for entry in entries)
        new = {entry.item_id for entry in fresh}
        ids = [entry.item_id for entry in entries]
        assert len(ids) == len(set(ids))
        assert set(ids) - new == wanted.items
        if not wanted.loose:
            placed = [None if i in new else i for i in ids if i not in wanted.free]
            assert placed == wanted.fixed
        assert title == wanted.title
        away = kind is Kind.UNDO
        self.model.keep(
            Version(
                revision, answer.snapshot_id, kind, user, title, entries, root or revision, away
            )
        )

    @rule(user=people, age=ages, at=places, track_ids=tracks)
    def add(self, user: str, age: int, at: int, track_ids: list[str]) -> None:
        base, head = self.model.aged(age), self.model.head
        position = at % (len(base.ids) + 1)
        anchor = next((i for i in base.ids[position:] if i in head.ids), None)
        index = len(head.ids) if anchor is None else head.ids.index(anchor)
        fixed = [*head.ids[:index], *[None] * len(track_ids), *head.ids[index:]]
        wanted = Wanted(fixed, head.title, added=track_ids)
        place = AtIndex(position)
        self.write(user, lambda c: self.add_tracks(c, track_ids, place), wanted, base)

    @rule(user=people, age=ages, at=places, count=few)
    def remove(self, user: str, age: int, at: int, count: int) -> None:
        base, head = self.model.aged(age), self.model.head
        named = self.some(base, at, count)
        wanted = Wanted([i for i in head.ids if i not in named], head.title)
        self.write(user, lambda c: self.remove_tracks(c, named), wanted, base)

    @rule(user=people, age=ages, at=places, count=few, to=places)
    def move(self, user: str, age: int, at: int, count: int, to: int) -> None:
        base, head = self.model.aged(age), self.model.head
        named = self.some(base, at, count)
        rest = [i for i in base.ids if i not in named]
        before = [*rest, None][to % (len(rest) + 1)]
        index = len(rest) if before is None else rest.index(before)
        if base.ids == head.ids:
            wanted = Wanted([*rest[:index], *named, *rest[index:]], head.title)
        else:
            free = set(named) & set(head.ids)
            still: list[bytes | None] = [i for i in head.ids if i not in named]
            wanted = Wanted(still, head.title, free, may_conflict=True)
        self.write(user, lambda c: self.move_tracks(c, named, before), wanted, base)

    @rule(user=people, age=ages, at=places, count=few, track_ids=tracks)
    def replace(self, user: str, age: int, at: int, count: int, track_ids: list[str]) -> None:
        base, head = self.model.aged(age), self.model.head
        dropped = self.some(base, at, count)
        stay = [i for i in base.ids if i not in dropped][::-1]
        items: list[KeptItem | NewItem] = [*map(KeptItem, stay), *map(NewItem, track_ids)]
        if base.ids == head.ids:
            wanted = Wanted([*stay, *[None] * len(track_ids)], head.title, added=track_ids)
        else:
            left: list[bytes | None] = [i for i in head.ids if i not in dropped]
            wanted = Wanted(left, head.title, loose=True, added=track_ids, may_conflict=True)
        self.write(user, lambda c: self.replace_tracks(c, items), wanted, base)

    @rule(user=people, age=ages, number=st.integers(0, 3))
    def rename(self, user: str, age: int, number: int) -> None:
        base, head, title = self.model.aged(age), self.model.head, f"title {number}"

        async def call(command: Command) -> Edited:
            return Edited((await self.update(command, DetailChanges(title=title)))[0])

        wanted = Wanted(list(head.ids), merged_title(base.title, title, head.title))
        self.write(user, call, wanted, base)

    @rule(user=people)
    def undo(self, user: str) -> None:
        self.take_back(user, self.model.undoable(user), named=False)

    @rule(user=people, age=st.integers(0, 12))
    def undo_by_name(self, user: str, age: int) -> None:
        self.take_back(user, self.model.aged(age), named=True)

    def take_back(self, user: str, version: Version | None, *, named: bool) -> None:
        wanted, kind, root = None, Kind.UNDO, None
        if version is not None and self.model.can_be_undone(version):
            before = self.model.versions[version.revision - 2]
            wanted, root = wanted_of(version, before, self.model.head), version.root
            kind = Kind.REDO if version.away else Kind.UNDO
        base = version if named else None
        self.write(user, self.undo_edit, wanted, base, kind=kind, root=root)

    @rule(user=people)
    def redo(self, user: str) -> None:
        wanted, root, undo = None, None, self.model.redoable(user)
        if undo is not None:
            before = self.model.versions[undo.revision - 2]
            wanted, root = wanted_of(undo, before, self.model.head), undo.root
        self.write(user, self.redo_edit, wanted, kind=Kind.REDO, root=root)

    @rule(user=people, age=ages)
    def restore(self, user: str, age: int) -> None:
        version = self.model.aged(age)
        wanted = Wanted(list(version.ids), version.title)
        self.write(user, self.restore_version, wanted, version, kind=Kind.RESTORE)

    @rule(user=st.sampled_from([OWNER, ANN]), at=places, count=few, how=st.integers(0, 4))
    def undo_and_redo_of_ones_own_edit_go_there_and_back(
        self, user: str, at: int, count: int, how: int
    ) -> None:
        self.give(ANN, Role.EDITOR)
        before = self.model.head
        match how:
            case 0:
                self.add(user, 0, at, TRACKS[:count])
            case 1:
                self.remove(user, 0, at, count)
            case 2:
                self.move(user, 0, at, count, at // 7)
            case 3:
                self.replace(user, 0, at, count, TRACKS[:count])
            case _:
                self.rename(user, 0, at % 4)
        edit = self.model.head
        if edit is before:
            return
        for step, like in ((self.undo, before), (self.redo, edit), (self.undo, before)):
            step(user)
            assert (self.model.head.title, self.model.head.entries) == (like.title, like.entries)
        assert len(self.model.versions) == edit.revision + 3

    @rule(at=places, first=st.sampled_from([OWNER, ANN]))
    def one_undoes_anothers_edit_and_both_redo(self, at: int, first: str) -> None:
        self.give(ANN, Role.EDITOR)
        self.add(ANN, 0, at, TRACKS[:1])
        self.take_back(OWNER, self.model.head, named=True)
        for user in (first, ANN, OWNER):
            self.redo(user)

    @rule(user=st.sampled_from([ANN, BEN]), role=st.sampled_from([Role.VIEWER, Role.EDITOR]))
    def change_role(self, user: str, role: Role) -> None:
        self.give(user, role)

    @rule(which=places)
    def retry(self, which: int) -> None:
        call, command, answer = self.answered[which % len(self.answered)]
        head = self.stored()
        assert self.attempt(call, command) == answer
        assert self.stored() == head

    def some(self, base: Version, at: int, count: int) -> list[bytes]:
        return base.ids[at % (len(base.ids) + 1) :][:count]

    @invariant()
    def the_playlist_is_what_its_newest_version_says(self) -> None:
        if not self.model.versions:
            return
        stored, head = self.stored(), self.model.head
        assert (stored.revision, stored.snapshot_id) == (head.revision, head.snapshot_id)
        assert stored.title == head.title
        assert stored.track_count == len(head.entries)
        durations = [DURATIONS[to_text(entry.track_id)] for entry in head.entries]
        assert stored.total_duration_ms == sum(durations)

    @invariant()
    def every_acknowledged_write_is_one_version(self) -> None:
        told = self.run(self.store.snapshots(self.playlist_id, None, 1_000))[::-1]
        kept = self.model.versions
        assert [(s.revision, s.snapshot_id, s.kind, s.author_id, s.track_count) for s in told] == [
            (v.revision, v.snapshot_id, v.kind, v.author, len(v.entries)) for v in kept
        ]
        undone = {s.revision: s.undone_by for s in told if s.kind in EDITS and s.undone_by}
        assert undone == self.model.undone_by

    @rule(age=places)
    def read_a_version_again(self, age: int) -> None:
        self.check_reads_as_it_was(self.model.aged(age % len(self.model.versions)))

    def teardown(self) -> None:
        try:
            for version in self.model.versions:
                self.check_reads_as_it_was(version)
        finally:
            self.runner.close()


TestServiceHistories = Histories.TestCase
TestServiceHistories.settings = settings(max_examples=examples(40), stateful_step_count=30)
