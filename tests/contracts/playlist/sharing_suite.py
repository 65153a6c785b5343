"""What every ``ShareStore``, ``Blocks`` and ``AttemptLimiter`` must do."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.faults import FailedPrecondition
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.sharing import MOST_LINKS, Share
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.sharing import (
    ATTEMPT_WINDOW_MS,
    MOST_ATTEMPTS,
    AttemptLimiter,
    Blocks,
    ShareStore,
)
from playlist_svc.ports.social import SocialStore
from tests.contracts.playlist.sharing_samples import (
    DAY_MS,
    NOW,
    a_playlist,
    a_share,
    code_digest,
    held,
    new_id,
    outcomes,
)


async def accept(playlists: PlaylistStore, shares: ShareStore, share: Share, user_id: str) -> None:
    """Counts a user who became a collaborator by the link."""
    await held(
        playlists,
        share.playlist_id,
        lambda writing: shares.count_accepted(writing, share.share_id, user_id),
    )


class SharesContract:
    """Subclass it with fixtures ``playlists`` and ``shares``, both empty for every test."""

    @pytest.fixture
    async def head(self, playlists: PlaylistStore) -> Head:
        return await a_playlist(playlists, new_id())

    async def add(
        self, playlists: PlaylistStore, shares: ShareStore, share: Share, number: int = 1
    ) -> None:
        await held(
            playlists,
            share.playlist_id,
            lambda writing: shares.add(writing, share, code_digest(number)),
        )

    @pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR])
    @pytest.mark.parametrize("expires_at_ms", [None, NOW + DAY_MS])
    async def test_a_link_comes_back_whole_by_its_code_and_by_its_id(
        self,
        playlists: PlaylistStore,
        shares: ShareStore,
        head: Head,
        role: Role | None,
        expires_at_ms: int | None,
    ) -> None:
        share = a_share(head.playlist_id, role=role, expires_at_ms=expires_at_ms)
        await self.add(playlists, shares, share)
        assert await shares.find(code_digest(1)) == share
        assert await shares.get(share.share_id) == share
        assert await shares.find(code_digest(2)) is None
        assert await shares.get(new_id()) is None

    async def test_a_decision_that_raises_leaves_no_link_behind(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        for number in range(MOST_LINKS):
            await self.add(playlists, shares, a_share(head.playlist_id), number)
        with pytest.raises(FailedPrecondition):
            await self.add(playlists, shares, a_share(head.playlist_id), 500)
        assert await shares.find(code_digest(500)) is None

    async def test_a_hundred_links_are_in_force_at_most(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        made = [
            a_share(head.playlist_id, expires_at_ms=NOW + DAY_MS if number == 7 else None)
            for number in range(MOST_LINKS)
        ]
        for number, share in enumerate(made):
            await self.add(playlists, shares, share, number)
        with pytest.raises(FailedPrecondition) as full:
            await self.add(playlists, shares, a_share(head.playlist_id), 500)
        assert full.value.reason == "COLLECTION_FULL"
        assert full.value.metadata == {"limit": "100"}
        await held(
            playlists,
            head.playlist_id,
            lambda writing: shares.revoke(writing, made[0].share_id, NOW),
        )
        await self.add(playlists, shares, a_share(head.playlist_id), 501)
        later = a_share(head.playlist_id, created_at_ms=NOW + DAY_MS)
        await self.add(playlists, shares, later, 502)
        with pytest.raises(FailedPrecondition):
            await self.add(playlists, shares, replace(later, share_id=new_id()), 503)

    async def test_the_bound_holds_when_many_links_are_made_at_once(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        for number in range(MOST_LINKS - 3):
            await self.add(playlists, shares, a_share(head.playlist_id), number)
        tried = await outcomes(
            *(
                self.add(playlists, shares, a_share(head.playlist_id), 600 + number)
                for number in range(8)
            )
        )
        refused = [one for one in tried if isinstance(one, FailedPrecondition)]
        assert len(refused) == 5
        assert [one for one in tried if one is not None] == refused

    async def test_links_are_listed_by_playlist_the_newest_first_and_in_pages(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        other = await a_playlist(playlists, new_id())
        await self.add(playlists, shares, a_share(other.playlist_id), 900)
        times = (NOW, NOW + 5, NOW + 5, NOW + 9, NOW + 2)
        made = [a_share(head.playlist_id, created_at_ms=at) for at in times]
        for number, share in enumerate(made):
            await self.add(playlists, shares, share, number)
        expected = sorted(
            made, key=lambda share: (share.created_at_ms, share.share_id), reverse=True
        )
        assert await shares.of_playlist(head.playlist_id, None, 10) == expected
        walked: list[Share] = []
        after: tuple[int, str] | None = None
        while page := await shares.of_playlist(head.playlist_id, after, 2):
            walked += page
            after = (page[-1].created_at_ms, page[-1].share_id)
        assert walked == expected

    async def test_a_revoked_link_keeps_the_time_of_the_first_call(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        share = a_share(head.playlist_id)
        await self.add(playlists, shares, share)
        answers: list[bool] = []

        async def revoke(at: int) -> None:
            async def do(writing: Writing) -> None:
                answers.append(await shares.revoke(writing, share.share_id, at))

            await held(playlists, head.playlist_id, do)

        await revoke(NOW + 1)
        await revoke(NOW + 2)
        assert answers == [True, True]
        assert await shares.find(code_digest(1)) == replace(share, revoked_at_ms=NOW + 1)

    async def test_a_link_of_another_playlist_is_unknown_while_one_is_held(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        other = await a_playlist(playlists, new_id())
        share = a_share(other.playlist_id)
        await self.add(playlists, shares, share)
        seen: list[object] = []

        async def do(writing: Writing) -> None:
            seen.append(await shares.held(writing, share.share_id))
            seen.append(await shares.revoke(writing, share.share_id, NOW))
            seen.append(await shares.revoke(writing, new_id(), NOW))

        await held(playlists, head.playlist_id, do)
        assert seen == [None, False, False]
        assert await shares.get(share.share_id) == share

    async def test_who_accepted_is_counted_exactly(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        share = a_share(head.playlist_id)
        await self.add(playlists, shares, share)
        users = [new_id() for _ in range(12)]
        await asyncio.gather(*(accept(playlists, shares, share, user) for user in users * 2))
        assert await shares.get(share.share_id) == replace(share, accepted_count=12)

    async def test_who_comes_back_by_a_link_counts_once_and_by_another_again(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        one, other = a_share(head.playlist_id), a_share(head.playlist_id)
        await self.add(playlists, shares, one, 1)
        await self.add(playlists, shares, other, 2)
        user = new_id()
        for share in (one, one, other):
            await accept(playlists, shares, share, user)
        for share in (one, other):
            assert await shares.get(share.share_id) == replace(share, accepted_count=1)

    async def test_who_accepted_is_known_by_user_link_and_playlist(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        one, other = a_share(head.playlist_id), a_share(head.playlist_id)
        await self.add(playlists, shares, one, 1)
        await self.add(playlists, shares, other, 2)
        user = new_id()
        await accept(playlists, shares, one, user)
        seen: list[bool] = []

        async def ask(writing: Writing) -> None:
            for share_id, user_id in (
                (one.share_id, user),
                (other.share_id, user),
                (one.share_id, new_id()),
                (new_id(), user),
            ):
                seen.append(await shares.has_accepted(writing, share_id, user_id))

        await held(playlists, head.playlist_id, ask)
        assert seen == [True, False, False, False]

    async def test_what_an_erased_user_accepted_stays_in_the_count_alone(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        share = a_share(head.playlist_id)
        await self.add(playlists, shares, share)
        leaver, stays = new_id(), new_id()
        await accept(playlists, shares, share, leaver)
        await accept(playlists, shares, share, stays)
        await shares.erase(leaver)
        await shares.erase(leaver)
        assert await shares.get(share.share_id) == replace(share, accepted_count=2)
        # Of those who are forgotten nothing says that they were counted.
        await accept(playlists, shares, share, leaver)
        await accept(playlists, shares, share, stays)
        assert await shares.get(share.share_id) == replace(share, accepted_count=3)

    async def test_what_is_read_while_the_playlist_is_held_follows_every_earlier_decision(
        self, playlists: PlaylistStore, shares: ShareStore, head: Head
    ) -> None:
        share = a_share(head.playlist_id)
        await self.add(playlists, shares, share)
        inside, revoking = asyncio.Event(), asyncio.Event()
        seen: list[Share | None] = []

        async def first(writing: Writing) -> None:
            inside.set()
            await revoking.wait()
            await shares.revoke(writing, share.share_id, NOW)

        async def second(writing: Writing) -> None:
            seen.append(await shares.held(writing, share.share_id))

        holding = asyncio.ensure_future(held(playlists, head.playlist_id, first))
        await inside.wait()
        waiting = asyncio.ensure_future(held(playlists, head.playlist_id, second))
        # The second one is on its way, or waits: either way the first one decides before it.
        await asyncio.sleep(0)
        assert seen == []
        revoking.set()
        await asyncio.gather(holding, waiting)
        assert seen == [replace(share, revoked_at_ms=NOW)]


class BlocksContract:
    """Subclass it with fixtures ``social`` and ``blocks`` over the same, empty store."""

    async def test_a_block_stands_between_the_two_whoever_asks(
        self, social: SocialStore, blocks: Blocks
    ) -> None:
        one, other, third = new_id(), new_id(), new_id()
        assert not await blocks.between(one, other)
        await social.block(one, other, NOW)
        assert await blocks.between(one, other)
        assert await blocks.between(other, one)
        assert not await blocks.between(one, third)
        await social.unblock(one, other)
        assert not await blocks.between(other, one)


class AttemptsContract:
    """Subclass it with a fixture ``attempts`` that is empty for every test."""

    async def test_sixty_tries_a_minute_are_let_in(self, attempts: AttemptLimiter) -> None:
        waits = [
            await attempts.begin("someone", NOW + number) for number in range(MOST_ATTEMPTS + 2)
        ]
        assert waits[:MOST_ATTEMPTS] == [0] * MOST_ATTEMPTS
        assert waits[MOST_ATTEMPTS:] == [ATTEMPT_WINDOW_MS - 60, ATTEMPT_WINDOW_MS - 61]

    async def test_a_refused_try_does_not_count(self, attempts: AttemptLimiter) -> None:
        for number in range(MOST_ATTEMPTS + 40):
            await attempts.begin("someone", NOW + number)
        assert await attempts.begin("someone", NOW + ATTEMPT_WINDOW_MS - 1) == 1
        assert await attempts.begin("someone", NOW + ATTEMPT_WINDOW_MS) == 0

    async def test_no_minute_has_more_however_it_is_cut(self, attempts: AttemptLimiter) -> None:
        begun = [NOW + step * 500 for step in range(400)]
        let_in = [at for at in begun if await attempts.begin("someone", at) == 0]
        most = max(
            sum(1 for at in let_in if start <= at < start + ATTEMPT_WINDOW_MS) for start in let_in
        )
        assert most == MOST_ATTEMPTS

    async def test_a_wrong_code_counts_twice(self, attempts: AttemptLimiter) -> None:
        for _ in range(MOST_ATTEMPTS // 2):
            assert await attempts.begin("someone", NOW) == 0
            await attempts.failed("someone", NOW)
        assert await attempts.begin("someone", NOW) == ATTEMPT_WINDOW_MS

    async def test_one_does_not_pay_for_another(self, attempts: AttemptLimiter) -> None:
        for _ in range(MOST_ATTEMPTS):
            await attempts.begin("someone", NOW)
        assert await attempts.begin("someone", NOW) > 0
        assert await attempts.begin("someone else", NOW) == 0

    async def test_the_bound_holds_when_many_come_at_once(self, attempts: AttemptLimiter) -> None:
        waits = await asyncio.gather(*(attempts.begin("someone", NOW) for _ in range(100)))
        assert sorted(waits) == [0] * MOST_ATTEMPTS + [ATTEMPT_WINDOW_MS] * 40
