"""Events and presence over Valkey: leases by user, and one inbox an instance.

The hash ``held:{user}`` has a field for each instance that hears of the user, and one for each
device with a stream there; the values are when the lease runs out, in Unix ms by Valkey's clock.
Events go to the inboxes (channels of publish and subscribe) of the instances that the hash names.

Fails OPEN: while Valkey is away events wait, and of too many the oldest are dropped. Where
events may have been missed, all leases are stored again and then whoever listens is told, and reads
again what it must know.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from redis import exceptions
from redis.asyncio import Redis

from meshkit.telemetry import counter
from meshkit.valkey import fail_closed
from meshkit.valkey_scripts import Script, TaggedCalls
from playback_svc.adapters.codecs.events import decoded, encoded
from playback_svc.adapters.leases import WATCH, Holding, LeaseTable
from playback_svc.ports.events import Event

LEASE_MS = 60_000
_KEY_LIFE_MS = 2 * LEASE_MS
_TURNS = 20
_RETRY_S = 0.5
_BOUND = 10_000
_CHUNK = 500
_AWAY = (exceptions.RedisError, OSError)
_LOST = counter("playback_wakeups_lost", "Events that were dropped because too many waited.")

# KEYS are users, of one hash tag where there is a cluster. ARGV: the lives of a lease and of a key
# in ms, and then the fields of each user with spaces between. Returns how many fields were not
# there before.
_HOLD = """
local time = redis.call('TIME')
local over = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
local added = 0
for i, key in ipairs(KEYS) do
  for field in string.gmatch(ARGV[i + 2], '%S+') do
    added = added + redis.call('HSET', key, field, over)
  end
  redis.call('PEXPIRE', key, ARGV[2])
end
return added
"""

# KEYS[1] is a user, ARGV the instance that tells, what it tells, and how inboxes' names begin.
_TELL = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if (tonumber(held[i + 1]) or 0) < now then
    redis.call('HDEL', KEYS[1], held[i])
  elseif held[i] ~= ARGV[1] and not string.find(held[i], '/', 1, true) then
    redis.call('PUBLISH', ARGV[3] .. held[i], ARGV[2])
  end
end
"""

INBOX = "playback:inbox:"
_BEAT = b""

_log = structlog.get_logger("playback")


class ValkeyEventBus:
    """``EventBus`` and ``Presence`` of one instance, whose name no other one ever has.

    Both share one table of leases, which :meth:`run` keeps stored: one of its twenty turns each
    ``turn_s``. With each goes a beat to the own inbox, and a marker in Valkey is set again: an
    inbox without beats for ``silent_s`` is a dead one, and without the marker Valkey came back
    empty.
    """

    def __init__(
        self,
        client: Redis,
        instance: str,
        *,
        turn_s: float = 1.0,
        stored_within_s: float = 1.0,
        silent_s: float = 10.0,
    ) -> None:
        self._client = client
        self._script_hold, self._script_tell = Script(client, _HOLD), Script(client, _TELL)
        self._calls = TaggedCalls(client)
        self._instance = quote(instance, safe="")
        self._inbox = INBOX + self._instance
        self._listener: Callable[[Event], None] = _ignore_event
        self._on_gap: Callable[[], None] = _ignore_gap
        self._outbox: deque[Event] = deque(maxlen=_BOUND)
        self._telling: list[Event] = []
        self._losing = False
        self._outgoing = asyncio.Event()
        self._leases = LeaseTable(_TURNS)
        self._turn_s = turn_s
        self._stored_within_s = stored_within_s
        self._silent_s = silent_s
        self._work = asyncio.Event()
        self._open = asyncio.Event()
        self._beat_due = False
        self._marked = False
        self._gap = False

    def listen(
        self, listener: Callable[[Event], None], on_gap: Callable[[], None] | None = None
    ) -> None:
        self._listener = listener
        self._on_gap = on_gap or _ignore_gap

    def send(self, event: Event) -> None:
        self._listener(event)
        if len(self._outbox) == _BOUND:
            self._lost(1)
        self._outbox.append(event)
        self._outgoing.set()

    async def watch(self, user_id: str) -> None:
        """See the port. Waits for Valkey's word, ``stored_within_s`` at most."""
        await self._join(user_id, WATCH)

    def unwatch(self, user_id: str) -> None:
        self._leave(user_id, WATCH)

    async def connect(self, user_id: str, device_id: str) -> None:
        """See the port. Waits as :meth:`watch` does."""
        await self._join(user_id, device_id)

    def disconnect(self, user_id: str, device_id: str) -> None:
        self._leave(user_id, device_id)

    async def connected_devices(self, user_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        each = iter(user_ids)
        while chunk := list(itertools.islice(each, _CHUNK)):
            found |= await fail_closed(self._connected_devices(chunk), use="presence")
        return found

    async def _connected_devices(self, user_ids: list[str]) -> dict[str, frozenset[str]]:
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for user_id in user_ids:
                pipeline.hgetall(key_of(user_id))
            (seconds, microseconds), *held = await pipeline.execute()
        now_ms = seconds * 1000 + microseconds // 1000
        return {
            user_id: frozenset(self._leases.devices(user_id) | self._elsewhere(fields, now_ms))
            for user_id, fields in zip(user_ids, held, strict=True)
        }

    def _elsewhere(self, fields: Mapping[bytes, bytes], now_ms: int) -> set[str]:
        """The devices on other instances: of one's own the table knows better."""
        devices = set()
        for field, over in fields.items():
            instance, _, device_id = field.decode().partition("/")
            if device_id and instance != self._instance and int(over) >= now_ms:
                devices.add(device_id)
        return devices

    async def _join(self, user_id: str, device_id: str) -> None:
        unstored = self._leases.join(user_id, device_id)
        if unstored is not None:
            self._work.set()
            await asyncio.wait([unstored], timeout=self._stored_within_s)

    def _leave(self, user_id: str, device_id: str) -> None:
        if self._leases.leave(user_id, device_id):
            self._work.set()

    async def run(self) -> None:
        """Tell, hear and keep the leases until cancelled; then give them back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._send_waiting, self._receive, self._keep, self._turn):
                    tasks.create_task(work())
        finally:
            self._open.clear()
            self._gap = True
            with contextlib.suppress(*_AWAY):
                await self._give_back()

    async def _give_back(self) -> None:
        # What was being told when the work was cancelled may not have been told.
        await self._tell(self._telling)
        while self._outbox:
            await self._publish()
        each = iter(self._leases.everything())
        while chunk := list(itertools.islice(each, _CHUNK)):
            await self._drop(chunk)
        while chunk := self._leases.take_gone(_CHUNK):
            await self._drop(chunk)
        await self._client.delete(self._inbox)

    async def _send_waiting(self) -> None:
        while not _cancelling():
            await self._outgoing.wait()
            self._outgoing.clear()
            try:
                while self._outbox and not _cancelling():
                    await self._publish()
            except _AWAY as error:
                _failed(error)
                self._put_back()
                await asyncio.sleep(_RETRY_S)
                self._outgoing.set()

    async def _publish(self) -> None:
        most = min(_CHUNK, len(self._outbox))
        self._telling = [self._outbox.popleft() for _ in range(most)]
        await self._tell(self._telling)
        self._telling = []
        self._losing = False

    def _put_back(self) -> None:
        """What may not have been told is told again, which does no harm; the oldest give way."""
        telling, self._telling = self._telling, []
        room = _BOUND - len(self._outbox)
        if len(telling) > room:
            self._lost(len(telling) - room)
        for event in itertools.islice(reversed(telling), room):
            self._outbox.appendleft(event)

    def _lost(self, event: int) -> None:
        """So many of the oldest events were dropped: whoever watches finds out by asking."""
        _LOST.inc(event)
        if not self._losing:
            _log.warning("events are lost: too many wait to be told", waiting=_BOUND)
        self._losing = True

    async def _tell(self, event: list[Event]) -> None:
        if event:
            calls = [
                ([key_of(one.user_id)], (self._instance, encoded(one), INBOX)) for one in event
            ]
            await self._script_tell.each(calls)

    async def _receive(self) -> None:
        while not _cancelling():
            try:
                async with self._client.pubsub() as pubsub:
                    await pubsub.subscribe(self._inbox)
                    while not _cancelling():
                        self._take(await pubsub.get_message(timeout=self._silent_s))
            except _AWAY as error:
                _failed(error)
                self._open.clear()
                self._gap = True
                await asyncio.sleep(_RETRY_S)

    def _take(self, message: dict[str, Any] | None) -> None:
        """Takes a message. Raises TimeoutError where not even a beat came."""
        if message is None:
            raise exceptions.TimeoutError("The inbox is silent.")
        if message["type"] == "subscribe":
            # The driver connects again by itself, and this is all that it lets one know.
            self._gap = self._gap or self._open.is_set()
            self._open.set()
            self._marked = False
            self._beat_due = True
            self._work.set()
        elif message["data"] != _BEAT:
            self._told(message["data"])

    def _told(self, line: bytes) -> None:
        try:
            event = decoded(line)
        except ValueError as error:
            _log.warning("an event is malformed and ignored", error=str(error))
            return
        if self._leases.holds(event.user_id, WATCH):
            self._listener(event)

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(self._turn_s)
            self._leases.next_turn()
            self._beat_due = True
            self._work.set()

    async def _keep(self) -> None:
        while not _cancelling():
            await self._open.wait()
            await self._work.wait()
            self._work.clear()
            try:
                await self._store()
            except _AWAY as error:
                _failed(error)
                self._gap = True
                await asyncio.sleep(_RETRY_S)
                self._work.set()

    async def _store(self) -> None:
        """Brings the leases in Valkey up to the table, and closes a gap."""
        if self._beat_due:
            await self._beat()
        closing, self._gap = self._gap, False
        if closing:
            self._leases.store_all()
        while chunk := self._leases.take_gone(_CHUNK):
            await self._drop(chunk)
        while chunk := self._leases.take_fresh(_CHUNK):
            await self._hold(chunk)
            self._leases.stored(chunk)
        while chunk := self._leases.take_due(_CHUNK):
            if await self._hold(chunk):
                self._gap = True
                self._work.set()
        if closing:
            self._on_gap()

    async def _beat(self) -> None:
        self._beat_due = False
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(self._inbox, 1, get=True, px=LEASE_MS)
            pipeline.publish(self._inbox, _BEAT)
            before, _ = await pipeline.execute()
        self._gap = self._gap or (self._marked and before is None)
        self._marked = True

    async def _hold(self, holdings: list[Holding]) -> int:
        """Stores leases; how many of them were not there before."""

        async def call(client: Any, some: Sequence[Holding]) -> Any:
            fields = [" ".join(map(self._field, devices)) for _, devices in some]
            keys = [key_of(user_id) for user_id, _ in some]
            return await self._script_hold.send(client, keys, (LEASE_MS, _KEY_LIFE_MS, *fields))

        def key(holding: Holding) -> str:
            return key_of(holding[0])

        added = await self._script_hold.known(lambda: self._calls.send(call, holdings, key))
        return sum(int(answer) for _, answer in added)

    async def _drop(self, holdings: list[Holding]) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for user_id, devices in holdings:
                pipeline.hdel(key_of(user_id), *map(self._field, devices))
            await pipeline.execute()

    def _field(self, device_id: str) -> str:
        return f"{self._instance}/{device_id}" if device_id else self._instance


def key_of(user_id: str) -> str:
    """Where the leases of a user's instances and devices stand; the braces are part of the key."""
    return f"held:{{{user_id}}}"


def _failed(error: Exception) -> None:
    _log.warning("valkey.failed_open", use="events", error=type(error).__name__)


def _cancelling() -> bool:
    """Whether this task was asked to end: redis-py may swallow the cancellation of a command."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _ignore_event(event: Event) -> None:
    """Before anyone listens."""


def _ignore_gap() -> None:
    """Where a gap matters to nobody."""
