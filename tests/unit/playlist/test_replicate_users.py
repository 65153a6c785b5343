"""Names follow identity's feed, and who was erased there is forgotten here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import pytest

from meshkit.consuming import Consumer, Step
from meshkit.faults import OutOfRange, Unavailable
from meshkit.feeds import MemoryChangeFeed
from playlist_svc.adapters.memory.library import MemoryCollection
from playlist_svc.adapters.memory.people import MemoryLastKnownNames, MemoryUserReplica
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.social import MemorySocial
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.people import UserChange
from playlist_svc.usecases.replicate_users import ReplicateUsers
from tests.contracts.playlist.playlists_world import NOW, made, new_id

Told = Step[UserChange] | Exception


class Script:
    """Watches that end as told; the last one stays open."""

    def __init__(self, *watches: Sequence[Told]) -> None:
        self._watches = list(watches)
        self.asked: list[str] = []
        self.exhausted = asyncio.Event()

    async def __call__(self, resume_token: str, /) -> AsyncIterator[Step[UserChange]]:
        self.asked.append(resume_token)
        if not self._watches:
            self.exhausted.set()
            await asyncio.Event().wait()
        for step in self._watches.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


class Journal(MemoryUserReplica):
    """A copy that writes into a journal when the place moves on."""

    def __init__(self, told: MemoryLastKnownNames, journal: list[str]) -> None:
        super().__init__(told)
        self._journal = journal

    async def store(
        self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int, resume_token: str
    ) -> None:
        self._journal.append(f"at {resume_token}")
        await super().store(names, gone, known_at_ms, resume_token)


class Holder:
    """Holds something of users; fails as often as it is told to, having begun."""

    def __init__(self, name: str, journal: list[str], failures: int = 0) -> None:
        self._name = name
        self._journal = journal
        self._failures = failures

    async def erase(self, user_id: str) -> None:
        self._journal.append(f"{self._name} {user_id}")
        if self._failures:
            self._failures -= 1
            raise Unavailable("gone")


class World:
    """A consumer with its names and two holders."""

    def __init__(self, failures: int = 0) -> None:
        self.told = MemoryLastKnownNames()
        self.journal: list[str] = []
        self.copy = Journal(self.told, self.journal)
        holders = [Holder("one", self.journal), Holder("two", self.journal, failures)]
        self.consumer = ReplicateUsers(self.copy, holders, itertools.count(NOW).__next__)

    async def names(self) -> dict[str, str]:
        """What is kept of the users a and b."""
        return {user_id: one.username for user_id, one in (await self.told.find("ab")).items()}

    async def follow(self, *watches: Sequence[Told]) -> list[str]:
        """Follows the watches; the tokens that were asked with."""
        script = Script(*watches)
        consumer = Consumer(
            "identity", script, self.consumer, gather_s=0.001, pause_s=lambda _: 0.0
        )
        running = asyncio.create_task(consumer.run())
        await script.exhausted.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return script.asked


def changed(user_id: str, username: str) -> UserChange:
    return UserChange(user_id, username)


def erased(user_id: str) -> UserChange:
    return UserChange(user_id, None)


async def test_names_are_those_that_the_feed_told_last() -> None:
    world = World()
    await world.follow(
        [Step(""), Step("t1", changed("a", "ada")), Step("t2", changed("b", "bob"))],
        [Step("t3", changed("a", "ann"))],
    )
    assert await world.names() == {"a": "ann", "b": "bob"}
    assert world.journal == ["at t2", "at t3"]


async def test_who_was_erased_is_forgotten_everywhere_before_the_place_moves_on() -> None:
    world = World()
    await world.told.keep({"a": "ada"}, [], NOW - 1)
    await world.follow([Step("t1", changed("b", "bob")), Step("t2", erased("a"))])
    assert world.journal == ["one a", "two a", "at t2"]
    assert await world.names() == {"b": "bob"}


async def test_an_erasure_that_failed_is_made_again_from_the_same_place() -> None:
    world = World(failures=2)
    asked = await world.follow(
        [Step("t1")], *[[Step("t2", erased("a")), Step("t3", changed("b", "bob"))]] * 3
    )
    assert asked == ["", "t1", "t1", "t1", "t3"]
    assert world.journal == ["at t1", *["one a", "two a"] * 3, "at t3"]


async def test_who_changed_and_was_erased_in_one_batch_is_erased() -> None:
    world = World()
    await world.consumer.apply([changed("a", "ada"), erased("a")], "t1")
    assert await world.names() == {}
    assert world.journal == ["one a", "two a", "at t1"]


async def test_a_place_that_is_too_old_loses_no_names() -> None:
    world = World()
    asked = await world.follow(
        [Step("t1", changed("a", "ada"))], [OutOfRange("too old")], [Step(""), Step("t9")]
    )
    assert asked == ["", "t1", "", "t9"]
    assert await world.names() == {"a": "ada"}


@pytest.fixture
def feed() -> MemoryChangeFeed:
    return MemoryChangeFeed()


async def test_playlists_saved_tracks_and_following_of_the_erased_go(
    feed: MemoryChangeFeed,
) -> None:
    store, saved, social = MemoryPlaylists(), MemoryCollection[str](), MemorySocial(feed)
    leaver, stays = new_id(), new_id()
    gone: Head = await made(store, leaver, 2)
    kept: Head = await made(store, stays, 2)
    for user_id, other_id in ((leaver, stays), (stays, leaver)):
        await saved.save(user_id, ["t"], NOW)
        await social.follow(user_id, [other_id], [], NOW)
    consumer = ReplicateUsers(
        MemoryUserReplica(MemoryLastKnownNames()), [store, saved, social], lambda: NOW
    )
    await consumer.apply([erased(leaver)], "t1")
    assert await store.head(gone.playlist_id) is None
    assert await store.head(kept.playlist_id) == kept
    assert [await saved.among(one, ["t"]) for one in (leaver, stays)] == [set(), {"t"}]
    relation = await social.relation(stays, leaver)
    assert (relation.following, relation.follower_count) == (False, 0)
