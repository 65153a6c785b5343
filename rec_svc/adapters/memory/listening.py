"""What users listened to and keep, in memory, for tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from meshkit.idempotency import MemoryAnswers, RequestKey
from meshkit.replicas import MemoryReplica, ToldAt
from rec_svc.adapters.memory.events import MemoryEvents
from rec_svc.domain.listening import Listened, Taste
from rec_svc.domain.plays import Play, Tally
from rec_svc.domain.user_items import ItemChange, ItemChanged, ItemKind, told_items
from rec_svc.ports.listening import MOST_TRACKS


class MemoryPlays(MemoryReplica[Play]):
    """``PlaysReplica`` of one process."""

    def __init__(self, events: MemoryEvents, most_tracks: int = MOST_TRACKS) -> None:
        super().__init__()
        self._events = events
        self._most_tracks = most_tracks
        self._known: set[str] = set()
        self._tallies: defaultdict[str, dict[str, Tally]] = defaultdict(dict)

    def of_user(self, user_id: str) -> list[tuple[str, Tally]]:
        """The tracks of a user, the latest first."""
        held = self._tallies[user_id].items()
        return sorted(held, key=lambda one: (one[1].last_played_ms, one[0]), reverse=True)

    def listeners(self, after: str) -> list[tuple[str, int]]:
        """Users behind that id who left a track, by id, with when they left the last one."""
        held = ((user_id, self.of_user(user_id)) for user_id in sorted(self._tallies))
        return [
            (id_, tracks[0][1].last_played_ms) for id_, tracks in held if id_ > after and tracks
        ]

    def forget(self, user_id: str) -> None:
        """Drops what is known of a user."""
        self._tallies.pop(user_id, None)

    async def prune(self) -> int:
        """See ``PlaysReplica.prune``: nothing grows old here."""
        return 0

    def _store(self, changes: Sequence[Play], generation: int) -> None:
        for play in changes:
            if play.play_id not in self._known and play.user_id not in self._events.erased:
                self._tallies[play.user_id].setdefault(play.track_id, Tally()).add(play)
                for track_id, _ in self.of_user(play.user_id)[self._most_tracks :]:
                    del self._tallies[play.user_id][track_id]
                self._events.append([play.event()])
            self._known.add(play.play_id)


class MemoryUserItems(MemoryReplica[ItemChange]):
    """``ItemsReplica`` of one process."""

    def __init__(self, events: MemoryEvents, kind: ItemKind) -> None:
        super().__init__()
        self._events = events
        self._kind = kind
        self._held: dict[str, tuple[ToldAt, ItemChanged]] = {}

    def of_user(self, user_id: str) -> frozenset[str]:
        """The items that a user keeps."""
        return frozenset(self.changed_at_ms(user_id))

    def changed_at_ms(self, user_id: str) -> dict[str, int]:
        """When each item that a user keeps came in."""
        held = (one for _, one in self._held.values())
        return {one.item_id: one.at_ms for one in held if one.kept and one.user_id == user_id}

    def kept_by_anyone(self) -> frozenset[str]:
        """The items that any user keeps."""
        return frozenset(one.item_id for _, one in self._held.values() if one.kept)

    def forget(self, user_id: str) -> None:
        """Drops the items of a user."""
        kept = self._held.items()
        self._held = {id_: one for id_, one in kept if one[1].user_id != user_id}

    async def prune(self) -> int:
        """See ``ItemsReplica.prune``: nothing grows old here."""
        return 0

    def _store(self, changes: Sequence[ItemChange], generation: int) -> None:
        items, forgotten = told_items(changes)
        for one in sorted(items, key=lambda one: one.version):
            told_at = ToldAt(generation, one.version)
            held = self._held.get(one.id)
            if one.user_id in self._events.erased or (held and held[0] >= told_at):
                continue
            self._held[one.id] = (told_at, one)
            was_kept = held is not None and held[1].kept
            if self._kind is ItemKind.SAVED_TRACK and one.kept is not was_kept:
                self._events.append([one.saving()])
        for user_id in forgotten:
            self.forget(user_id)

    def _drop_untold(self, generation: int) -> None:
        kept = self._held.items()
        self._held = {id_: one for id_, one in kept if one[0].generation >= generation}


class MemoryListening:
    """``Listening`` and ``FavoriteArtists`` of one process, with the replicas that write it."""

    def __init__(self, events: MemoryEvents | None = None, most_tracks: int = MOST_TRACKS) -> None:
        self.events = events or MemoryEvents()
        self.plays = MemoryPlays(self.events, most_tracks)
        self.items = {kind: MemoryUserItems(self.events, kind) for kind in ItemKind}
        self._favorites: dict[str, tuple[str, ...]] = {}
        self._answers = MemoryAnswers()

    async def taste(self, user_id: str) -> Taste:
        listened = [
            Listened(track_id, one.plays, one.skips, one.last_played_ms)
            for track_id, one in self.plays.of_user(user_id)
        ]
        return Taste(
            listened=tuple(listened),
            saved=self.items[ItemKind.SAVED_TRACK].of_user(user_id),
            blocked_artists=self.items[ItemKind.BLOCKED_ARTIST].of_user(user_id),
            followed_artists=self.items[ItemKind.FOLLOWED_ARTIST].of_user(user_id),
            favorite_artists=self._favorites.get(user_id, ()),
        )

    async def blocked_artists(self, user_id: str) -> frozenset[str]:
        return self.items[ItemKind.BLOCKED_ARTIST].of_user(user_id)

    async def blocked_by_anyone(self, artist_ids: Collection[str]) -> frozenset[str]:
        return self.items[ItemKind.BLOCKED_ARTIST].kept_by_anyone() & frozenset(artist_ids)

    async def listeners(self, after: str, limit: int) -> Sequence[tuple[str, int]]:
        return self.plays.listeners(after)[:limit]

    async def heard_since(self, user_id: str, since_ms: int) -> Mapping[str, int]:
        held = self.plays.of_user(user_id)
        begun = {track_id: one.last_begun_ms for track_id, one in held}
        return {track_id: at_ms for track_id, at_ms in begun.items() if at_ms >= since_ms}

    async def set_favorite_artists(
        self, user_id: str, artist_ids: Sequence[str], key: RequestKey | None = None
    ) -> None:
        async def produce() -> bytes:
            if user_id not in self.events.erased:
                self._favorites[user_id] = tuple(artist_ids)
            return b""

        await self._answers.answer_once(None, key, produce)

    async def erase(self, user_id: str) -> None:
        """Forgets all that is known of a user's listening."""
        self.plays.forget(user_id)
        self._favorites.pop(user_id, None)
        for one in self.items.values():
            one.forget(user_id)
