"""Saved tracks and albums."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from meshkit.idempotency import RequestKey
from playlist_svc.domain.collection_changes import ItemChanged
from playlist_svc.domain.library import Album, SavedPage

T = TypeVar("T")


class Albums(Protocol):
    """Albums, as the catalogue knows them."""

    async def require(self, album_ids: Sequence[str]) -> Mapping[str, Album]:
        """All of the albums; NotFound (metadata: resource "album", id) for the first that does not
        exist."""
        ...


class UserCollection(Protocol[T]):
    """What users keep of one sort: tracks (by id), albums, or artists that they block. No
    acknowledged write may be lost.

    Totals must be exact, however many write at once. An equal ``key`` must give the answer of the
    first time and write nothing (``meshkit.idempotency.AnswerStore``). Every change of a
    collection of tracks or artists must appear in the service's change feed, in the same
    transaction (``domain.collection_changes``), with versions that rise in their order.
    """

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        """What a write with an equal key answered; None where there was none. Promises nothing of
        the next moment. Raises InvalidArgument (REQUEST_ID_REUSED)."""
        ...

    async def save(
        self, user_id: str, things: Sequence[T], now_ms: int, key: RequestKey | None = None
    ) -> int:
        """Save those that are not saved yet and answer how many these were.

        The first of ``things`` must end on top of the list, all of them above what was there; what
        was saved before must keep its time. Raises FailedPrecondition (COLLECTION_FULL, metadata:
        limit) and saves nothing when there would be more than ``MOST_SAVED``.
        """
        ...

    async def remove(
        self, user_id: str, ids: Collection[str], now_ms: int, key: RequestKey | None = None
    ) -> int:
        """Take things out; how many were there."""
        ...

    async def page(self, user_id: str, after: tuple[int, str] | None, limit: int) -> SavedPage[T]:
        """At most ``limit`` things by falling (time in µs, id), those after the key ``after``."""
        ...

    async def among(self, user_id: str, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that are saved."""
        ...

    async def erase(self, user_id: str) -> None:
        """Forget all that the user saved. Repeatable."""
        ...

    async def page_of_all(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        """At most ``limit`` things of all users, by rising (user, id), those after ``after``."""
        ...
