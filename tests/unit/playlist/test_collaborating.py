"""Roles are given, taken away and handed on by those who may, and bounds and blocks hold."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.faults import (
    FailedPrecondition,
    Fault,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import MOST_COLLABORATORS, Head, Member
from playlist_svc.domain.sharing import UserBlocked
from playlist_svc.ports.playlists import Writing
from tests.contracts.playlist.sharing_samples import NOW, a_playlist, held, new_id
from tests.contracts.playlist.sharing_world import SharingWorld, members_of

OWNER, EDITOR, VIEWER, STRANGER = new_id(), new_id(), new_id(), new_id()


@pytest.fixture
def world() -> SharingWorld:
    return SharingWorld()


@pytest.fixture
async def head(world: SharingWorld) -> Head:
    head = await a_playlist(world.store, OWNER)
    await world.set_collaborator(OWNER, head.playlist_id, EDITOR, Role.EDITOR)
    await world.set_collaborator(OWNER, head.playlist_id, VIEWER, Role.VIEWER)
    return head


async def test_a_role_is_given_once_however_often_it_is_asked_for(
    world: SharingWorld, head: Head
) -> None:
    version = (await world.access.head(head.playlist_id)).version
    world.clock.now_ms += 1_000
    member, name = await world.set_collaborator(OWNER, head.playlist_id, EDITOR, Role.EDITOR)
    assert (member, name) == (Member(EDITOR, Role.EDITOR, NOW), f"u{EDITOR}")
    assert (await world.access.head(head.playlist_id)).version == version
    member, _ = await world.set_collaborator(OWNER, head.playlist_id, EDITOR, Role.VIEWER)
    assert member == Member(EDITOR, Role.VIEWER, NOW)


@pytest.mark.parametrize("caller", [EDITOR, VIEWER], ids=["editor", "viewer"])
async def test_only_the_owner_gives_roles_and_takes_those_of_others(
    world: SharingWorld, head: Head, caller: str
) -> None:
    with pytest.raises(PermissionDenied):
        await world.set_collaborator(caller, head.playlist_id, STRANGER, Role.VIEWER)
    other = VIEWER if caller == EDITOR else EDITOR
    for target in (other, OWNER):
        with pytest.raises(PermissionDenied):
            await world.remove_collaborator(caller, head.playlist_id, target)
    assert set(await members_of(world.store, head.playlist_id)) == {OWNER, EDITOR, VIEWER}


async def test_strangers_learn_nothing_of_a_private_playlist(
    world: SharingWorld, head: Head
) -> None:
    calls = world
    for call in (
        calls.set_collaborator(STRANGER, head.playlist_id, new_id(), Role.VIEWER),
        calls.remove_collaborator(STRANGER, head.playlist_id, EDITOR),
        calls.list_collaborators(STRANGER, head.playlist_id),
        calls.transfer_ownership(STRANGER, head.playlist_id, EDITOR),
        calls.transfer_ownership(STRANGER, head.playlist_id, OWNER),
    ):
        with pytest.raises(NotFound) as refused:
            await call
        assert refused.value.metadata == {"resource": "playlist", "id": head.playlist_id}


async def test_strangers_of_a_public_playlist_are_denied(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    for call in (
        world.list_collaborators(STRANGER, head.playlist_id),
        world.transfer_ownership(STRANGER, head.playlist_id, OWNER),
    ):
        with pytest.raises(PermissionDenied):
            await call


async def test_the_user_must_exist_and_not_be_the_owner(world: SharingWorld, head: Head) -> None:
    world.people.gone.add(STRANGER)
    with pytest.raises(NotFound) as unknown:
        await world.set_collaborator(OWNER, head.playlist_id, STRANGER, Role.VIEWER)
    assert unknown.value.metadata["resource"] == "user"
    with pytest.raises(InvalidArgument):
        await world.set_collaborator(OWNER, head.playlist_id, OWNER, Role.VIEWER)


@pytest.mark.parametrize("pair", [(OWNER, STRANGER), (STRANGER, OWNER)])
async def test_a_block_either_way_refuses(
    world: SharingWorld, head: Head, pair: tuple[str, str]
) -> None:
    world.store.blocks.add(pair)
    with pytest.raises(UserBlocked) as refused:
        await world.set_collaborator(OWNER, head.playlist_id, STRANGER, Role.VIEWER)
    assert refused.value.reason == "USER_BLOCKED"
    assert STRANGER not in await members_of(world.store, head.playlist_id)


async def test_a_block_that_begins_while_a_role_is_given_wins(
    world: SharingWorld, head: Head
) -> None:
    world.blocks.begins_after = (world.blocks.asked + 1, STRANGER, OWNER)
    with pytest.raises(UserBlocked):
        await world.set_collaborator(OWNER, head.playlist_id, STRANGER, Role.VIEWER)
    assert STRANGER not in await members_of(world.store, head.playlist_id)


async def test_a_hundred_collaborators_are_the_most_even_at_once(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER)
    users = [new_id() for _ in range(MOST_COLLABORATORS + 5)]
    answers = await asyncio.gather(
        *(world.set_collaborator(OWNER, head.playlist_id, user, Role.VIEWER) for user in users),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, Fault)]
    assert [one.reason for one in refused] == ["COLLECTION_FULL"] * 5
    assert refused[0].metadata == {"limit": "100"}
    roles = await members_of(world.store, head.playlist_id)
    assert len(roles) == MOST_COLLABORATORS + 1
    # Who is in already can still be given another role.
    in_it = next(user for user in users if user in roles)
    await world.set_collaborator(OWNER, head.playlist_id, in_it, Role.EDITOR)


async def test_a_collaborator_leaves_and_leaving_again_changes_nothing(
    world: SharingWorld, head: Head
) -> None:
    for _ in range(2):
        await world.remove_collaborator(VIEWER, head.playlist_id, VIEWER)
    for _ in range(2):
        await world.remove_collaborator(OWNER, head.playlist_id, EDITOR)
    assert await members_of(world.store, head.playlist_id) == {OWNER: Role.OWNER}
    await world.remove_collaborator(STRANGER, new_id(), STRANGER)


async def test_the_owner_cannot_leave(world: SharingWorld, head: Head) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        await world.remove_collaborator(OWNER, head.playlist_id, OWNER)
    assert "transfer" in refused.value.message


async def test_members_are_told_to_whoever_has_a_role(world: SharingWorld, head: Head) -> None:
    world.people.gone.add(VIEWER)
    for caller in (OWNER, EDITOR, VIEWER):
        told = await world.list_collaborators(caller, head.playlist_id)
        assert [member.user_id for member in told.head.members] == [EDITOR, VIEWER]
        assert told.names == {OWNER: f"u{OWNER}", EDITOR: f"u{EDITOR}"}


async def test_ownership_goes_to_a_collaborator_and_the_owner_becomes_an_editor(
    world: SharingWorld, head: Head
) -> None:
    world.clock.now_ms += 5_000
    for _ in range(2):
        shown = await world.transfer_ownership(OWNER, head.playlist_id, VIEWER)
        assert shown.owner_id == VIEWER
        assert shown.members == (
            Member(EDITOR, Role.EDITOR, NOW),
            Member(OWNER, Role.EDITOR, NOW + 5_000),
        )
    with pytest.raises(PermissionDenied):
        await world.transfer_ownership(OWNER, head.playlist_id, EDITOR)
    with pytest.raises(NotFound) as unknown:
        await world.transfer_ownership(VIEWER, head.playlist_id, STRANGER)
    assert unknown.value.metadata == {"resource": "collaborator", "id": STRANGER}


async def test_of_two_transfers_at_once_one_wins(world: SharingWorld, head: Head) -> None:
    answers = await asyncio.gather(
        world.transfer_ownership(OWNER, head.playlist_id, EDITOR),
        world.transfer_ownership(OWNER, head.playlist_id, VIEWER),
        return_exceptions=True,
    )
    (refused,) = [one for one in answers if isinstance(one, BaseException)]
    assert isinstance(refused, PermissionDenied)
    roles = await members_of(world.store, head.playlist_id)
    assert sorted(roles.values()) in (
        [Role.VIEWER, Role.EDITOR, Role.OWNER],
        [Role.EDITOR, Role.EDITOR, Role.OWNER],
    )


async def test_a_deleted_playlist_is_unknown_to_all(world: SharingWorld, head: Head) -> None:
    async def delete(writing: Writing) -> None:
        writing.change(replace(writing.head, deleted_at_ms=NOW))

    await held(world.store, head.playlist_id, delete)
    for call in (
        world.set_collaborator(OWNER, head.playlist_id, STRANGER, Role.VIEWER),
        world.remove_collaborator(OWNER, head.playlist_id, EDITOR),
        world.list_collaborators(OWNER, head.playlist_id),
        world.transfer_ownership(OWNER, head.playlist_id, EDITOR),
    ):
        with pytest.raises(NotFound):
            await call
