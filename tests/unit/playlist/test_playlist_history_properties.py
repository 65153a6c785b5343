"""Many clients edit one playlist, each on a version it read some time ago.

Beside the packed lists and the merge under test runs a model of plain lists of ids. It knows of a
merge only what the contract says: what leaves, what comes, and that what is placed stands right
before its anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import note, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from playlist_svc.domain import content as edits
from playlist_svc.domain.content import Content
from playlist_svc.domain.delta import decode, difference, encode, replay
from playlist_svc.domain.diff import diff, patch
from playlist_svc.domain.merge import MergeConflict, TextConflict, merge_content
from playlist_svc.domain.order import EMPTY, Entry
from tests.profiles import examples

CLIENTS = 4

clients = st.integers(0, CLIENTS - 1)
places = st.integers(0, 1 << 16)


def model_of_merge(
    base: list[bytes], target: list[bytes], head: list[bytes], moved: set[bytes]
) -> list[bytes]:
    """The contract of a merge, item by item from the right, on plain lists."""
    placed = {i for i in target if i in moved or (i not in base and i not in head)}
    result = [i for i in head if i not in moved and (i in target or i not in base)]
    for index in reversed(range(len(target))):
        if target[index] not in placed:
            continue
        after = (i for i in target[index + 1 :] if i in result)
        anchor = next(after, None)
        result.insert(len(result) if anchor is None else result.index(anchor), target[index])
    return result


def next_of(chosen: Collection[bytes], item_id: bytes, ids: list[bytes]) -> bytes | None:
    """The next item among those chosen that stands after one in a list."""
    return next((i for i in ids[ids.index(item_id) + 1 :] if i in chosen), None)


class History(RuleBasedStateMachine):
    """A list of versions as a service keeps it, and what its clients were told."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = [Content("title 0", "", EMPTY)]
        self.deltas: list[bytes] = []
        self.alive: set[bytes] = set()
        self.texts = ("title 0", "")
        self.reads = [0] * CLIENTS
        self.made = 0

    def head(self) -> Content:
        return self.versions[-1]

    def new_entries(self, count: int) -> list[Entry]:
        self.made += count
        return [
            Entry(n.to_bytes(16, "big"), (n % 7).to_bytes(16, "big"), b"u" * 16, n)
            for n in range(self.made - count + 1, self.made + 1)
        ]

    def commit(
        self, base: Content, target: Content, moved: Collection[bytes] | None = None
    ) -> Content | None:
        """Merge an edit into head and keep it as a service would; None when it is refused."""
        head = self.head()
        try:
            result = merge_content(base, target, head, moved)
        except TextConflict as conflict:
            texts = {"title": 0, "description": 1}[conflict.field]
            sides = [(c.title, c.description)[texts] for c in (base, target, head)]
            assert len(set(sides)) == 3
            return None
        except MergeConflict as conflict:
            self.check_conflict(base, target, conflict)
            return None
        self.check_merge(base, target, result, moved)
        self.deltas.append(encode(difference(head, result)))
        self.versions.append(result)
        was, now = set(base.order.item_ids()), set(target.order.item_ids())
        self.alive = (self.alive - (was - now)) | (now - was)
        self.texts = (
            target.title if target.title != base.title else self.texts[0],
            target.description if target.description != base.description else self.texts[1],
        )
        return result

    def check_conflict(self, base: Content, target: Content, conflict: MergeConflict) -> None:
        was, now = base.order.item_ids(), target.order.item_ids()
        head = self.head().order.item_ids()
        if conflict.why == "moved":
            assert [i for i in was if i in head] != [i for i in head if i in was]
        for item_id in conflict.items:
            assert item_id in was
            assert item_id in now
            assert (item_id in self.alive) == (conflict.why == "moved")
        assert [i for i in was if i in now] != [i for i in now if i in was]

    def check_merge(
        self, base: Content, target: Content, result: Content, moved: Collection[bytes] | None
    ) -> None:
        was, now = base.order.item_ids(), target.order.item_ids()
        head, after = self.head().order.item_ids(), result.order.item_ids()
        if base.order == self.head().order:
            assert result.order == target.order
        for field in ("title", "description"):
            sides = [getattr(side, field) for side in (base, target, self.head())]
            assert sides[0] == sides[1] or sides[2] in sides[:2]
        kept = [i for i in was if i in now]
        # A move to where the items stand already moves nothing.
        if was == now or (moved is None and kept == [i for i in now if i in was]):
            moved = ()
        theirs = [i for i in was if i in head] != [i for i in head if i in was]
        # Where both sides moved something, what they agreed on may stay where head has it.
        if moved is not None and not (moved and theirs):
            assert after == model_of_merge(was, now, head, set(moved))
        fixed = [i for i in now if i in was and i in head and i not in (moved or ())]
        for item_id in set(moved or ()):
            assert next_of(fixed, item_id, after) == next_of(fixed, item_id, now)
        for item_id in set(now) - set(was) - set(head):
            following = [i for i in now[now.index(item_id) + 1 :] if i in head and i in after]
            unmoved = [i for i in following if moved is not None and i not in moved]
            if unmoved:
                assert after.index(item_id) < after.index(unmoved[0])

    def edit(self, client: int, change: Callable[[Content], Content], **known: set[bytes]) -> None:
        base = self.versions[self.reads[client]]
        self.commit(base, change(base), known.get("moved"))

    @initialize(count=st.integers(0, 10))
    def begin(self, count: int) -> None:
        self.edit(0, lambda base: edits.add(base, self.new_entries(count)))

    @rule(client=clients, version=places)
    def read(self, client: int, version: int) -> None:
        self.reads[client] = version % len(self.versions)

    @rule(client=clients)
    def read_head(self, client: int) -> None:
        self.reads[client] = len(self.versions) - 1

    @rule(client=clients, at=places, count=st.integers(1, 3))
    def add(self, client: int, at: int, count: int) -> None:
        entries = self.new_entries(count)
        self.edit(client, lambda base: edits.add(base, entries, at % (len(base.order) + 1)))
        added = [entry.item_id for entry in entries]
        after = self.head().order.item_ids()
        start = after.index(added[0])
        assert after[start : start + count] == added

    @rule(client=clients, at=places, count=st.integers(1, 3))
    def remove(self, client: int, at: int, count: int) -> None:
        ids = self.run_of(client, at, count)
        self.edit(client, lambda base: edits.remove(base, ids)[0])
        assert not self.alive.intersection(ids)

    @rule(client=clients, at=places, count=st.integers(1, 3), to=places, tell=st.booleans())
    def move(self, client: int, at: int, count: int, to: int, *, tell: bool) -> None:
        self.commit_move(self.reads[client], self.run_of(client, at, count), to, tell=tell)

    @rule(at=places, count=st.integers(1, 3), tos=st.tuples(places, places), tell=st.booleans())
    def two_move_the_same(self, at: int, count: int, tos: tuple[int, int], *, tell: bool) -> None:
        version = len(self.versions) - 1
        self.reads[:2] = [version] * 2
        self.commit_move(version, self.run_of(0, at, count), tos[0], tell=tell)
        self.commit_move(version, self.run_of(1, at, 1), tos[1], tell=tell)

    @rule(gone=places, moved=places, to=places)
    def one_moves_beside_what_another_removes(self, gone: int, moved: int, to: int) -> None:
        version = len(self.versions) - 1
        self.reads[:2] = [version] * 2
        self.edit(0, lambda base: edits.remove(base, self.run_of(0, gone, 1))[0])
        self.commit_move(version, self.run_of(1, moved, 1), to, tell=True)

    def commit_move(self, version: int, ids: list[bytes], to: int, *, tell: bool) -> None:
        base = self.versions[version]
        anchors = [None, *(i for i in base.order.item_ids() if i not in ids)]
        target = edits.move(base, ids, anchors[to % len(anchors)])
        self.commit(base, target, set(ids) if tell else None)

    @rule(client=clients, at=places, count=st.integers(1, 3))
    def replace(self, client: int, at: int, count: int) -> None:
        base = self.versions[self.reads[client]].order.slice(0)
        keep = base[at % (len(base) + 1) :][::-1]
        entries = [*self.new_entries(count), *keep]
        self.edit(client, lambda content: edits.replace(content, entries))

    @rule(client=clients, title=st.integers(0, 3))
    def rename(self, client: int, title: int) -> None:
        self.edit(client, lambda base: edits.rename(base, f"title {title}"))

    @rule(client=clients, text=st.sampled_from(["", "a", "b"]))
    def describe(self, client: int, text: str) -> None:
        self.edit(client, lambda base: edits.describe(base, text))

    @precondition(lambda self: len(self.versions) > 1)
    @rule(back=places)
    def undo(self, back: int) -> None:
        revision = len(self.versions) - 1 - back % min(6, len(self.versions) - 1)
        before, edit = self.versions[revision - 1], self.versions[revision]
        last = revision == len(self.versions) - 1
        result = self.commit(edit, before)
        if last:
            assert result == before

    @precondition(lambda self: len(self.versions) > 1)
    @rule()
    def undo_and_redo(self) -> None:
        before, edit = self.versions[-2:]
        assert self.commit(edit, before) == before
        assert self.commit(before, edit) == edit

    @rule(one=places, other=places)
    def compare(self, one: int, other: int) -> None:
        a, b = self.versions[one % len(self.versions)], self.versions[other % len(self.versions)]
        assert patch(a, diff(a, b)) == b

    @rule(copy=places)
    def reread(self, copy: int) -> None:
        start = copy % len(self.versions)
        for version in range(start, len(self.versions)):
            assert (
                replay(self.versions[start], self.deltas[start:version]) == self.versions[version]
            )

    @invariant()
    def nothing_acknowledged_is_lost_and_nothing_removed_is_back(self) -> None:
        ids = self.head().order.item_ids()
        note(f"{len(self.versions)} versions, {len(ids)} items")
        assert len(set(ids)) == len(ids)
        assert set(ids) == self.alive
        assert (self.head().title, self.head().description) == self.texts

    @invariant()
    def deltas_come_back_as_they_were_encoded(self) -> None:
        if self.deltas:
            assert encode(decode(self.deltas[-1])) == self.deltas[-1]

    def teardown(self) -> None:
        assert replay(self.versions[0], self.deltas) == self.head()
        for (a, b), delta in zip(pairwise(self.versions), self.deltas, strict=True):
            assert replay(a, [delta]) == b

    def run_of(self, client: int, at: int, count: int) -> list[bytes]:
        ids = self.versions[self.reads[client]].order.item_ids()
        return ids[at % (len(ids) + 1) :][:count]


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=examples(150), stateful_step_count=40)
