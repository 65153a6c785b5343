"""Who may know of a playlist, and what it costs to find out."""

from __future__ import annotations

import pytest

from meshkit.faults import Fault, NotFound, PermissionDenied
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.ports.playlists import PlaylistRelation
from playlist_svc.usecases.access import Access
from tests.contracts.playlist.playlists_world import NOW, change_head, made, new_id

OWNER, VIEWER, STRANGER, BLOCKED, FOLLOWER = (new_id() for _ in range(5))


class CountedPlaylists(MemoryPlaylists):
    """Counts what is asked of it."""

    def __init__(self, heads: MemoryHeads) -> None:
        super().__init__(heads)
        self.asked: list[str] = []

    async def head(self, playlist_id: str) -> Head | None:
        self.asked.append("head")
        return await super().head(playlist_id)

    async def relation(self, playlist_id: str, owner_id: str, user_id: str) -> PlaylistRelation:
        self.asked.append("relation")
        return await super().relation(playlist_id, owner_id, user_id)


@pytest.fixture
def heads() -> MemoryHeads:
    return MemoryHeads()


@pytest.fixture
def store(heads: MemoryHeads) -> CountedPlaylists:
    return CountedPlaylists(heads)


@pytest.fixture
def access(store: CountedPlaylists, heads: MemoryHeads) -> Access:
    return Access(store, heads)


async def a_playlist(store: MemoryPlaylists, visibility: Visibility) -> str:
    members = (Member(VIEWER, Role.VIEWER, NOW),)
    playlist = await made(store, OWNER, visibility=visibility, members=members)
    await store.follow(playlist.playlist_id, FOLLOWER, NOW)
    await store.follow(playlist.playlist_id, BLOCKED, NOW)
    store.blocks.add((OWNER, BLOCKED))
    return playlist.playlist_id


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        (Visibility.PRIVATE, {OWNER, VIEWER}),
        (Visibility.LINK, {OWNER, VIEWER, FOLLOWER}),
        (Visibility.PUBLIC, {OWNER, VIEWER, FOLLOWER, STRANGER}),
    ],
)
async def test_visibility_says_who_sees(
    access: Access, store: CountedPlaylists, visibility: Visibility, seen_by: set[str]
) -> None:
    playlist_id = await a_playlist(store, visibility)
    head = await access.head(playlist_id)
    users = (OWNER, VIEWER, STRANGER, BLOCKED, FOLLOWER)
    assert {user for user in users if await access.sees(head, user)} == seen_by


async def test_who_has_a_role_costs_the_store_nothing_and_a_stranger_one_query(
    access: Access, store: CountedPlaylists
) -> None:
    playlist_id = await a_playlist(store, Visibility.PUBLIC)
    for user_id in (OWNER, VIEWER):
        await access.visible(playlist_id, user_id)
    assert store.asked == []
    await access.visible(playlist_id, STRANGER)
    assert store.asked == ["relation"]


async def test_a_head_that_the_cache_lost_is_read_once(
    access: Access, store: CountedPlaylists, heads: MemoryHeads
) -> None:
    playlist_id = await a_playlist(store, Visibility.PRIVATE)
    heads.kept.clear()
    for _ in range(2):
        await access.visible(playlist_id, OWNER)
    assert store.asked == ["head"]


async def test_a_deleted_playlist_is_unknown_to_everyone(
    access: Access, store: CountedPlaylists, heads: MemoryHeads
) -> None:
    playlist_id = await a_playlist(store, Visibility.PUBLIC)
    await change_head(store, playlist_id, deleted_at_ms=NOW)
    for _ in range(2):
        with pytest.raises(NotFound):
            await access.visible(playlist_id, OWNER)
        heads.kept.clear()


@pytest.mark.parametrize(
    ("user_id", "expected"),
    [(VIEWER, PermissionDenied), (STRANGER, PermissionDenied), (BLOCKED, NotFound)],
    ids=["viewer", "stranger", "blocked"],
)
async def test_a_refusal_tells_no_more_than_the_user_may_know(
    access: Access, store: CountedPlaylists, user_id: str, expected: type[Fault]
) -> None:
    head = await access.head(await a_playlist(store, Visibility.PUBLIC))
    with pytest.raises(expected):
        await access.require(head, user_id, Role.EDITOR)


async def test_a_role_suffices_for_itself_and_what_is_below(
    access: Access, store: CountedPlaylists
) -> None:
    head = await access.head(await a_playlist(store, Visibility.PRIVATE))
    await access.require(head, VIEWER, Role.VIEWER)
    await access.require(head, OWNER, Role.OWNER)
