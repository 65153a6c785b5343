"""Whether the history of a playlist agrees with what its editors were told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segue.playlist.v1 import playlist_pb2, snapshot_service_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from player.mesh_client import MeshClient
from tests.mesh.playlist_editors import Acknowledged, Told
from tests.mesh.playlist_lists import (
    CHANGE,
    Entry,
    View,
    applied,
    read_differences,
    read_history,
    read_playlist,
    read_view,
)

_KIND = playlist_pb2.Snapshot
_KINDS: Mapping[type[Any], int] = {
    snapshot_service_pb2.UndoRequest: _KIND.UNDO,
    snapshot_service_pb2.RestoreRequest: _KIND.RESTORE,
}
# Their answers are versions that they made, always.
_ALWAYS_MAKE = (pb.AddTracksRequest, snapshot_service_pb2.UndoRequest)


@dataclass(frozen=True, slots=True)
class Version:
    """All that a version consists of."""

    title: str
    description: str
    entries: list[Entry]

    @property
    def texts(self) -> tuple[str, str]:
        return self.title, self.description

    @property
    def item_ids(self) -> list[str]:
        return [each.item_id for each in self.entries]

    def after(self, changes: Sequence[Any]) -> Version:
        """The version that changes make of this one."""
        texts = {CHANGE.TITLE: self.title, CHANGE.DESCRIPTION: self.description}
        for each in changes:
            if each.kind in texts:
                assert each.old_text == texts[each.kind] != each.new_text
                texts[each.kind] = each.new_text
        return Version(
            texts[CHANGE.TITLE], texts[CHANGE.DESCRIPTION], applied(self.entries, changes)
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One version: the edit that made it, what it changed, and all versions up to it."""

    edit: Acknowledged
    changes: Sequence[Any]
    earlier: Version
    later: Version
    versions: Mapping[str, tuple[Version, Version]]
    """Each version by its id, behind the one before it."""

    @property
    def kinds(self) -> Counter[int]:
        return Counter(each.kind for each in self.changes)

    @property
    def gone(self) -> set[str]:
        return set(self.earlier.item_ids) - set(self.later.item_ids)

    @property
    def new(self) -> set[str]:
        return set(self.later.item_ids) - set(self.earlier.item_ids)


async def assert_told_the_truth(
    client: MeshClient, playlist_id: str, title: str, told: Told, samples: int
) -> None:
    """The history is what was acknowledged, each edit once, and the list is what it makes.

    ``title`` is what the playlist was called at first.
    """
    history = await read_history(client, playlist_id)
    assert [each.revision for each in history] == list(range(1, len(history) + 1))
    made = made_versions(told.acknowledged, history)
    assert len(history) == 1 + len(made)
    snapshot_ids = [each.snapshot_id for each in history]
    versions = [Version(title, "", [])]
    known = {snapshot_ids[0]: (versions[0], versions[0])}
    differences = await read_differences(client, playlist_id, snapshot_ids)
    for snapshot, changes in zip(history[1:], differences, strict=True):
        earlier, later = versions[-1], versions[-1].after(changes)
        known[snapshot.snapshot_id] = (earlier, later)
        assert snapshot.track_count == len(later.entries)
        edit = made[snapshot.snapshot_id]
        assert snapshot.kind == _KINDS.get(type(edit.request), _KIND.EDIT)
        _CHECKS[type(edit.request)](Step(edit, changes, earlier, later, known))
        versions.append(later)
    assert_undone_once(history)
    for index in [*random.sample(range(len(history)), samples), len(history) - 1]:
        read = await read_view(client, playlist_id, snapshot_ids[index])
        assert read.entries == versions[index].entries, history[index]
    await assert_newest(client, playlist_id, snapshot_ids[-1], versions[-1])


def made_versions(
    acknowledged: Sequence[Acknowledged], history: Sequence[Any]
) -> dict[str, Acknowledged]:
    """The edit that made each version but the first; fails unless each was made by exactly one.

    One that changes nothing, such as a move to where the entries stand already or a removal of
    what is gone already, makes none and is answered with the newest version.
    """
    versions = {each.snapshot_id: each for each in history}
    made: dict[str, Acknowledged] = {}
    idle = 0
    for each in acknowledged:
        snapshot_id = each.answer.snapshot_id
        assert snapshot_id in versions, each
        mine = versions[snapshot_id].author_id == each.author_id and snapshot_id not in made
        if isinstance(each.request, pb.RemoveTracksRequest):
            makes = each.answer.removed_count > 0
        else:
            makes = mine or isinstance(each.request, _ALWAYS_MAKE)
        assert mine or not makes, (each, made.get(snapshot_id))
        if makes:
            made[snapshot_id] = each
        else:
            idle += 1
    unexplained = [each for each in history[1:] if each.snapshot_id not in made]
    assert not unexplained, unexplained
    assert len(made) + idle == len(acknowledged)
    return made


def assert_undone_once(history: Sequence[Any]) -> None:
    """No edit was undone twice, and what was undone is marked so."""
    undone = Counter(each.reverts_snapshot_id for each in history if each.kind == _KIND.UNDO)
    assert set(undone.values()) <= {1}
    assert {each.snapshot_id for each in history if each.undone} == set(undone)


def assert_added(step: Step) -> None:
    """The tracks, in order, and no other change."""
    request, answer = step.edit.request, step.edit.answer
    assert set(step.kinds) == {CHANGE.ADDED}
    added = {each.item_id: each.track_id for each in step.later.entries}
    assert answer.added_count == step.kinds[CHANGE.ADDED] == len(request.track_ids)
    assert [added[one] for one in answer.item_ids] == list(request.track_ids)
    assert step.new == set(answer.item_ids)
    assert [one for one in step.later.item_ids if one not in step.new] == step.earlier.item_ids


def assert_removed(step: Step) -> None:
    """Those of the entries that were there still, and no other change."""
    assert set(step.kinds) == {CHANGE.REMOVED}
    assert len(step.gone) == step.edit.answer.removed_count
    assert step.gone == set(step.edit.request.item_ids) & set(step.earlier.item_ids)
    assert [one for one in step.earlier.item_ids if one not in step.gone] == step.later.item_ids


def assert_moved(step: Step) -> None:
    """The entries are elsewhere; the others stand as they stood."""
    moved = set(step.edit.request.item_ids)
    assert set(step.kinds) == {CHANGE.MOVED}
    assert not step.gone | step.new
    earlier, later = step.earlier.item_ids, step.later.item_ids
    assert [one for one in earlier if one not in moved] == [
        one for one in later if one not in moved
    ]


def assert_retold(step: Step) -> None:
    """The text that was given, and no other change."""
    wanted = step.edit.request.playlist
    assert len(step.changes) == 1
    title = wanted.title if wanted.HasField("title") else step.earlier.title
    text = wanted.description if wanted.HasField("description") else step.earlier.description
    assert step.later.texts == (title, text)
    assert step.later.entries == step.earlier.entries


def assert_sorted(step: Step) -> None:
    """The entries of the version before, in the order that was asked for."""
    request = step.edit.request

    def key(entry: Entry) -> Any:
        # An entry's ULID begins with the time at which it was added.
        by_length = request.by == pb.SortTracksRequest.DURATION
        return entry.duration_ms if by_length else entry.item_id[:10]

    assert set(step.kinds) == {CHANGE.MOVED}
    assert step.later.entries == sorted(step.earlier.entries, key=key, reverse=request.descending)


def assert_replaced(step: Step) -> None:
    """What the new list lacks is gone and what it adds is there; of the newest list, it is all."""
    request, answer = step.edit.request, step.edit.answer
    assert set(step.kinds) <= {CHANGE.ADDED, CHANGE.REMOVED, CHANGE.MOVED}
    kept = {each.item_id for each in request.items if each.item_id}
    base = step.versions[request.snapshot_id][1] if request.snapshot_id else step.earlier
    assert step.gone == (set(base.item_ids) - kept) & set(step.earlier.item_ids)
    tracks = {each.item_id: each.track_id for each in step.later.entries}
    wanted = Counter(each.track_id for each in request.items if each.track_id)
    assert Counter(tracks[one] for one in step.new) == wanted
    assert (answer.added_count, answer.removed_count) == (len(step.new), len(step.gone))
    if base.item_ids == step.earlier.item_ids:
        asked = [each.item_id or each.track_id for each in request.items]
        assert asked == [tracks[one] if one in step.new else one for one in tracks]


def assert_undone(step: Step) -> None:
    """What the edit brought is gone, what it took is back, and nothing else came or went."""
    before, after = step.versions[step.edit.answer.undone_snapshot_id]
    there = set(step.earlier.item_ids)
    assert step.gone == (set(after.item_ids) - set(before.item_ids)) & there
    assert step.new == set(before.item_ids) - set(after.item_ids) - there
    texts = zip(before.texts, after.texts, step.earlier.texts, step.later.texts, strict=True)
    for was, became, stood, stands in texts:
        assert stands == (was if was != became else stood)


def assert_restored(step: Step) -> None:
    """Everything is as it was in that version."""
    assert step.later == step.versions[step.edit.request.snapshot_id][1]


_CHECKS: Mapping[type[Any], Callable[[Step], None]] = {
    pb.AddTracksRequest: assert_added,
    pb.RemoveTracksRequest: assert_removed,
    pb.MoveTracksRequest: assert_moved,
    pb.UpdatePlaylistRequest: assert_retold,
    pb.SortTracksRequest: assert_sorted,
    pb.ReplaceTracksRequest: assert_replaced,
    snapshot_service_pb2.UndoRequest: assert_undone,
    snapshot_service_pb2.RestoreRequest: assert_restored,
}


async def assert_newest(
    client: MeshClient, playlist_id: str, snapshot_id: str, newest: Version
) -> None:
    """The list, its texts and its counters are those of its newest version."""
    assert await read_view(client, playlist_id) == View(snapshot_id, newest.entries)
    playlist = await read_playlist(client, playlist_id)
    assert playlist.snapshot_id == snapshot_id
    assert (playlist.title, playlist.description) == newest.texts
    assert playlist.track_count == len(newest.entries)
    assert playlist.total_duration_ms == sum(each.duration_ms for each in newest.entries)
