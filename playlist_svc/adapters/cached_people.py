"""Names of users: held in the process, kept for when identity is away, and asked of identity."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import structlog

from meshkit import telemetry
from meshkit.aging import AgingCache
from meshkit.faults import DeadlineExceeded, Unavailable
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import Identity, LastKnownName, LastKnownNames

HELD: Final = 100_000
"""How many names one process holds in memory at most."""
LIFE_MS: Final = 600_000
AWAY_MS: Final = 2_000
"""How long lists do without identity after it did not answer."""
FAILS: Final = "stale"
"""What lists show while identity is away: the names that it told last."""

_log = structlog.get_logger("people")


class CachedPeople:
    """``People`` over identity and the names that it told."""

    def __init__(
        self, identity: Identity, told: LastKnownNames, clock: Clock, *, held: int = HELD
    ) -> None:
        self._identity = identity
        self._told = told
        self._clock = clock
        # None says that there is no such user.
        self._cache: AgingCache[str, str | None] = AgingCache(held, LIFE_MS, clock)
        self._erased: AgingCache[str, int] = AgingCache(held, LIFE_MS, clock)
        self._away_until_ms = 0

    def forget(self, user_id: str) -> None:
        """There is no such user any more; what was asked before and is answered later is old."""
        now_ms = self._clock()
        self._erased.keep(user_id, now_ms, now_ms)
        self._cache.keep(user_id, None, now_ms)

    def _hold(self, user_id: str, name: str | None, at_ms: int) -> None:
        erased_at_ms = self._erased.get(user_id)
        if erased_at_ms is None or at_ms > erased_at_ms:
            self._cache.keep(user_id, name, at_ms)

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        found, missing = self._cache.find(user_ids)
        if missing:
            kept = await self._kept(missing)
            found.update({id_: name.username for id_, name in kept.items()})
            old = [id_ for id_ in missing if not self._is_fresh(kept.get(id_))]
            if old and self._clock() >= self._away_until_ms:
                found.update(await self._asked_or_none(old))
        return {id_: name for id_, name in found.items() if name is not None}

    async def require(self, user_ids: Collection[str]) -> Mapping[str, str]:
        cached, missing = self._cache.find(user_ids)
        found = {id_: name for id_, name in cached.items() if name is not None}
        unsure = [*missing, *(id_ for id_ in cached if id_ not in found)]
        if unsure:
            found.update(await self._ask_or_remember(unsure))
        for id_ in user_ids:
            if id_ not in found:
                raise unknown_resource_error("user", id_)
        return found

    def _is_fresh(self, name: LastKnownName | None) -> bool:
        return name is not None and name.known_at_ms > self._clock() - LIFE_MS

    async def _kept(self, user_ids: Sequence[str]) -> Mapping[str, LastKnownName]:
        """What identity told before, also to other instances; nothing while the store is away."""
        try:
            kept = await self._told.find(user_ids)
        except Unavailable as fault:
            self._degraded("names_kept", fault)
            return {}
        for id_, name in kept.items():
            self._hold(id_, name.username, name.known_at_ms)
        return kept

    async def _asked_or_none(self, user_ids: Sequence[str]) -> Mapping[str, str | None]:
        """What identity says, None for who does not exist; nothing while it is away."""
        try:
            told = await self._ask(user_ids)
        except (Unavailable, DeadlineExceeded) as fault:
            self._away_until_ms = self._clock() + AWAY_MS
            self._degraded("names", fault)
            return {}
        return {id_: told.get(id_) for id_ in user_ids}

    async def _ask_or_remember(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """What identity says or, while it is away, said; Unavailable unless that is all of it."""
        try:
            return await self._ask(user_ids)
        except (Unavailable, DeadlineExceeded) as fault:
            self._degraded("names", fault)
            kept = await self._kept(user_ids)
            if all(id_ in kept for id_ in user_ids):
                return {id_: name.username for id_, name in kept.items()}
            raise Unavailable("Whether the user exists cannot be known now.") from fault

    async def _ask(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        at_ms = self._clock()
        told = await self._identity.names(user_ids)
        for id_ in user_ids:
            self._hold(id_, told.get(id_), at_ms)
        try:
            await self._told.keep(told, [id_ for id_ in user_ids if id_ not in told], at_ms)
        except Unavailable as fault:
            self._degraded("names_kept", fault)
        return told

    def _degraded(self, part: str, fault: Unavailable | DeadlineExceeded) -> None:
        telemetry.degraded.labels(part=part, mode=FAILS).inc()
        _log.warning("names are not asked for", part=part, reason=fault.reason, fails=FAILS)
