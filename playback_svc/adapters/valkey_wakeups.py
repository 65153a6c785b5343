"""Wake-ups over Valkey's publish and subscribe: a channel a user, heard where they have a stream.

Fails OPEN: while Valkey is away wake-ups are dropped. A stream then learns of a takeover at its
next checkpoint, a minute later at most, because that compares its version with the stored one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from redis import exceptions
from redis.asyncio import Redis

from playback_svc.domain.player_state import EndReason, Status, Version
from playback_svc.ports.live import Wake

_CHANNEL = "playback:wake:"
_OWN = f"{_CHANNEL}-"
_HEARD_WITHIN_S = 0.25
_RETRY_S = 0.5
_LISTEN_S = 5.0
_BOUND = 10_000
_AWAY = (exceptions.RedisError, OSError)

_log = structlog.get_logger("playback")


class ValkeyWakeups:
    """``Wakeups`` between instances; this one hears its own at once, without Valkey."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._pubsub = client.pubsub()
        self._listener: Callable[[Wake], None] = _unheard
        self._outbox: deque[Wake] = deque(maxlen=_BOUND)
        self._changes: dict[str, bool] = {}
        self._watched: dict[str, int] = {}
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._work = asyncio.Event()
        # The first subscription makes the connection; two at that moment would make two.
        self._connected = asyncio.Event()

    def listen(self, listener: Callable[[Wake], None]) -> None:
        """Have ``listener`` called with every wake-up of a watched user."""
        self._listener = listener

    def send(self, wake: Wake) -> None:
        """See the port."""
        self._listener(wake)
        self._outbox.append(wake)
        self._work.set()

    async def watch(self, user_id: str) -> None:
        """See the port. Waits for Valkey's word, a quarter of a second at most."""
        self._watched[user_id] = self._watched.get(user_id, 0) + 1
        if self._watched[user_id] == 1:
            self._change(user_id, True)
            self._confirmed[user_id] = asyncio.get_running_loop().create_future()
        confirmed = self._confirmed.get(user_id)
        if confirmed is not None:
            await asyncio.wait([confirmed], timeout=_HEARD_WITHIN_S)

    def unwatch(self, user_id: str) -> None:
        """See the port."""
        self._watched[user_id] -= 1
        if self._watched[user_id] == 0:
            del self._watched[user_id]
            self._confirmed.pop(user_id, None)
            self._change(user_id, False)

    def _change(self, user_id: str, watched: bool) -> None:
        self._changes[user_id] = watched
        self._work.set()

    async def run(self) -> None:
        """Publish and hear until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._speak())
                tasks.create_task(self._hear())
        finally:
            with contextlib.suppress(*_AWAY):
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _speak(self) -> None:
        while not _cancelling():
            await self._work.wait()
            self._work.clear()
            try:
                await self._publish()
                if self._connected.is_set():
                    await self._subscribe()
            except _AWAY as error:
                _log.warning("valkey.failed_open", use="wake-ups", error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                self._resubscribe()

    async def _subscribe(self) -> None:
        changes, self._changes = self._changes, {}
        joined = [_CHANNEL + user_id for user_id, watched in changes.items() if watched]
        left = [_CHANNEL + user_id for user_id, watched in changes.items() if not watched]
        if joined:
            await self._pubsub.subscribe(*joined)
        if left:
            await self._pubsub.unsubscribe(*left)

    async def _publish(self) -> None:
        while self._outbox:
            wakes = [self._outbox.popleft() for _ in range(len(self._outbox))]
            async with self._client.pipeline(transaction=False) as pipeline:
                for wake in wakes:
                    pipeline.publish(_CHANNEL + wake.user_id, _encoded(wake))
                await pipeline.execute()

    def _resubscribe(self) -> None:
        """Ask again for whatever a failed call may have left out."""
        self._changes = dict.fromkeys(self._watched, True) | self._changes
        self._work.set()

    async def _hear(self) -> None:
        while not _cancelling():
            try:
                if not self._connected.is_set():
                    await self._pubsub.subscribe(_OWN)
                    self._connected.set()
                    self._work.set()
                message = await self._pubsub.get_message(timeout=_LISTEN_S)
            except _AWAY as error:
                _log.warning("valkey.failed_open", use="wake-ups", error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                continue
            if message is not None:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        user_id = message["channel"].decode().removeprefix(_CHANNEL)
        if message["type"] == "subscribe":
            confirmed = self._confirmed.pop(user_id, None)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        elif message["type"] == "message" and user_id in self._watched:
            wake = _decoded(user_id, message["data"])
            if wake is not None:
                self._listener(wake)


def _cancelling() -> bool:
    """Whether this task was asked to end: redis-py may swallow the cancellation of a command."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _unheard(wake: Wake) -> None:
    """Before anyone listens."""


def _encoded(wake: Wake) -> str:
    version = wake.version
    return (
        f"{version.epoch} {version.revision} {wake.session_id} {wake.device_id} "
        f"{wake.status} {wake.ended_by or '-'}"
    )


def _decoded(user_id: str, data: bytes) -> Wake | None:
    try:
        epoch, revision, session_id, device_id, status, ended_by = data.decode().split(" ")
        return Wake(
            user_id=user_id,
            version=Version(int(epoch), int(revision)),
            session_id=session_id,
            device_id=device_id,
            status=Status(status),
            ended_by=None if ended_by == "-" else EndReason(ended_by),
        )
    except ValueError:
        _log.warning("a wake-up is malformed and ignored")
        return None
