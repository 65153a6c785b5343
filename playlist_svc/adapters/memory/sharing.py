"""Links, blocks and tries in the memory of one process, for tests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from playlist_svc.domain.refusals import collection_full_error
from playlist_svc.domain.sharing import MOST_LINKS, Share
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.sharing import ATTEMPT_WINDOW_MS, MOST_ATTEMPTS
from playlist_svc.ports.social import SocialStore


class MemoryShares:
    """A ``ShareStore`` beside a store that holds playlists by a lock of this process.

    What was done in a decision that raises after it is not taken back, so that decisions come to
    their links last.
    """

    def __init__(self) -> None:
        self._shares: dict[str, Share] = {}
        self._by_code: dict[bytes, str] = {}
        self._accepted: set[tuple[str, str]] = set()

    async def find(self, code_sha256: bytes) -> Share | None:
        return self._shares.get(self._by_code.get(code_sha256, ""))

    async def get(self, share_id: str) -> Share | None:
        return self._shares.get(share_id)

    async def of_playlist(
        self, playlist_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[Share]:
        found = sorted(self._of(playlist_id), key=_key, reverse=True)
        return [share for share in found if after is None or _key(share) < after][:limit]

    async def add(self, writing: Writing, share: Share, code_sha256: bytes) -> None:
        in_force = [one for one in self._of(share.playlist_id) if one.in_force(share.created_at_ms)]
        if len(in_force) >= MOST_LINKS:
            raise collection_full_error(MOST_LINKS)
        self._shares[share.share_id] = share
        self._by_code[code_sha256] = share.share_id

    async def held(self, writing: Writing, share_id: str) -> Share | None:
        share = self._shares.get(share_id)
        return share if share and share.playlist_id == writing.head.playlist_id else None

    async def revoke(self, writing: Writing, share_id: str, now_ms: int) -> bool:
        share = await self.held(writing, share_id)
        if share is None:
            return False
        if share.revoked_at_ms is None:
            self._shares[share_id] = replace(share, revoked_at_ms=now_ms)
        return True

    async def count_accepted(self, writing: Writing, share_id: str, user_id: str) -> None:
        if (share_id, user_id) not in self._accepted:
            self._accepted.add((share_id, user_id))
            share = self._shares[share_id]
            self._shares[share_id] = replace(share, accepted_count=share.accepted_count + 1)

    async def has_accepted(self, writing: Writing, share_id: str, user_id: str) -> bool:
        share = await self.held(writing, share_id)
        return share is not None and (share_id, user_id) in self._accepted

    async def erase(self, user_id: str) -> None:
        self._accepted = {one for one in self._accepted if one[1] != user_id}

    def _of(self, playlist_id: str) -> list[Share]:
        return [share for share in self._shares.values() if share.playlist_id == playlist_id]


class SocialBlocks:
    """The ``Blocks`` of a ``SocialStore``."""

    def __init__(self, social: SocialStore) -> None:
        self._social = social

    async def between(self, one: str, other: str) -> bool:
        relation = await self._social.relation(one, other)
        return relation.blocking or relation.blocked_by


class MemoryAttemptLimiter:
    """``AttemptLimiter`` within one process."""

    def __init__(self) -> None:
        self._times: defaultdict[str, list[int]] = defaultdict(list)

    async def begin(self, who: str, now_ms: int) -> int:
        times = self._times[who][-MOST_ATTEMPTS:]
        if len(times) == MOST_ATTEMPTS and times[0] > now_ms - ATTEMPT_WINDOW_MS:
            return times[0] + ATTEMPT_WINDOW_MS - now_ms
        self._times[who] = [*times, now_ms]
        return 0

    async def failed(self, who: str, now_ms: int) -> None:
        self._times[who].append(now_ms)


def _key(share: Share) -> tuple[int, str]:
    return share.created_at_ms, share.share_id
