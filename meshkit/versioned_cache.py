"""A cache of values that have versions: what is older never replaces what is newer.

Two layers. A ``VersionedStore`` is what processes share; it takes a value only over an older one,
and raises ``Unavailable`` while it cannot be reached. A ``VersionedCache`` reads and writes one for
an instance and fails open: what it could not put it owes, and puts before it reads again::

    store = ValkeyVersions(client, use="heads of playlists", life_s=6 * 3_600)
    cache = VersionedCache(store, decode=decoded)
    await cache.put([Versioned(key, head.version, encoded(head))])
    head = await cache.get(key)

A store in memory stands here, the one in Valkey in ``meshkit.versioned_valkey``.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import structlog

from meshkit.faults import Unavailable

PUT_AT_ONCE: Final = 500
"""Values that a store is asked to put at once, at most."""
ANNOUNCED_S: Final = 60
"""How long an announcement is kept, in seconds: whoever made it may have died since."""
OWED_MOST: Final = 20_000
"""Values that an instance owes, at most; what it has owed for longest it then no longer does."""

_TOLD_MOST: Final = 10_000
# A write and the feed that tells of it put the same value within this time.
_SPARED_S: Final = 5.0
# What a store that comes back may have lost: it saves, and its replica follows, within seconds.
_LOST_S: Final = 60.0
_NEVER: Final = float("-inf")

_log = structlog.get_logger("versioned_cache")

T = TypeVar("T")


class Versioned(NamedTuple):
    """A value: its key, its version from 0, and its body. No body announces the version."""

    key: str
    version: int
    body: bytes


class VersionedStore(Protocol):
    """Where values stand that processes share; it may forget them. Raises ``Unavailable``."""

    @property
    def rests(self) -> bool:
        """Whether it would not be asked now, since it could not be reached a moment ago."""
        ...

    async def put(self, values: Sequence[Versioned], *, life_s: int | None = None) -> bool:
        """Keep each of ``values``, at most 500, for ``life_s`` seconds; default: the store's.

        A value must replace only an older one, or the announcement of its version. False where
        the store was found to be one that may have lost what was put before.
        """
        ...

    async def get(self, keys: Sequence[str]) -> list[Versioned | None]:
        """What each of ``keys`` has; None for nothing, for an announcement and for rubbish."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Forget what ``keys`` have, whatever their versions."""
        ...


class MemoryVersions:
    """A ``VersionedStore`` inside one process; ``away`` makes it one that cannot be reached."""

    def __init__(self) -> None:
        self.away = False
        self.kept: dict[str, Versioned] = {}

    @property
    def rests(self) -> bool:
        """See ``VersionedStore.rests``."""
        return False

    async def put(self, values: Sequence[Versioned], *, life_s: int | None = None) -> bool:
        """See ``VersionedStore.put``. Nothing runs out here."""
        self._require_reachable()
        for value in values:
            held = self.kept.get(value.key)
            announced = held is not None and not held.body
            if held is None or (value.version, bool(value.body) and announced) > (held.version, 0):
                self.kept[value.key] = value
        return True

    async def get(self, keys: Sequence[str]) -> list[Versioned | None]:
        """See ``VersionedStore.get``."""
        self._require_reachable()
        found = (self.kept.get(key) for key in keys)
        return [value if value is not None and value.body else None for value in found]

    async def delete(self, keys: Sequence[str]) -> None:
        """See ``VersionedStore.delete``."""
        self._require_reachable()
        for key in keys:
            self.kept.pop(key, None)

    def _require_reachable(self) -> None:
        if self.away:
            raise Unavailable("The store is away.", reason="STORE_UNAVAILABLE")


@dataclass(frozen=True, slots=True)
class _Told:
    """What this instance has put last of a key, and when; ``_NEVER`` when it may be gone."""

    value: Versioned
    at: float


class VersionedCache(Generic[T]):
    """Values that a ``VersionedStore`` keeps, as one instance reads and puts them.

    Fails OPEN: it never raises for the store. What could not be put is owed, and put before the
    next get, so that no value of before an outage is read after it. A store that comes back may be
    one that lost the last seconds: after a failed call, when it says so itself, or when it answers
    a lower version than this instance has put, what was put lately is owed again.

    Gets that come while one is on its way leave together when it is back: a command of its own for
    each would cost several times as much. ``decode`` reads a value, None for one that is damaged.
    """

    def __init__(self, store: VersionedStore, *, decode: Callable[[Versioned], T | None]) -> None:
        self._store = store
        self._decode = decode
        self._wanted: dict[str, asyncio.Future[T | None]] = {}
        self._getting: asyncio.Task[None] | None = None
        self._owed: dict[str, Versioned] = {}
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def get(self, key: str) -> T | None:
        """The newest value of ``key`` that is known to be one; None where there is none."""
        if self._store.rests:
            return None
        value = self._wanted.get(key)
        if value is None:
            value = self._wanted[key] = asyncio.get_running_loop().create_future()
        if self._getting is None:
            self._getting = asyncio.create_task(self._get())
        # Others may wait for the same value: one that is cancelled leaves it to them.
        return await asyncio.shield(value)

    async def announce(self, key: str, version: int) -> None:
        """That ``version`` is about to be put: what is older is not answered from now on.

        Forgotten after a minute: the one who announced it may have died before it put it.
        """
        if self._store.rests:
            return
        try:
            await self._store.put([Versioned(key, version, b"")], life_s=ANNOUNCED_S)
        except Unavailable:
            self._owe_again()

    async def put(self, values: Sequence[Versioned]) -> None:
        """Keep ``values`` where they are newer. What this instance has put just now it does not
        put again."""
        spared_from = time.monotonic() - _SPARED_S
        for value in values:
            told = self._told.get(value.key)
            if told is None or told.at < spared_from or told.value.version < value.version:
                self._owe(value)
        if not self._store.rests:
            await self._pay()

    async def delete(self, key: str) -> None:
        """Forget what ``key`` has, and put nothing of it again. Raises ``Unavailable``.

        Another instance that has put it just now may put it again, where the store went away.
        """
        self._owed.pop(key, None)
        self._told.pop(key, None)
        await self._store.delete([key])

    async def _get(self) -> None:
        """Gets what is wanted until nothing is."""
        try:
            while self._wanted:
                wanted, self._wanted = self._wanted, {}
                await self._settle(wanted)
        finally:
            self._getting = None

    async def _settle(self, wanted: Mapping[str, asyncio.Future[T | None]]) -> None:
        try:
            found = await self._found(list(wanted))
        except BaseException as error:
            for value in wanted.values():
                value.set_exception(error)
            raise
        for key, value in wanted.items():
            if not value.done():
                value.set_result(found.get(key))

    async def _found(self, keys: Sequence[str]) -> dict[str, T]:
        if self._owed and not await self._pay():
            return {}
        # As of before it is asked: what is put meanwhile need not be in the answer.
        told = {key: told.value.version for key in keys if (told := self._told.get(key))}
        try:
            values = await self._store.get(keys)
        except Unavailable:
            self._owe_again()
            return {}
        found: dict[str, T] = {}
        went_back = False
        for key, value in zip(keys, values, strict=True):
            read = None if value is None else self._decode(value)
            if value is None or read is None:
                self._doubt(key)
            elif value.version < told.get(key, 0):
                went_back = True
            else:
                found[key] = read
        if went_back:
            _log.warning("a versioned store went back")
            self._owe_again()
        return found

    def _doubt(self, key: str) -> None:
        """Whatever was put is there no longer; its version stays known."""
        told = self._told.get(key)
        if told is not None:
            self._told[key] = _Told(told.value, _NEVER)

    def _owe_again(self) -> None:
        """Owes what was put lately: a store that comes back may not have it."""
        lost_from = time.monotonic() - _LOST_S
        for key, told in list(self._told.items()):
            if told.at >= lost_from:
                self._owe(told.value)
            self._doubt(key)

    def _owe(self, value: Versioned) -> None:
        owed = self._owed.get(value.key)
        if owed is None or owed.version < value.version:
            self._owed[value.key] = value
        if len(self._owed) > OWED_MOST:
            del self._owed[next(iter(self._owed))]

    async def _pay(self) -> bool:
        """Puts what is owed; whether all of it was."""
        while self._owed:
            chunk = list(itertools.islice(self._owed.values(), PUT_AT_ONCE))
            try:
                same = await self._store.put(chunk)
            except Unavailable:
                self._owe_again()
                return False
            if not same:
                self._owe_again()
            for value in chunk:
                self._paid(value)
        return True

    def _paid(self, value: Versioned) -> None:
        # A newer one may have come while this was on its way.
        if self._owed.get(value.key) is value:
            del self._owed[value.key]
        told = self._told.get(value.key)
        newest = value if told is None or told.value.version <= value.version else told.value
        self._told[value.key] = _Told(newest, time.monotonic())
        self._told.move_to_end(value.key)
        if len(self._told) > _TOLD_MOST:
            self._told.popitem(last=False)
