"""Change feeds: what happened to a service's entities, in an order that skips nothing.

A feed is read with a token. ``head()`` gives the token of now: list the entities after taking
it, then read or watch from it. ``oldest()`` gives the one to begin with where the changes
themselves are what is wanted. A batch's token is where to go on. Every change is delivered at
least once to whoever keeps reading.

Two changes of one entity may arrive against their versions when their transactions overlapped,
so a consumer applies a change only when its version is newer than what it holds; that holds
for DELETE as well.

The memory feed stands here, the PostgreSQL one in ``meshkit.feeds_postgres``: a use case that
reads a feed must not pay for a driver.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import enum
import struct
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from meshkit.faults import InvalidArgument, OutOfRange

BATCH_LIMIT = 500
"""The most changes in a batch unless the reader asks for another number."""
CAUGHT_UP_EVERY_S = 10.0
"""How often a watcher that has been told everything is told so, in seconds."""


class Op(enum.Enum):
    """What happened to the entity."""

    UPSERT = "UPSERT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the kind of entity, its id, its version after the change, and what it became.

    ``payload`` is the feed owner's serialized message; for DELETE usually empty.
    """

    entity: str
    id: str
    version: int
    op: Op
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything that was committed before ``at`` (Unix seconds, by the feed's owner) was told."""

    at: float


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Changes in the feed's order; ``token`` resumes after the last of them.

    A batch of a watch has changes or says ``caught_up``.
    """

    changes: tuple[Change, ...]
    token: str
    caught_up: CaughtUp | None = None


class ChangeFeed(Protocol):
    """What readers see of a feed.

    Tokens must be opaque to callers. A damaged token must raise ``InvalidArgument`` on
    ``resume_token``; one of another feed or epoch, of the future, or older than what is kept
    must raise ``OutOfRange`` (RESUME_TOKEN_EXPIRED), upon which a reader lists again. An empty
    token must mean the head.
    """

    async def head(self) -> str:
        """The token of now: every change committed later comes after it."""
        ...

    async def oldest(self) -> str:
        """The token from which everything that is kept follows.

        What is pruned after it was given expires it, as any other.
        """
        ...

    async def read(self, token: str, limit: int = BATCH_LIMIT) -> FeedBatch:
        """At most ``limit`` changes after ``token``; none when the reader is at the head."""
        ...

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """Batches as they happen, until ``stop`` is set.

        An empty one comes every ``CAUGHT_UP_EVERY_S`` or a little later, where there is nothing
        more to tell: it says that the reader has ``caught_up``, and when, and its token is that of
        the batch before. Without it nobody could tell a quiet feed from one that is stuck.
        """
        ...


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a feed: the transaction that wrote a change, and its number."""

    xid: int
    seq: int


# Three letters of mark, so that the whole is a multiple of three bytes: no base64 padding.
_TOKEN = struct.Struct(">3s16sQQ")
_TOKEN_MARK = b"cf1"


def encode_token(epoch: UUID, position: Position) -> str:
    """The opaque, URL-safe form of a position within an epoch."""
    body = _TOKEN.pack(_TOKEN_MARK, epoch.bytes, position.xid, position.seq)
    return base64.urlsafe_b64encode(body + struct.pack(">I", zlib.crc32(body))).decode()


def decode_token(token: str) -> tuple[UUID, Position]:
    """The epoch and position in a token; ``InvalidArgument`` when it is damaged."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        (checksum,) = struct.unpack(">I", raw[-4:])
        mark, epoch, xid, seq = _TOKEN.unpack(raw[:-4])
    except (ValueError, binascii.Error, struct.error):
        raise _damaged() from None
    if checksum != zlib.crc32(raw[:-4]) or mark != _TOKEN_MARK:
        raise _damaged()
    return UUID(bytes=epoch), Position(xid, seq)


def _damaged() -> InvalidArgument:
    return InvalidArgument.field("resume_token", "is not a token of this service")


def expired() -> OutOfRange:
    """The fault for a token that is not damaged and yet no place in this feed."""
    return OutOfRange(
        "The resume token is older than what is kept; list again, then watch from there.",
        reason="RESUME_TOKEN_EXPIRED",
    )


class CaughtUpClock:
    """Says when a watcher that has been told everything is to be told so again."""

    def __init__(self) -> None:
        self._due = time.monotonic() + CAUGHT_UP_EVERY_S

    @property
    def left_s(self) -> float:
        """Seconds until it is due; not below 0."""
        return max(0.0, self._due - time.monotonic())

    def strikes(self) -> bool:
        """Whether it is due; then not again for ``CAUGHT_UP_EVERY_S``."""
        if self.left_s:
            return False
        self._due = time.monotonic() + CAUGHT_UP_EVERY_S
        return True


async def first_of(*events: asyncio.Event, timeout_s: float | None = None) -> None:
    """Return when any of the events is set, or after ``timeout_s`` seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class MemoryChangeFeed:
    """A feed inside one process, for unit tests and for what need not outlive the process."""

    def __init__(self) -> None:
        self._epoch = uuid4()
        self._changes: list[Change | None] = []
        self._pruned = 0
        self._grown = asyncio.Event()

    def append(self, *changes: Change) -> None:
        """Add changes at the head and wake the watchers."""
        self._changes.extend(changes)
        self._wake()

    def forget(self, entity: str, *ids: str) -> None:
        """Never tell again what happened to those things; places in the feed stay as they are."""
        gone = {(entity, id_) for id_ in ids}
        self._changes = [
            None if one is not None and (one.entity, one.id) in gone else one
            for one in self._changes
        ]

    def prune(self, keep: int) -> None:
        """Forget all but the last ``keep`` changes."""
        dropped = max(0, len(self._changes) - keep)
        del self._changes[:dropped]
        self._pruned += dropped

    def start_epoch(self) -> None:
        """Expire every token; what is kept is told from the oldest on."""
        self._epoch = uuid4()
        self._wake()

    async def head(self) -> str:
        return self._token(self._pruned + len(self._changes))

    async def oldest(self) -> str:
        return self._token(self._pruned)

    async def read(self, token: str, limit: int = BATCH_LIMIT) -> FeedBatch:
        if not token:
            return FeedBatch((), await self.head())
        epoch, position = decode_token(token)
        start = position.seq - self._pruned
        if epoch != self._epoch or not 0 <= start <= len(self._changes):
            raise expired()
        found = self._changes[start : start + limit]
        told = tuple(change for change in found if change is not None)
        return FeedBatch(told, self._token(position.seq + len(found)))

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        clock = CaughtUpClock()
        while not stop.is_set():
            grown, at = self._grown, time.time()
            batch = await self.read(token)
            token = batch.token
            if batch.changes:
                yield batch
            elif clock.strikes():
                yield FeedBatch((), token, CaughtUp(at))
            else:
                await first_of(stop, grown, timeout_s=clock.left_s)

    def _token(self, seq: int) -> str:
        return encode_token(self._epoch, Position(0, seq))

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()
