"""Idempotent writes: the same ``request_id`` gives the same answer, executed once.

The answer is stored in the write's own transaction under (principal, method, request id), with
a digest of the request's body, and kept for ``KEPT``. A servicer makes the key of the call
that it serves, the adapter that owns the transaction asks the store::

    key = request_key(request)                                # None without a request_id
    async with postgres.transaction(pool) as connection:
        answer = await answers.answer_once(connection, key, produce)

The memory store stands here, the PostgreSQL one in ``meshkit.idempotency_postgres``.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, Self, TypeVar

from meshkit.faults import InvalidArgument, RequestIdReused
from meshkit.principal import current_method, current_principal

KEPT = timedelta(hours=24)
"""How long an answer is kept."""

MAX_LENGTH = 128

_REQUEST_ID = re.compile(r"[!-~]+")
_Tx_contra = TypeVar("_Tx_contra", contravariant=True)


class WriteRequest(Protocol):
    """What a write's request message has, whatever else it asks for."""

    request_id: str

    def MergeFrom(self, other: Self, /) -> None:  # noqa: N802
        """Copy the other message's fields into this one."""
        ...

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """The message's wire form."""
        ...


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Who asked for what under which id; ``body_sha256`` covers the body without the id."""

    principal: str
    method: str
    request_id: str
    body_sha256: bytes


def request_key(
    request: WriteRequest,
    *,
    principal: str | None = None,
    secrets: tuple[str, ...] = (),
    beside: str = "",
) -> RequestKey | None:
    """The key of the call that is being served, whose request is ``request``.

    None when its ``request_id`` is empty: no deduplication. ``principal`` says in whose space of
    ids it stands where that is not the calling user's.

    ``secrets`` names string fields that the digest must not cover: a plain digest of a password
    at rest would undo the slow hash that it is kept as. ``beside`` is what the call is about and
    does not stand in its body; it counts as part of it.

    Raises ``InvalidArgument`` on ``request_id`` for more than ``MAX_LENGTH`` characters or any
    that is not printable ASCII without spaces.
    """
    request_id = request.request_id
    if not request_id:
        return None
    if len(request_id) > MAX_LENGTH:
        raise InvalidArgument.field("request_id", f"must have at most {MAX_LENGTH} characters")
    if not _REQUEST_ID.fullmatch(request_id):
        raise InvalidArgument.field("request_id", "must be printable ASCII without spaces")
    body = type(request)()
    body.MergeFrom(request)
    for name in ("request_id", *secrets):
        setattr(body, name, "")
    digest = hashlib.sha256(body.SerializeToString(deterministic=True))
    if beside:
        # No message has a field 0, so that no body ends as another with something beside it.
        digest.update(b"\0" + beside.encode())
    if principal is None:
        principal = current_principal().user_id
    return RequestKey(principal, current_method(), request_id, digest.digest())


class AnswerStore(Protocol[_Tx_contra]):
    """Answers of writes, kept beside what they wrote.

    ``answer_once`` must run ``produce`` at most once for equal keys that succeed, however many
    callers ask at the same time, and give all of them its bytes. A ``produce`` that raises must
    leave nothing behind: the next caller runs it again. The same id with another body must
    raise ``RequestIdReused``. A key of None must always run ``produce``.
    """

    async def answer_once(
        self,
        transaction: _Tx_contra,
        key: RequestKey | None,
        produce: Callable[[], Awaitable[bytes]],
    ) -> bytes:
        """The bytes that ``produce`` returned the first time."""
        ...

    async def answer_of(self, transaction: _Tx_contra, key: RequestKey | None) -> bytes | None:
        """The answer that is kept for an equal key, None where there is none (yet).

        Must hold nobody up and promise nothing: another caller may execute the next moment. The
        same id with another body must raise ``RequestIdReused`` once that one was answered.
        """
        ...


def reused() -> InvalidArgument:
    """The fault for an id that was used with another body."""
    return RequestIdReused.field("request_id", "was used before with another body")


class MemoryAnswers:
    """Answers inside one process, for unit tests; the transaction is not looked at."""

    def __init__(self) -> None:
        self._locks: defaultdict[tuple[str, str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[tuple[str, str, str], tuple[bytes, bytes]] = {}

    async def answer_once(
        self, transaction: object, key: RequestKey | None, produce: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        if key is None:
            return await produce()
        name = (key.principal, key.method, key.request_id)
        async with self._locks[name]:
            if name not in self._answers:
                self._answers[name] = (key.body_sha256, await produce())
            body_sha256, answer = self._answers[name]
        if body_sha256 != key.body_sha256:
            raise reused()
        return answer

    async def answer_of(self, transaction: object, key: RequestKey | None) -> bytes | None:
        if key is None:
            return None
        kept = self._answers.get((key.principal, key.method, key.request_id))
        if kept is None:
            return None
        body_sha256, answer = kept
        if body_sha256 != key.body_sha256:
            raise reused()
        return answer

    def forget(self) -> None:
        """Drop every answer, as when their time is over."""
        self._answers.clear()

    def erase(self, user_id: str) -> None:
        """Drop the answers to a user who was erased, and those that tell of them."""
        self._answers = {
            name: kept
            for name, kept in self._answers.items()
            if name[0] != user_id and user_id.encode() not in kept[1]
        }
