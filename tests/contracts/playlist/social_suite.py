"""What every ``SocialStore`` must do."""

from __future__ import annotations

import asyncio
import json
import random

import pytest
from ulid import ULID

from meshkit.faults import FailedPrecondition, NotFound, PermissionDenied, RequestIdReused
from meshkit.feeds import Op
from meshkit.idempotency import RequestKey
from playlist_svc.domain.collection_changes import FOLLOWED_ARTIST, ItemChanged, decode
from playlist_svc.domain.social import (
    Artist,
    Audience,
    Circle,
    Connection,
    ConnectionKind,
    Relation,
)
from playlist_svc.ports.social import SocialStore
from tests.contracts.playlist.social_reading import (
    CALLS,
    MOST,
    NOW,
    ReadFeed,
    an_artist,
    followers,
    following,
    ids,
    new_ids,
    told_counts,
)


class SocialContract:
    """Subclass it with fixtures ``store`` and ``other``, two instances on one store that is empty
    for every test and bounded by ``MOST``, and ``changes``, which reads its whole feed."""

    async def test_who_follows_nobody_has_empty_lists(self, store: SocialStore) -> None:
        (user, stranger) = new_ids(2)
        assert await following(store, user) == []
        assert await followers(store, user) == []
        assert await store.unfollow(user, [stranger], [stranger]) == 0
        relation = await store.relation(user, stranger)
        assert relation == Relation(False, False, False, False, 0, 0, Audience())

    async def test_people_and_artists_are_followed_once(self, store: SocialStore) -> None:
        user, one, two = new_ids(3)
        artist = an_artist()
        assert await store.follow(user, [one], [artist], NOW) == 2
        assert await store.follow(user, [one, two], [artist], NOW + 1) == 1
        assert await following(store, user) == [
            Connection(ConnectionKind.USER, two, (NOW + 1) * 1000),
            *sorted(
                (
                    Connection(ConnectionKind.USER, one, NOW * 1000),
                    Connection(ConnectionKind.ARTIST, artist.artist_id, NOW * 1000, artist.name),
                ),
                key=lambda each: each.target_id,
                reverse=True,
            ),
        ]
        assert ids(await following(store, user, kind=ConnectionKind.ARTIST)) == [artist.artist_id]
        assert ids(await following(store, user, kind=ConnectionKind.USER)) == [two, one]
        assert ids(await followers(store, one)) == [user]

    async def test_equal_times_page_by_id_and_none_is_lost(self, store: SocialStore) -> None:
        user, *people = new_ids(12)
        await store.follow(user, people[:5], [], NOW)
        await store.follow(user, people[5:], [], NOW)
        assert ids(await following(store, user)) == people[::-1]
        for person in people:
            await store.follow(person, [user], [], NOW)
        assert ids(await followers(store, user)) == people[::-1]

    async def test_who_follow_each_other_are_mutual_for_both(self, store: SocialStore) -> None:
        user, friend, idol = new_ids(3)
        await store.follow(user, [friend, idol], [], NOW)
        await store.follow(friend, [user], [], NOW)
        found = {one.target_id: one.mutual for one in await following(store, user)}
        assert found == {friend: True, idol: False}
        assert [one.mutual for one in await followers(store, user)] == [True]
        assert [one.mutual for one in await followers(store, idol)] == [False]
        relation = await store.relation(user, friend)
        assert relation.following
        assert relation.followed_by

    async def test_mutual_is_about_the_reader_of_the_list(self, store: SocialStore) -> None:
        owner, reader, friend, other = new_ids(4)
        await store.follow(owner, [friend, other], [], NOW)
        await store.follow(other, [owner], [], NOW)
        await store.follow(reader, [friend, other], [], NOW)
        await store.follow(friend, [reader], [], NOW)
        found = await following(store, owner, reader)
        assert {one.target_id: one.mutual for one in found} == {friend: True, other: False}

    async def test_a_list_hides_from_its_reader_who_blocks_the_reader(
        self, store: SocialStore
    ) -> None:
        owner, reader, hidden, seen = new_ids(4)
        await store.follow(owner, [hidden, seen], [], NOW)
        await store.follow(hidden, [owner], [], NOW)
        await store.block(hidden, reader, NOW)
        await store.block(reader, seen, NOW)
        assert ids(await following(store, owner, reader)) == [seen]
        assert ids(await followers(store, owner, reader)) == []
        assert len(await following(store, owner)) == 2

    async def test_a_retry_is_answered_as_the_first_time_and_changes_nothing(
        self, store: SocialStore, other: SocialStore
    ) -> None:
        user, person, stranger = new_ids(3)
        keys = {call: RequestKey(user, call, "1", b"body".ljust(32)) for call in CALLS}
        for one in (store, other, store):
            assert await one.follow(user, [person], [], NOW, keys["follow"]) == 1
        assert await other.stored_answer(keys["follow"]) == 1
        assert await store.unfollow(user, [person], [], keys["unfollow"]) == 1
        assert await other.unfollow(user, [person], [], keys["unfollow"]) == 1
        await store.block(user, stranger, NOW, keys["block"])
        await store.unblock(user, stranger, keys["unblock"])
        await other.block(user, stranger, NOW, keys["block"])
        assert not (await store.relation(user, stranger)).blocking
        hidden = await store.set_audience(user, Circle.NOBODY, None, keys["set_audience"])
        await store.set_audience(user, Circle.EVERYONE, None)
        assert await other.set_audience(user, Circle.NOBODY, None, keys["set_audience"]) == hidden
        assert await store.audience(user) == Audience()

    async def test_a_used_request_id_with_another_body_is_refused(self, store: SocialStore) -> None:
        user, person = new_ids(2)
        first, second = (RequestKey(user, "follow", "1", body * 32) for body in (b"1", b"2"))
        await store.follow(user, [person], [], NOW, first)
        for again in (store.stored_answer(second), store.follow(user, [person], [], NOW, second)):
            with pytest.raises(RequestIdReused):
                await again

    async def test_unfollowing_ends_what_there_is(self, store: SocialStore) -> None:
        user, one, two = new_ids(3)
        artist = an_artist()
        await store.follow(user, [one, two], [artist], NOW)
        assert await store.unfollow(user, [one], [artist.artist_id]) == 2
        assert await store.unfollow(user, [one], [artist.artist_id]) == 0
        assert ids(await following(store, user)) == [two]
        assert await followers(store, one) == []

    async def test_more_than_the_bound_follows_nobody(self, store: SocialStore) -> None:
        user, *people = new_ids(MOST + 2)
        artist = an_artist()
        await store.follow(user, people[: MOST - 1], [], NOW)
        with pytest.raises(FailedPrecondition) as full:
            await store.follow(user, people[MOST - 1 :], [artist], NOW)
        assert (full.value.reason, full.value.metadata) == ("COLLECTION_FULL", {"limit": str(MOST)})
        assert len(await following(store, user)) == MOST - 1
        assert await followers(store, people[-1]) == []
        assert await store.artists_with_followers("", 10) == []
        assert await store.follow(user, [], [artist], NOW) == 1
        assert await store.follow(user, people[:5], [artist], NOW) == 0

    async def test_blocking_ends_following_both_ways(self, store: SocialStore) -> None:
        user, blocked, friend = new_ids(3)
        await store.follow(user, [blocked, friend], [], NOW)
        await store.follow(blocked, [user, friend], [], NOW)
        await store.block(user, blocked, NOW)
        assert ids(await following(store, user)) == [friend]
        assert ids(await following(store, blocked)) == [friend]
        assert await followers(store, user) == []
        assert await followers(store, blocked) == []
        assert (await store.relation(user, blocked)).blocking
        assert (await store.relation(blocked, user)).blocked_by
        assert not (await store.relation(user, blocked)).blocked_by

    async def test_nobody_follows_across_a_block(self, store: SocialStore) -> None:
        user, blocked, friend = new_ids(3)
        await store.block(user, blocked, NOW)
        with pytest.raises(PermissionDenied) as own:
            await store.follow(user, [friend, blocked], [], NOW)
        assert own.value.reason == "USER_BLOCKED"
        with pytest.raises(NotFound) as theirs:
            await store.follow(blocked, [friend, user], [], NOW)
        assert theirs.value.metadata == {"resource": "user", "id": user}
        assert await followers(store, friend) == []
        await store.unblock(user, blocked)
        assert await store.follow(blocked, [user], [], NOW) == 1
        assert await store.follow(user, [blocked], [], NOW) == 1

    async def test_blocks_are_listed_the_latest_first(self, store: SocialStore) -> None:
        user, *people = new_ids(6)
        for n, person in enumerate(people):
            await store.block(user, person, NOW + n // 2)
        await store.block(user, people[0], NOW + 60_000)
        found = await store.blocks(user, None, 3)
        found = [*found, *await store.blocks(user, (found[-1].since_us, found[-1].user_id), 9)]
        assert [one.user_id for one in found] == people[::-1]
        assert [one.since_us for one in found] == [(NOW + n // 2) * 1000 for n in (4, 3, 2, 1, 0)]
        await store.unblock(user, people[2])
        await store.unblock(user, people[2])
        assert people[2] not in [one.user_id for one in await store.blocks(user, None, 9)]
        assert await store.blocks(people[0], None, 9) == []

    async def test_more_blocks_than_the_bound_change_nothing(self, store: SocialStore) -> None:
        user, *people = new_ids(MOST + 2)
        await store.follow(user, [people[-1]], [], NOW)
        for person in people[:MOST]:
            await store.block(user, person, NOW)
        with pytest.raises(FailedPrecondition) as full:
            await store.block(user, people[-1], NOW)
        assert (full.value.reason, full.value.metadata) == ("COLLECTION_FULL", {"limit": str(MOST)})
        assert ids(await following(store, user)) == [people[-1]]
        await store.block(user, people[0], NOW)
        await store.unblock(user, people[0])
        await store.block(user, people[-1], NOW)

    async def test_privacy_is_open_at_first_and_keeps_what_is_not_given(
        self, store: SocialStore
    ) -> None:
        user, other = new_ids(2)
        assert await store.audience(user) == Audience(Circle.EVERYONE, Circle.EVERYONE)
        assert await store.set_audience(user, None, Circle.NOBODY) == Audience(
            Circle.EVERYONE, Circle.NOBODY
        )
        await store.set_audience(user, Circle.FRIENDS, None)
        kept = Audience(Circle.FRIENDS, Circle.NOBODY)
        assert await store.set_audience(user, None, None) == kept
        assert await store.audience(user) == kept
        assert (await store.relation(other, user)).audience == kept
        assert (await store.relation(user, other)).audience == Audience()

    async def test_each_change_of_an_artists_followers_is_told(
        self, store: SocialStore, changes: ReadFeed
    ) -> None:
        one, two = new_ids(2)
        artist, renamed = an_artist("Föhn"), "The Föhn"
        await store.follow(one, [two], [artist], NOW)
        await store.follow(one, [two], [artist], NOW)
        await store.follow(two, [], [Artist(artist.artist_id, renamed)], NOW)
        await store.unfollow(one, [two], [artist.artist_id])
        told = await told_counts(changes)
        assert [json.loads(change.payload) for change in told] == [
            {"artist_id": artist.artist_id, "name": name, "followers_count": count}
            for name, count in (("Föhn", 1), (renamed, 2), (renamed, 1))
        ]
        assert [change.version for change in told] == [1, 2, 3]
        assert {(change.entity, change.id, change.op) for change in told} == {
            ("artist_followers", artist.artist_id, Op.UPSERT)
        }

    async def test_artists_are_listed_by_id_also_without_followers_left(
        self, store: SocialStore
    ) -> None:
        user = str(ULID())
        artists = sorted((an_artist() for _ in range(4)), key=lambda one: one.artist_id)
        await store.follow(user, [], artists, NOW)
        await store.unfollow(user, [], [artists[1].artist_id])
        found = await store.artists_with_followers("", 3)
        found = [*found, *await store.artists_with_followers(found[-1].artist_id, 3)]
        assert [one.artist_id for one in found] == [one.artist_id for one in artists]
        assert [(one.followers_count, one.version) for one in found] == [
            (1, 1),
            (0, 2),
            (1, 1),
            (1, 1),
        ]

    async def test_who_follows_an_artist_is_told_and_listed(
        self, store: SocialStore, changes: ReadFeed
    ) -> None:
        user, other, person = sorted(new_ids(3))
        first, second = sorted((an_artist(), an_artist()), key=lambda one: one.artist_id)
        await store.follow(user, [person], [second, first], NOW)
        await store.follow(other, [], [first], NOW + 1)
        await store.follow(user, [], [first], NOW + 2)
        await store.unfollow(user, [person], [second.artist_id])
        await store.unfollow(user, [], [second.artist_id])
        feed = [one for one in await changes() if one.entity == FOLLOWED_ARTIST]
        told = [one for one in map(decode, feed) if isinstance(one, ItemChanged)]
        of_second = [one for one in told if one.thing_id == second.artist_id]
        assert [(one.user_id, one.kept) for one in of_second] == [(user, True), (user, False)]
        assert of_second[0].version < of_second[1].version
        begun = {(one.user_id, one.thing_id, one.at_us) for one in told if one.kept}
        there = [
            ItemChanged(user, first.artist_id, NOW * 1000, 0, True),
            ItemChanged(other, first.artist_id, (NOW + 1) * 1000, 0, True),
        ]
        listed = {(one.user_id, one.thing_id, one.at_us) for one in there}
        assert begun == {*listed, (user, second.artist_id, NOW * 1000)}
        assert list(await store.followed_artists(("", ""), 9)) == there
        assert list(await store.followed_artists(("", ""), 1)) == there[:1]
        after = (user, first.artist_id)
        assert list(await store.followed_artists(after, 9)) == there[1:]

    async def test_an_erased_user_is_in_nobodys_lists(
        self, store: SocialStore, changes: ReadFeed
    ) -> None:
        user, friend, idol, fan = new_ids(4)
        artist = an_artist()
        await store.follow(user, [friend, idol], [artist], NOW)
        await store.follow(friend, [user], [artist], NOW)
        await store.follow(fan, [user], [], NOW)
        await store.block(user, str(ULID()), NOW)
        await store.block(idol, fan, NOW)
        await store.block(str(ULID()), user, NOW)
        await store.set_audience(user, Circle.NOBODY, Circle.NOBODY)
        for _ in range(2):
            await store.erase(user)
        assert await following(store, user) == []
        assert await followers(store, user) == []
        assert ids(await following(store, friend)) == [artist.artist_id]
        assert await following(store, fan) == []
        assert await followers(store, idol) == []
        assert await store.blocks(user, None, 9) == []
        assert len(await store.blocks(idol, None, 9)) == 1
        assert await store.audience(user) == Audience()
        (left,) = await store.artists_with_followers("", 9)
        assert left.followers_count == 1
        assert json.loads((await told_counts(changes))[-1].payload)["followers_count"] == 1
        assert await store.follow(user, [friend], [], NOW) == 1

    async def test_counts_are_rows_when_many_follow_and_block_at_once(
        self, store: SocialStore, other: SocialStore, changes: ReadFeed
    ) -> None:
        people = new_ids(6)
        artists = [an_artist(f"Artist {n}") for n in range(4)]
        chance = random.Random(20)

        async def work(number: int) -> None:
            one = (store, other)[number % 2]
            user = people[number % len(people)]
            others = chance.sample([each for each in people if each != user], 3)
            some = chance.sample(artists, 3)
            match number % 5:
                case 0 | 1 | 2:
                    await asyncio.gather(
                        one.follow(user, others, some, NOW + number), return_exceptions=True
                    )
                    await one.follow(user, [], some, NOW + number)
                case 3:
                    await one.unfollow(user, others, [each.artist_id for each in some])
                case 4:
                    await one.block(user, others[0], NOW + number)
                    if number % 2:
                        await one.unblock(user, others[0])

        await asyncio.gather(*map(work, range(120)))
        counted: dict[str, int] = dict.fromkeys((one.artist_id for one in artists), 0)
        for user in people:
            follows = await following(store, user)
            fans = await followers(store, user)
            relation = await store.relation(str(ULID()), user)
            assert (relation.following_count, relation.follower_count) == (len(follows), len(fans))
            for one in follows:
                if one.kind is ConnectionKind.ARTIST:
                    counted[one.target_id] += 1
            blocked = {one.user_id for one in await store.blocks(user, None, 500)}
            assert not blocked & {*ids(follows), *ids(fans)}
        found = await store.artists_with_followers("", 500)
        assert {one.artist_id: one.followers_count for one in found} == counted
        # A feed is read in the order in which its transactions began, so that of one artist an
        # older version may come after a newer one.
        told = sorted(await told_counts(changes), key=lambda change: change.version)
        last = {change.id: change for change in told}
        assert len({(change.id, change.version) for change in told}) == len(told)
        assert {one.artist_id: one.version for one in found} == {
            artist_id: change.version for artist_id, change in last.items()
        }
        assert all(
            json.loads(last[one.artist_id].payload)["followers_count"] == one.followers_count
            for one in found
        )

    async def test_the_bound_holds_when_many_follow_at_once(
        self, store: SocialStore, other: SocialStore
    ) -> None:
        user, *people = new_ids(31)
        calls = [
            (store, other)[n % 2].follow(user, people[n * 6 : n * 6 + 6], [], NOW) for n in range(5)
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(one, FailedPrecondition) for one in answers) == 2
        assert len(await following(store, user)) == 18

    async def test_following_and_blocking_at_once_never_leaves_both(
        self, store: SocialStore, other: SocialStore
    ) -> None:
        for _ in range(10):
            one, two = new_ids(2)
            await asyncio.gather(
                store.follow(one, [two], [], NOW),
                other.follow(two, [one], [], NOW),
                store.block(one, two, NOW),
                other.block(two, one, NOW),
                return_exceptions=True,
            )
            relation = await store.relation(one, two)
            assert relation.blocking
            assert relation.blocked_by
            assert not relation.following
            assert not relation.followed_by
