"""Editors of one playlist, what they were told, and whether its history agrees with them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from segue.playlist.v1 import playlist_service_pb2 as pb

from meshkit.faults import Aborted, Fault, NotFound
from player.mesh_client import MeshClient
from tests.mesh.playlist_lists import (
    CHANGE,
    Entry,
    View,
    applied,
    read_differences,
    read_history,
    read_playlist,
    read_view,
    until_answered,
)

_LOOK_AGAIN = 0.15
_OLD_VIEWS = 20
_LONG_LIST = 300


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An edit that was answered: what was asked, and what was said."""

    author_id: str
    request: Any
    answer: Any


@dataclass(slots=True)
class Told:
    """What all editors were told, in the order in which they heard it."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    moved_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def count(self) -> int:
        return len(self.acknowledged) + self.refused.total()

    def note(self, acknowledged: Acknowledged) -> None:
        self.acknowledged.append(acknowledged)
        self.moved_on.set()

    def refuse(self, fault: Fault) -> None:
        self.refused[fault.reason] += 1
        self.moved_on.set()


class Editor:
    """Edits at random, on the newest version and on older ones."""

    def __init__(
        self, client: MeshClient, playlist_id: str, track_ids: Sequence[str], told: Told
    ) -> None:
        self._client = client
        self._playlist_id = playlist_id
        self._track_ids = track_ids
        self._told = told
        self._views: list[View] = []

    async def edit(self, times: int) -> None:
        """Makes so many edits; each is acknowledged or refused for good."""
        author_id = (await self._client.token()).user_id
        await self._look()
        for _ in range(times):
            if random.random() < _LOOK_AGAIN:
                await self._look()
            method, request = self._any_edit()
            try:
                answer = await until_answered(self._client, method, request)
            except (Aborted, NotFound) as refused:
                self._told.refuse(refused)
            else:
                self._told.note(Acknowledged(author_id, request, answer))

    async def _look(self) -> None:
        self._views.append(await read_view(self._client, self._playlist_id))
        del self._views[:-_OLD_VIEWS]

    def _any_edit(self) -> tuple[Any, Any]:
        view = self._views[-1] if random.random() < 0.7 else random.choice(self._views)
        # Without a base an edit is about the newest version, which may lack what was seen.
        stale = random.random() < 0.7
        words: dict[str, Any] = {
            "playlist_id": self._playlist_id,
            "snapshot_id": view.snapshot_id * stale,
        }
        kinds = [self._adding, self._removing, self._moving]
        weights = (1, 3, 2) if len(view.entries) > _LONG_LIST else (3, 2, 2)
        kind = random.choices(kinds, weights)[0] if len(view.entries) > 5 else self._adding
        return kind(view, stale, words)

    def _adding(self, view: View, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        track_ids = random.choices(self._track_ids, k=random.randint(1, 4))
        request = pb.AddTracksRequest(**words, track_ids=track_ids)
        if stale and random.random() < 0.5:
            request.position = random.randint(0, len(view.entries))
        elif view.entries and random.random() < 0.5:
            request.before_item_id = random.choice(view.entries).item_id
        return self._client.playlists.AddTracks, request

    def _removing(self, view: View, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        chosen = [each.item_id for each in random.sample(view.entries, random.randint(1, 3))]
        request = pb.RemoveTracksRequest(**words, item_id=chosen)
        return self._client.playlists.RemoveTracks, request

    def _moving(self, view: View, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        *chosen, before = random.sample(
            [each.item_id for each in view.entries], random.randint(2, 4)
        )
        request = pb.MoveTracksRequest(
            **words, item_ids=chosen, before_item_id=before if random.random() < 0.8 else ""
        )
        return self._client.playlists.MoveTracks, request


async def assert_told_the_truth(
    client: MeshClient, playlist_id: str, told: Told, samples: int
) -> None:
    """The history is what was acknowledged, each edit once, and the list is what it makes."""
    history = await read_history(client, playlist_id)
    assert [each.revision for each in history] == list(range(1, len(history) + 1))
    made = made_versions(told.acknowledged, history)
    assert len(history) == 1 + len(made)
    snapshot_ids = [each.snapshot_id for each in history]
    versions: list[list[Entry]] = [[]]
    differences = await read_differences(client, playlist_id, snapshot_ids)
    for version, changes in zip(history[1:], differences, strict=True):
        earlier, later = versions[-1], applied(versions[-1], changes)
        assert version.track_count == len(later)
        assert_did(made[version.snapshot_id], changes, earlier, later)
        versions.append(later)
    for index in [*random.sample(range(len(history)), samples), len(history) - 1]:
        read = await read_view(client, playlist_id, snapshot_ids[index])
        assert read.entries == versions[index], history[index]
    await assert_newest(client, playlist_id, View(snapshot_ids[-1], versions[-1]))


def made_versions(
    acknowledged: Sequence[Acknowledged], history: Sequence[Any]
) -> dict[str, Acknowledged]:
    """The edit that made each version but the first; fails unless each was made by exactly one.

    A move to where the entries stand already, and a removal of what is gone already, make none
    and are answered with the newest version.
    """
    versions = {each.snapshot_id: each for each in history}
    made: dict[str, Acknowledged] = {}
    idle = 0
    for each in acknowledged:
        snapshot_id = each.answer.snapshot_id
        assert snapshot_id in versions, each
        mine = versions[snapshot_id].author_id == each.author_id and snapshot_id not in made
        if isinstance(each.request, pb.MoveTracksRequest):
            makes = mine
        elif isinstance(each.request, pb.RemoveTracksRequest):
            makes = each.answer.removed_count > 0
        else:
            makes = True
        assert mine or not makes, (each, made.get(snapshot_id))
        if makes:
            made[snapshot_id] = each
        else:
            idle += 1
    unexplained = [each for each in history[1:] if each.snapshot_id not in made]
    assert not unexplained, unexplained
    assert len(made) + idle == len(acknowledged)
    return made


def assert_did(
    edit: Acknowledged, changes: Sequence[Any], earlier: Sequence[Entry], later: Sequence[Entry]
) -> None:
    """The changes of a version are those of the edit that made it, no more and no less."""
    kinds = Counter(each.type for each in changes)
    before, after = ([each.item_id for each in version] for version in (earlier, later))
    if isinstance(edit.request, pb.AddTracksRequest):
        assert set(kinds) == {CHANGE.ADDED}
        added = {each.item_id: each.track_id for each in later}
        assert edit.answer.added_count == kinds[CHANGE.ADDED] == len(edit.request.track_ids)
        assert [added[one] for one in edit.answer.item_ids] == list(edit.request.track_ids)
        new = set(edit.answer.item_ids)
        assert [one for one in after if one not in new] == before
    elif isinstance(edit.request, pb.RemoveTracksRequest):
        gone = set(before) - set(after)
        assert set(kinds) == {CHANGE.REMOVED}
        assert len(gone) == edit.answer.removed_count
        assert gone == set(edit.request.item_id) & set(before)
        assert [one for one in before if one not in gone] == after
    else:
        moved = set(edit.request.item_ids)
        assert set(kinds) == {CHANGE.MOVED}
        assert sorted(before) == sorted(after)
        assert [one for one in before if one not in moved] == [
            one for one in after if one not in moved
        ]


async def assert_newest(client: MeshClient, playlist_id: str, newest: View) -> None:
    """The list and its counters are those of its newest version."""
    assert await read_view(client, playlist_id) == newest
    playlist = await read_playlist(client, playlist_id)
    assert playlist.snapshot_id == newest.snapshot_id
    assert playlist.track_count == len(newest.entries)
    assert playlist.total_duration_ms == sum(each.duration_ms for each in newest.entries)
