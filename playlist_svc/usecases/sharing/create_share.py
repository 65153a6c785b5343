"""Make a link of a playlist."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.refusals import unknown_share_error
from playlist_svc.domain.sharing import INVITATION_S, Share, digest, new_code
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.sharing import ShareStore
from playlist_svc.usecases.access import require_role
from playlist_svc.usecases.sharing.owner_writes import OwnerWrites


@dataclass(frozen=True, slots=True)
class CreatedShare:
    """A link and the name of who made it; ``code`` is empty when it was told before."""

    share: Share
    made_by: str
    code: str = field(repr=False)


class CreateShare:
    """Makes links for owners."""

    def __init__(
        self,
        write: OwnerWrites,
        shares: ShareStore,
        people: People,
        *,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._write = write
        self._shares = shares
        self._people = people
        self._clock = clock
        self._new_id = new_id

    async def __call__(
        self,
        caller: str,
        playlist_id: str,
        role: Role | None,
        expires_in_s: float | None,
        key: RequestKey | None,
    ) -> CreatedShare:
        """Make a link that ends in ``expires_in_s`` seconds, None for the default.

        An equal ``key`` gives the link that was made the first time. NotFound, PermissionDenied,
        InvalidArgument, FailedPrecondition (COLLECTION_FULL).
        """
        lasts_s = _lifetime_s(role, expires_in_s)
        share_id, code = self._new_id(), new_code()
        made: list[Share] = []

        async def decide(writing: Writing) -> bytes:
            require_role(writing.head, caller, Role.OWNER)
            now_ms = self._clock()
            expires_at_ms = None if lasts_s is None else now_ms + int(lasts_s * 1000)
            share = Share(share_id, playlist_id, role, caller, now_ms, expires_at_ms)
            await self._shares.add(writing, share, digest(code))
            made.append(share)
            return share_id.encode()

        answer = (await self._write(caller, playlist_id, key, decide)).decode()
        names = await self._people.names([caller])
        if answer == share_id:
            return CreatedShare(made[-1], names.get(caller, ""), code)
        # What was kept is the id alone, so that no answer at rest holds a code.
        earlier = await self._shares.get(answer)
        if earlier is None:
            raise unknown_share_error(answer)
        return CreatedShare(earlier, names.get(earlier.created_by, ""), "")


def _lifetime_s(role: Role | None, expires_in_s: float | None) -> float | None:
    """How many seconds a link holds; None for one that does not end by itself."""
    if expires_in_s is None:
        return None if role is None else INVITATION_S
    return expires_in_s
