"""Editors of one playlist, and what they were told."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from segue.playlist.v1 import playlist_pb2, snapshot_service_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from meshkit.faults import Aborted, FailedPrecondition, Fault, NotFound
from player.mesh_client import MeshClient
from tests.mesh.playlist_lists import View, read_view, until_answered

_LOOK_AGAIN = 0.15
_OLD_VIEWS = 20
_SHORT_LIST = 5
_LONG_LIST = 150
# How often each kind of edit is made: of lists that may grow, and of long ones.
_GROWING = (30, 20, 20)
_SHRINKING = (10, 30, 20)
_SELDOM = (3, 3, 2, 3, 5, 2)
_SORTS = (pb.SortTracksRequest.DURATION, pb.SortTracksRequest.ADDED_AT)


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
            except FailedPrecondition as refused:
                if refused.reason != "NOTHING_TO_UNDO":
                    raise
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
        often = (self._adding, self._removing, self._moving)
        seldom = (
            self._renaming,
            self._describing,
            self._sorting,
            self._replacing,
            self._undoing,
            self._restoring,
        )
        size = len(view.entries)
        weights = _SHRINKING if size > _LONG_LIST else _GROWING
        (kind,) = random.choices((*often, *seldom), (*weights, *_SELDOM))
        return (kind if size > _SHORT_LIST else self._adding)(view, stale=stale, words=words)

    def _adding(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        track_ids = random.choices(self._track_ids, k=random.randint(1, 4))
        request = pb.AddTracksRequest(**words, track_ids=track_ids)
        if stale and random.random() < 0.5:
            request.position = random.randint(0, len(view.entries))
        elif view.entries and random.random() < 0.5:
            request.before_item_id = random.choice(view.entries).item_id
        return self._client.playlists.AddTracks, request

    def _removing(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        chosen = [each.item_id for each in random.sample(view.entries, random.randint(1, 3))]
        request = pb.RemoveTracksRequest(**words, item_ids=chosen)
        return self._client.playlists.RemoveTracks, request

    def _moving(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        *chosen, before = random.sample(
            [each.item_id for each in view.entries], random.randint(2, 4)
        )
        request = pb.MoveTracksRequest(
            **words, item_ids=chosen, before_item_id=before if random.random() < 0.8 else ""
        )
        return self._client.playlists.MoveTracks, request

    def _renaming(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        return self._updating(words, title=f"Title {random.getrandbits(64)}")

    def _describing(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        return self._updating(words, description=f"About {random.getrandbits(64)}")

    def _updating(self, words: dict[str, Any], **texts: str) -> tuple[Any, Any]:
        wanted = playlist_pb2.Playlist(snapshot_id=words["snapshot_id"], **texts)  # type: ignore[arg-type]
        request = pb.UpdatePlaylistRequest(playlist_id=words["playlist_id"], playlist=wanted)
        return self._client.playlists.UpdatePlaylist, request

    def _sorting(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        request = pb.SortTracksRequest(
            **words, by=random.choice(_SORTS), descending=random.random() < 0.5
        )
        return self._client.playlists.SortTracks, request

    def _replacing(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        """The list without a few entries, with one elsewhere, and with new ones."""
        item = pb.ReplaceTracksRequest.Item
        items = [item(item_id=each.item_id) for each in view.entries]
        for _ in range(random.randint(0, 3)):
            items.pop(random.randrange(len(items)))
        items.insert(random.randrange(len(items)), items.pop(random.randrange(len(items))))
        for track_id in random.choices(self._track_ids, k=random.randint(1, 3)):
            items.insert(random.randint(0, len(items)), item(track_id=track_id))
        return self._client.playlists.ReplaceTracks, pb.ReplaceTracksRequest(**words, items=items)

    def _undoing(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        """The editor's own last edit, whatever others did since."""
        request = snapshot_service_pb2.UndoRequest(playlist_id=self._playlist_id)
        return self._client.snapshots.Undo, request

    def _restoring(self, view: View, *, stale: bool, words: dict[str, Any]) -> tuple[Any, Any]:
        request = snapshot_service_pb2.RestoreRequest(
            playlist_id=self._playlist_id, snapshot_id=random.choice(self._views).snapshot_id
        )
        return self._client.snapshots.Restore, request
