"""Links of a playlist, as its owner makes, lists and revokes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.sharing import (
    INVITATION_S,
    Share,
    digest,
    new_code,
)
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.sharing import ShareStore
from playlist_svc.usecases.access import Access, RoleMissing, granted


@dataclass(frozen=True, slots=True)
class MadeShare:
    """A link and the name of who made it; ``code`` is empty when it was told before."""

    share: Share
    made_by: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shares:
    """Links, the newest first, and the names of who made them."""

    found: Sequence[Share]
    names: Mapping[str, str]


class Sharing:
    """What SharingService does about links for owners. ``caller`` is the user who asks."""

    def __init__(
        self,
        store: PlaylistStore,
        access: Access,
        shares: ShareStore,
        people: People,
        *,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._access = access
        self._shares = shares
        self._people = people
        self._clock = clock
        self._new_id = new_id

    async def create(
        self,
        caller: str,
        playlist_id: str,
        role: Role | None,
        expires_in_s: float | None,
        key: RequestKey | None,
    ) -> MadeShare:
        """Make a link that ends in ``expires_in_s`` seconds, None for the default.

        An equal ``key`` gives the link that was made the first time. NotFound, PermissionDenied,
        InvalidArgument, FailedPrecondition (COLLECTION_FULL).
        """
        lasts_s = _lasting(role, expires_in_s)
        share_id, code = self._new_id(), new_code()
        made: list[Share] = []

        async def decide(writing: Writing) -> bytes:
            granted(writing.head, caller, Role.OWNER)
            now_ms = self._clock()
            expires_at_ms = None if lasts_s is None else now_ms + int(lasts_s * 1000)
            share = Share(share_id, playlist_id, role, caller, now_ms, expires_at_ms)
            await self._shares.add(writing, share, digest(code))
            made.append(share)
            return share_id.encode()

        answer = (await self._write(caller, playlist_id, key, decide)).decode()
        names = await self._people.names([caller])
        if answer == share_id:
            return MadeShare(made[-1], names.get(caller, ""), code)
        # What was kept is the id alone, so that no answer at rest holds a code.
        earlier = await self._shares.get(answer)
        if earlier is None:
            raise _no_link(answer)
        return MadeShare(earlier, names.get(earlier.created_by, ""), "")

    async def listed(
        self, caller: str, playlist_id: str, after: tuple[int, str] | None, limit: int
    ) -> Shares:
        """At most ``limit`` links after (created_at_ms, share_id). NotFound, PermissionDenied."""
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.OWNER)
        found = await self._shares.of_playlist(playlist_id, after, limit)
        return Shares(found, await self._people.names({share.created_by for share in found}))

    async def revoke(
        self, caller: str, playlist_id: str, share_id: str, key: RequestKey | None = None
    ) -> None:
        """End a link: who asks for it after this is refused. NotFound, PermissionDenied."""

        async def decide(writing: Writing) -> bytes:
            granted(writing.head, caller, Role.OWNER)
            if not await self._shares.revoke(writing, share_id, self._clock()):
                raise _no_link(share_id)
            return b""

        await self._write(caller, playlist_id, key, decide)

    async def _write(
        self,
        caller: str,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        try:
            return await self._store.write(playlist_id, key, decide)
        except RoleMissing as missing:
            raise await self._access.refusal(missing.head, caller, missing.role) from None


def _lasting(role: Role | None, expires_in_s: float | None) -> float | None:
    """How many seconds a link holds; None for one that does not end by itself."""
    if expires_in_s is None:
        return None if role is None else INVITATION_S
    return expires_in_s


def _no_link(share_id: str) -> NotFound:
    return NotFound("There is no such link.", metadata={"resource": "share", "id": share_id})
