"""What blocking ends in playlists, in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from meshkit import postgres
from meshkit.faults import InvalidArgument, NotFound, Unavailable
from meshkit.idempotency import RequestKey
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.social import PostgresAffiliations, PostgresSocial
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.ports.playlists import Kinds, PlaylistStore, Writing
from playlist_svc.ports.social import Affiliation, AffiliationRemover
from playlist_svc.usecases.social import UserBlocks
from tests.contracts.playlist.sharing_samples import NOW, a_playlist, held, new_id
from tests.contracts.playlist.social_affiliations_suite import AffiliationsContract
from tests.contracts.playlist.social_samples import KnownPeople


class TestPostgresTies(AffiliationsContract):
    @pytest.fixture
    def playlists(self, pool: postgres.Pool) -> PostgresPlaylists:
        return PostgresPlaylists(pool, ContentCache(), MemoryHeads())

    @pytest.fixture
    def affiliations(self, pool: postgres.Pool) -> PostgresAffiliations:
        return PostgresAffiliations(pool)


class Crash(Exception):
    """The process dies here."""


class CrashingPlaylists:
    """Cuts ``calls`` times, then dies."""

    def __init__(self, store: PlaylistStore, calls: int) -> None:
        self._store = store
        self._left = calls

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        self._step()
        return await self._store.write(playlist_id, key, decide)

    async def unfollow(self, playlist_id: str, user_id: str) -> None:
        self._step()
        await self._store.unfollow(playlist_id, user_id)

    def _step(self) -> None:
        if not self._left:
            raise Crash
        self._left -= 1


class Scene:
    """Two users with playlists, and a friend of both."""

    def __init__(self, pool: postgres.Pool) -> None:
        self.playlists = PostgresPlaylists(pool, ContentCache(), MemoryHeads())
        self.social = PostgresSocial(pool)
        self.affiliations = PostgresAffiliations(pool)
        self.user, self.other, self.friend = new_id(), new_id(), new_id()
        self.people = KnownPeople({one: one for one in (self.user, self.other, self.friend)})

    def blocking(self, cutting: AffiliationRemover | None = None) -> UserBlocks:
        return UserBlocks(
            self.social, self.people, self.affiliations, cutting or self.playlists, lambda: NOW
        )

    async def shared(self, owner: str, *members: str, role: Role = Role.EDITOR) -> Head:
        """A public playlist with members, who follow it as well."""
        head = await a_playlist(self.playlists, owner, Visibility.PUBLIC)

        async def invite(writing: Writing) -> None:
            invited = tuple(Member(one, role, NOW) for one in members)
            writing.change(replace(writing.head, members=invited))

        await held(self.playlists, head.playlist_id, invite)
        for member in members:
            await self.playlists.follow(head.playlist_id, member, NOW)
        return await self.head(head.playlist_id)

    async def head(self, playlist_id: str) -> Head:
        head = await self.playlists.head(playlist_id)
        assert head is not None
        return head


@pytest.fixture
def scene(pool: postgres.Pool) -> Scene:
    return Scene(pool)


async def test_blocking_ends_roles_and_following_in_both_ones_playlists(scene: Scene) -> None:
    mine = await scene.shared(scene.user, scene.other, scene.friend)
    theirs = await scene.shared(scene.other, scene.user)
    foreign = await scene.shared(scene.friend, scene.user, scene.other)
    await scene.blocking().block_user(scene.user, scene.other)
    for before, left in ((mine, [scene.friend]), (theirs, [])):
        after = await scene.head(before.playlist_id)
        assert [member.user_id for member in after.members] == left
        assert after.follower_count == len(left)
        assert after.version > before.version
        assert after.revision == before.revision
    assert await scene.head(foreign.playlist_id) == foreign
    assert await scene.affiliations.between(scene.user, scene.other) == []
    shared = await scene.playlists.heads_of(scene.other, Kinds.SHARED, None, 9)
    assert [one.head.playlist_id for one in shared] == [foreign.playlist_id]


async def test_a_deleted_playlist_comes_back_without_who_was_blocked(scene: Scene) -> None:
    head = await scene.shared(scene.user, scene.other)

    async def delete(writing: Writing) -> None:
        writing.change(replace(writing.head, deleted_at_ms=NOW))

    await held(scene.playlists, head.playlist_id, delete)
    await scene.blocking().block_user(scene.user, scene.other)
    assert (await scene.head(head.playlist_id)).members == ()


async def test_what_a_crash_left_is_ended_by_blocking_again(scene: Scene) -> None:
    heads = [await scene.shared(scene.user, scene.other) for _ in range(3)]
    await scene.social.follow(scene.other, [scene.user], [], NOW)
    for calls in (0, 1, 2, 3):
        with pytest.raises(Crash):
            dying = CrashingPlaylists(scene.playlists, calls)
            await scene.blocking(dying).block_user(scene.user, scene.other)
        assert (await scene.social.relation(scene.other, scene.user)).blocked_by
    assert await scene.affiliations.between(scene.user, scene.other)
    await scene.blocking().block_user(scene.user, scene.other)
    for head in heads:
        after = await scene.head(head.playlist_id)
        assert (after.members, after.follower_count) == ((), 0)
    before = [await scene.head(head.playlist_id) for head in heads]
    await scene.blocking().block_user(scene.user, scene.other)
    assert [await scene.head(head.playlist_id) for head in heads] == before


async def test_a_playlist_that_is_gone_by_then_is_no_fault(scene: Scene) -> None:
    head = await scene.shared(scene.user, scene.other)

    class Remembered:
        async def between(self, one_id: str, other_id: str) -> list[Affiliation]:
            return [Affiliation(new_id(), other_id), Affiliation(head.playlist_id, other_id)]

    scene.affiliations = Remembered()  # type: ignore[assignment]
    await scene.blocking().block_user(scene.user, scene.other)
    assert (await scene.head(head.playlist_id)).members == ()


async def test_two_who_block_each_other_at_once_leave_nothing(scene: Scene) -> None:
    heads = [await scene.shared(scene.user, scene.other) for _ in range(3)]
    heads += [await scene.shared(scene.other, scene.user) for _ in range(3)]
    await asyncio.gather(
        scene.blocking().block_user(scene.user, scene.other),
        scene.blocking().block_user(scene.other, scene.user),
    )
    for head in heads:
        after = await scene.head(head.playlist_id)
        assert (after.members, after.follower_count) == ((), 0)
    counts = await scene.social.relation(scene.friend, scene.user)
    assert (counts.follower_count, counts.following_count) == (0, 0)


async def test_oneself_and_unknown_users_cannot_be_blocked(scene: Scene) -> None:
    with pytest.raises(InvalidArgument):
        await scene.blocking().block_user(scene.user, scene.user)
    with pytest.raises(NotFound):
        await scene.blocking().block_user(scene.user, new_id())
    assert await scene.social.blocks(scene.user, None, 9) == []


async def test_when_identity_is_away_nobody_is_blocked(scene: Scene) -> None:
    class Away(KnownPeople):
        async def require(self, user_ids: object) -> dict[str, str]:
            raise Unavailable("identity is away")

    scene.people = Away()
    with pytest.raises(Unavailable):
        await scene.blocking().block_user(scene.user, scene.other)
