"""For each cell of the rights matrix: a fresh playlist, and the caller in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from meshkit.clock import now_ms
from meshkit.faults import Fault
from meshkit.ulids import new_id, to_raw, to_text
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.members import with_member
from playlist_svc.domain.order import Entry, Order
from playlist_svc.domain.sharing import digest, new_code
from playlist_svc.ports.playlists import Writing
from tests.contracts.playlist.sharing_samples import a_playlist, a_share, held
from tests.rpc.playlist.sharing_harness import Instance

LINK, PUBLIC, PRIVATE = Visibility.LINK, Visibility.PUBLIC, Visibility.PRIVATE

CALLERS = {
    "owner": PRIVATE,
    "editor": PRIVATE,
    "viewer": PRIVATE,
    "private": PRIVATE,
    "link": LINK,
    "public": PUBLIC,
    "follower": LINK,
    "blocked": PUBLIC,
    "revoked": LINK,
    "no_token": PUBLIC,
    "no_scope": PUBLIC,
}
"""The columns of the matrix, each with the visibility of the playlist that it is about.

``private``, ``link`` and ``public`` are strangers to such a playlist; ``follower`` follows by its
link; ``blocked`` is blocked by its owner; ``revoked`` holds links that were revoked.
"""

OUTCOMES = {
    "NOT_FOUND": "unknown",
    "PERMISSION_DENIED": "denied",
    "SHARE_INVALID": "invalid",
    "USER_BLOCKED": "barred",
    "FAILED_PRECONDITION": "refused",
    "INVALID_FIELD": "wrong",
    "TOKEN_MISSING": "token",
    "SCOPE_MISSING": "scope",
    "CALLER_NOT_ALLOWED": "caller",
}
"""What the cells of the matrix say for each reason."""


@dataclass(frozen=True)
class Stage:
    """One cell: what a request may name."""

    instance: Instance
    column: str
    caller: str
    owner: str
    other: str
    playlist_id: str
    snapshot_id: str
    items: tuple[str, ...]
    track_id: str
    share_id: str
    code: str
    invitation: str
    somebody: str

    @property
    def edits(self) -> bool:
        return self.column in ("owner", "editor")

    async def call(self, method: str, /, **fields: Any) -> Any:
        """A call by the caller, from an address of its own."""
        user = None if self.column == "no_token" else self.caller
        claims = {"scopes": ["catalog.read"]} if self.column == "no_scope" else None
        address = f"2001:db8:{new_id()[-4:].encode().hex()[:4]}::1"
        return await self.instance.call(method, user, address=address, claims=claims, **fields)

    async def outcome(self, method: str, /, **fields: Any) -> str:
        """ "ok", or what the reason of the refusal is called in the matrix."""
        try:
            await self.call(method, **fields)
        except Fault as fault:
            return OUTCOMES.get(fault.reason, fault.reason)
        return "ok"


async def set_up(instance: Instance, column: str) -> Stage:
    """The cell of a column."""
    owner, editor, viewer, other, caller = (new_id() for _ in range(5))
    caller = {"owner": owner, "editor": editor, "viewer": viewer}.get(column, caller)
    entries = [Entry(to_raw(new_id()), to_raw(new_id()), to_raw(owner), 200_000) for _ in range(3)]
    head = await a_playlist(instance.parts.store, owner, CALLERS[column], Order.of(entries))
    shows = a_share(head.playlist_id, role=None)
    invites = a_share(head.playlist_id, role=Role.EDITOR)
    codes = new_code(), new_code()

    async def furnish(writing: Writing) -> None:
        members = writing.head
        for user, role in ((editor, Role.EDITOR), (viewer, Role.VIEWER), (other, Role.VIEWER)):
            members = with_member(members, user, role, now_ms())
        writing.change(members)
        for share, code in zip((shows, invites), codes, strict=True):
            await instance.parts.shares.add(writing, share, digest(code))
            if column == "revoked":
                await instance.parts.shares.revoke(writing, share.share_id, now_ms())

    await held(instance.parts.store, head.playlist_id, furnish)
    if column == "follower":
        await instance.parts.store.follow(head.playlist_id, caller, now_ms())
    if column == "blocked":
        await instance.parts.social.block(owner, caller, now_ms())
    return Stage(
        instance,
        column,
        caller,
        owner,
        other,
        head.playlist_id,
        head.snapshot_id,
        tuple(to_text(entry.item_id) for entry in entries),
        new_id(),
        shows.share_id,
        codes[0],
        codes[1],
        new_id(),
    )


async def delete(stage: Stage) -> None:
    """Has the owner delete the playlist."""

    async def do(writing: Writing) -> None:
        writing.change(replace(writing.head, deleted_at_ms=now_ms()))

    await held(stage.instance.parts.store, stage.playlist_id, do)


async def edit(stage: Stage) -> None:
    """Has a caller who may edit make an edit."""
    if stage.edits:
        fields = {"playlist_id": stage.playlist_id, "track_ids": [stage.track_id]}
        await stage.call("PlaylistService/AddTracks", **fields)


async def edit_and_undo(stage: Stage) -> None:
    """Has a caller who may edit make an edit and undo it."""
    await edit(stage)
    if stage.edits:
        await stage.call("SnapshotService/Undo", playlist_id=stage.playlist_id)
