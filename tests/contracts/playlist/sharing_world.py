"""The use cases of sharing over stores in memory, with people and tracks that tests make up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meshkit.faults import NotFound
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.sharing import MemoryAttemptLimiter, MemoryShares
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain.access import Role
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.ports.tracks import Track
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.playlist.get_playlist import GetPlaylist
from playlist_svc.usecases.sharing.accept_share import AcceptShare
from playlist_svc.usecases.sharing.create_share import CreatedShare, CreateShare
from playlist_svc.usecases.sharing.list_collaborators import ListCollaborators
from playlist_svc.usecases.sharing.list_shares import ListShares
from playlist_svc.usecases.sharing.member_changes import MemberChanges
from playlist_svc.usecases.sharing.owner_writes import OwnerWrites
from playlist_svc.usecases.sharing.preview_share import PreviewShare
from playlist_svc.usecases.sharing.remove_collaborator import RemoveCollaborator
from playlist_svc.usecases.sharing.revoke_share import RevokeShare
from playlist_svc.usecases.sharing.set_collaborator import SetCollaborator
from playlist_svc.usecases.sharing.share_codes import ShareCodes
from playlist_svc.usecases.sharing.transfer_ownership import TransferOwnership
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Views
from playlist_svc.usecases.writing import Revisions, Writer
from tests.contracts.playlist.sharing_samples import Time, new_id


class Everyone:
    """``People`` of whom each has a name made of the id, but for those who are ``gone``."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        return {user_id: f"u{user_id}" for user_id in user_ids if user_id not in self.gone}

    async def require(self, user_ids: Collection[str]) -> Mapping[str, str]:
        for user_id in user_ids:
            if user_id in self.gone:
                raise NotFound("no user", metadata={"resource": "user", "id": user_id})
        return await self.names(user_ids)


class NoCatalogue:
    """A ``Catalogue`` without tracks."""

    async def tracks(self, track_ids: Sequence[str]) -> Sequence[Track]:
        return []


class PairBlocks:
    """The ``Blocks`` of a set of (who blocks, who is blocked)."""

    def __init__(self, pairs: set[tuple[str, str]]) -> None:
        self._pairs = pairs
        self.asked = 0
        self.begins_after: tuple[int, str, str] | None = None

    async def between(self, one: str, other: str) -> bool:
        self.asked += 1
        if self.begins_after is not None and self.asked > self.begins_after[0]:
            self._pairs.add(self.begins_after[1:])
        return (one, other) in self._pairs or (other, one) in self._pairs


@dataclass
class SharingWorld:
    """All of it, put together on first use."""

    clock: Time = field(default_factory=Time)
    cache: MemoryHeads = field(default_factory=MemoryHeads)
    people: Everyone = field(default_factory=Everyone)
    shares: MemoryShares = field(default_factory=MemoryShares)
    attempts: MemoryAttemptLimiter = field(default_factory=MemoryAttemptLimiter)
    tracks: MemoryTracks = field(default_factory=lambda: MemoryTracks(NoCatalogue()))

    @cached_property
    def store(self) -> MemoryPlaylists:
        return MemoryPlaylists(self.cache)

    @cached_property
    def blocks(self) -> PairBlocks:
        return PairBlocks(self.store.blocks)

    @cached_property
    def access(self) -> Access:
        return Access(self.store, self.cache)

    @cached_property
    def refresh(self) -> Refresh:
        writer = Writer(self.store, self.access)
        revisions = Revisions(self.tracks, self.clock, new_id)
        return Refresh(writer, revisions, self.tracks, self.clock)

    @cached_property
    def views(self) -> Views:
        return Views(self.access, self.tracks, self.people)

    @cached_property
    def change(self) -> MemberChanges:
        return MemberChanges(self.store, self.access)

    @cached_property
    def write(self) -> OwnerWrites:
        return OwnerWrites(self.store, self.access)

    @cached_property
    def set_collaborator(self) -> SetCollaborator:
        return SetCollaborator(
            self.store, self.change, self.access, self.people, self.blocks, clock=self.clock
        )

    @cached_property
    def remove_collaborator(self) -> RemoveCollaborator:
        return RemoveCollaborator(self.change)

    @cached_property
    def list_collaborators(self) -> ListCollaborators:
        return ListCollaborators(self.access, self.people)

    @cached_property
    def transfer_ownership(self) -> TransferOwnership:
        return TransferOwnership(self.store, self.change, self.access, self.clock)

    @cached_property
    def create_share(self) -> CreateShare:
        return CreateShare(self.write, self.shares, self.people, clock=self.clock, new_id=new_id)

    @cached_property
    def list_shares(self) -> ListShares:
        return ListShares(self.access, self.shares, self.people)

    @cached_property
    def revoke_share(self) -> RevokeShare:
        return RevokeShare(self.write, self.shares, self.clock)

    @cached_property
    def codes(self) -> ShareCodes:
        return ShareCodes(self.store, self.shares, self.attempts, clock=self.clock)

    @cached_property
    def preview_share(self) -> PreviewShare:
        return PreviewShare(self.codes, self.store, self.views, self.refresh, self.people)

    @cached_property
    def accept_share(self) -> AcceptShare:
        return AcceptShare(
            self.codes,
            store=self.store,
            shares=self.shares,
            blocks=self.blocks,
            change=self.change,
            get_playlist=GetPlaylist(self.access, self.views, self.refresh),
            views=self.views,
            clock=self.clock,
        )

    async def link(
        self,
        owner: str,
        playlist_id: str,
        role: Role | None = None,
        expires_in_s: float | None = None,
    ) -> CreatedShare:
        return await self.create_share(owner, playlist_id, role, expires_in_s, None)


async def members_of(store: PlaylistStore, playlist_id: str) -> dict[str, Role]:
    """The roles as the store has them, the owner's too."""
    head = await store.head(playlist_id)
    assert head is not None
    return head.roles
