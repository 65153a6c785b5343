"""Saved tracks and albums inside one process, for unit tests: under the suite of the real store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Generic, TypeVar

from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey
from playlist_svc.adapters.codecs.kept_answers import number
from playlist_svc.domain.collection_changes import CollectionErased, ItemChanged, encode
from playlist_svc.domain.library import MOST_SAVED, Album, Saved, SavedPage
from playlist_svc.domain.refusals import collection_full_error, unknown_resource_error
from playlist_svc.domain.social import Artist

T = TypeVar("T", str, Album, Artist)


class MemoryAlbums:
    """The ``Albums`` that were put into ``known``."""

    def __init__(self) -> None:
        self.known: dict[str, Album] = {}

    async def require(self, album_ids: Sequence[str]) -> Mapping[str, Album]:
        for album_id in album_ids:
            if album_id not in self.known:
                raise unknown_resource_error("album", album_id)
        return {album_id: self.known[album_id] for album_id in album_ids}


class MemoryCollection(Generic[T]):
    """A ``UserCollection`` of one process."""

    def __init__(
        self,
        most: int = MOST_SAVED,
        *,
        feed: MemoryChangeFeed | None = None,
        entity: str = "",
    ) -> None:
        self._most = most
        self._feed = feed or MemoryChangeFeed()
        self._entity = entity
        self._version = 0
        self._answers = MemoryAnswers()
        self._held: defaultdict[str, dict[str, Saved[T]]] = defaultdict(dict)

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        answer = await self._answers.answer_of(None, key)
        return None if answer is None else int(answer)

    async def save(
        self, user_id: str, things: Sequence[T], now_ms: int, key: RequestKey | None = None
    ) -> int:
        async def produce() -> bytes:
            return number(self._put(user_id, things, now_ms))

        return int(await self._answers.answer_once(None, key, produce))

    def _put(self, user_id: str, things: Sequence[T], now_ms: int) -> int:
        held = self._held[user_id]
        latest = max((one.saved_at_us for one in held.values()), default=0)
        top = max(now_ms * 1000, latest + len(things))
        added: dict[str, Saved[T]] = {}
        for n, thing in enumerate(things):
            if _id(thing) not in held:
                added.setdefault(_id(thing), Saved(thing, top - n))
        if added and len(held) + len(added) > self._most:
            raise collection_full_error(self._most)
        held.update(added)
        self._tell(user_id, {name: one.saved_at_us for name, one in added.items()}, kept=True)
        return len(added)

    def _tell(self, user_id: str, moved: Mapping[str, int], *, kept: bool) -> None:
        if not self._entity or not moved:
            return
        self._version += 1
        for thing_id, at_us in moved.items():
            change = ItemChanged(user_id, thing_id, at_us, self._version, kept)
            self._feed.append(encode(self._entity, change))

    async def remove(
        self, user_id: str, ids: Collection[str], now_ms: int, key: RequestKey | None = None
    ) -> int:
        async def produce() -> bytes:
            held = self._held[user_id]
            gone = [one for one in ids if held.pop(one, None) is not None]
            self._tell(user_id, dict.fromkeys(gone, now_ms * 1000), kept=False)
            return number(len(gone))

        return int(await self._answers.answer_once(None, key, produce))

    async def page(self, user_id: str, after: tuple[int, str] | None, limit: int) -> SavedPage[T]:
        held = self._held[user_id].values()
        ordered = sorted(held, key=_key, reverse=True)
        found = [one for one in ordered if after is None or _key(one) < after]
        return SavedPage(found[:limit], len(held))

    async def among(self, user_id: str, ids: Collection[str]) -> frozenset[str]:
        return frozenset(self._held[user_id].keys() & set(ids))

    async def erase(self, user_id: str) -> None:
        if self._held.pop(user_id, None) and self._entity:
            self._version += 1
            self._feed.append(encode(self._entity, CollectionErased(user_id, self._version)))

    async def page_of_all(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        there = [
            ItemChanged(user_id, thing_id, one.saved_at_us, 0, True)
            for user_id, held in self._held.items()
            for thing_id, one in held.items()
            if (user_id, thing_id) > after
        ]
        return sorted(there, key=lambda one: (one.user_id, one.thing_id))[:limit]


def _id(thing: str | Album | Artist) -> str:
    if isinstance(thing, Artist):
        return thing.artist_id
    return thing if isinstance(thing, str) else thing.album_id


def _key(saved: Saved[T]) -> tuple[int, str]:
    return saved.saved_at_us, _id(saved.thing)
