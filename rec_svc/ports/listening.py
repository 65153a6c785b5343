"""What each user listened to, saved and blocked, a second or so after they did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from meshkit.consuming import Replica
from meshkit.idempotency import RequestKey
from rec_svc.domain.listening import Taste
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChange

MOST_TRACKS: Final = 10_000
"""So many tracks are known of a user at most: those that they left last."""


class Listening(Protocol):
    """What is known of users' listening; of one who is unknown or erased: nothing."""

    async def taste(self, user_id: str) -> Taste:
        """What recommendations for the user go by."""
        ...

    async def blocked_artists(self, user_id: str) -> frozenset[str]:
        """ULIDs of the artists whom the user blocks: those of ``taste``, without the rest."""
        ...

    async def blocked_by_anyone(self, artist_ids: Collection[str]) -> frozenset[str]:
        """Those of ``artist_ids`` whom any user blocks."""
        ...

    async def listeners(self, after: str, limit: int) -> Sequence[tuple[str, int]]:
        """At most ``limit`` of all who listened, by id, behind the id ``after`` ('': the first).

        Each with when they left a track last, in Unix milliseconds.
        """
        ...

    async def heard_since(self, user_id: str, since_ms: int) -> Mapping[str, int]:
        """When the user last began each track that was begun since then, counted or not, by ULID;
        all in Unix milliseconds. Of one that plays still nothing is known."""
        ...


class FavoriteArtists(Protocol):
    """The artists that users named when they were asked."""

    async def set_favorite_artists(
        self, user_id: str, artist_ids: Sequence[str], key: RequestKey | None = None
    ) -> None:
        """Must replace those of the user, in that order; of an erased user nothing is kept.

        With a key that was used before it must change nothing. Raises RequestIdReused.
        """
        ...


class PlaysReplica(Replica[Play], Protocol):
    """The plays as whoever consumes the feed of playback writes them.

    A play must count once, by its id, however often it is told, and be one event. Of a user at most
    ``MOST_TRACKS`` tracks must be kept; those that were left longest ago must go.
    """

    async def prune(self) -> int:
        """Drop the ids of plays that cannot be told again; returns how many went."""
        ...


class ItemsReplica(Replica[ItemChange], Protocol):
    """One collection of users as whoever consumes its feed writes it.

    That a track is saved, or no longer, must be one event each time that it changes; that a listing
    tells what is known already, or leaves out what is gone, must be none.
    """

    async def prune(self) -> int:
        """Drop what is left of items that were taken out so long ago that no older word of them
        can come; returns how many went."""
        ...
