"""Values of the suite of ``SocialStore``, and its lists read whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from ulid import ULID

from meshkit.feeds import Change, ChangeFeed
from playlist_svc.adapters.codecs import social_changes
from playlist_svc.domain.social import (
    Artist,
    Connection,
    ConnectionKind,
)
from playlist_svc.ports.social import SocialStore

NOW = 1_763_900_000_000
MOST = 20
"""How many can be followed, and how many blocked, of the stores under test."""

CALLS = ("follow", "unfollow", "block", "unblock", "set_audience")

ReadFeed = Callable[[], Awaitable[Sequence[Change]]]


def new_ids(n: int) -> list[str]:
    return sorted(str(ULID()) for _ in range(n))


def an_artist(name: str = "The Föhn") -> Artist:
    return Artist(str(ULID()), name)


async def whole_feed(feed: ChangeFeed, start: str) -> Sequence[Change]:
    """All changes since ``start``."""
    changes: list[Change] = []
    while (batch := await feed.read(start)).changes:
        changes += batch.changes
        start = batch.token
    return changes


async def told_counts(changes: ReadFeed) -> list[Change]:
    """What the feed tells of how many follow an artist."""
    return [change for change in await changes() if change.entity == social_changes.ENTITY]


async def following(
    store: SocialStore, user: str, reader: str = "", kind: ConnectionKind | None = None
) -> list[Connection]:
    """All whom a user follows, read in small pages; the total must agree."""
    found: list[Connection] = []
    after = None
    while True:
        page = await store.following(user, kind, after, 3, reader_id=reader or user)
        found += page.found
        if len(page.found) < 3:
            assert reader or page.total == len(found)
            return found
        after = (page.found[-1].since_us, page.found[-1].target_id)


async def followers(store: SocialStore, user: str, reader: str = "") -> list[Connection]:
    """All who follow a user, read in small pages; the total must agree."""
    found: list[Connection] = []
    after = None
    while True:
        page = await store.followers(user, after, 3, reader_id=reader or user)
        found += page.found
        if len(page.found) < 3:
            assert reader or page.total == len(found)
            return found
        after = (page.found[-1].since_us, page.found[-1].target_id)


def ids(connections: Sequence[Connection]) -> list[str]:
    return [one.target_id for one in connections]
