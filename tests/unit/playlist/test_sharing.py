"""Links open what they should, for as long as they should, to whom they should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from meshkit.faults import (
    FailedPrecondition,
    Fault,
    NotFound,
    PermissionDenied,
    RequestIdReused,
    ResourceExhausted,
)
from meshkit.idempotency import RequestKey
from meshkit.ulids import to_raw
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.order import Entry, Order
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.sharing import MOST_LINKS, Share, ShareInvalid, UserBlocked, new_code
from playlist_svc.ports.playlists import Writing
from tests.contracts.playlist.sharing_samples import NOW, a_playlist, held, new_id
from tests.contracts.playlist.sharing_world import SharingWorld, members_of

OWNER, GUEST = new_id(), new_id()
WEEK_MS = 7 * 86_400_000


@pytest.fixture
def world() -> SharingWorld:
    return SharingWorld()


async def change(world: SharingWorld, head: Head, what: Callable[[Head], Head]) -> None:
    async def do(writing: Writing) -> None:
        writing.change(what(writing.head))

    await held(world.store, head.playlist_id, do)


def a_key(body: bytes = b"same") -> RequestKey:
    return RequestKey(OWNER, "/CreateShare", "again", body)


def test_codes_are_22_letters_and_digits_and_never_the_same() -> None:
    codes = {new_code() for _ in range(2_000)}
    assert len(codes) == 2_000
    assert {len(code) for code in codes} == {22}
    assert set("".join(codes)) == set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    )


@pytest.mark.parametrize(
    ("role", "asked_s", "lasts_ms"),
    [
        (None, None, None),
        (None, 60, 60_000),
        (Role.VIEWER, None, WEEK_MS),
        (Role.EDITOR, 31_536_000, 31_536_000_000),
    ],
)
async def test_a_link_lasts_as_long_as_was_asked(
    world: SharingWorld, role: Role | None, asked_s: float | None, lasts_ms: int | None
) -> None:
    head = await a_playlist(world.store, OWNER)
    made = await world.link(OWNER, head.playlist_id, role, asked_s)
    assert made.share.expires_at_ms == (None if lasts_ms is None else NOW + lasts_ms)
    assert (made.share.role, made.share.created_by, made.made_by) == (role, OWNER, f"u{OWNER}")


async def test_the_code_is_told_once_and_kept_nowhere(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.LINK)
    made = await world.create_share(OWNER, head.playlist_id, None, None, a_key())
    again = await world.create_share(OWNER, head.playlist_id, None, None, a_key())
    assert (again.share, again.code) == (made.share, "")
    assert len(made.code) == 22
    kept = repr((vars(world.store), vars(world.store._answers), vars(world.shares), made))
    assert made.code not in kept
    assert (await world.preview_share("::1", made.code)).share == made.share
    with pytest.raises(RequestIdReused):
        await world.create_share(OWNER, head.playlist_id, None, None, a_key(b"other"))


async def test_only_the_owner_makes_lists_and_revokes_links(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    editor = new_id()
    await world.set_collaborator(OWNER, head.playlist_id, editor, Role.EDITOR)
    made = await world.link(OWNER, head.playlist_id)
    for caller in (editor, GUEST):
        for call in (
            world.link(caller, head.playlist_id),
            world.list_shares(caller, head.playlist_id, None, 5),
            world.revoke_share(caller, head.playlist_id, made.share.share_id),
        ):
            with pytest.raises(PermissionDenied):
                await call
    listed = await world.list_shares(OWNER, head.playlist_id, None, 5)
    assert (listed.found, listed.names) == ([made.share], {OWNER: f"u{OWNER}"})


async def test_a_playlist_has_a_hundred_links_in_force(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER)
    made = [await world.link(OWNER, head.playlist_id) for _ in range(MOST_LINKS)]
    with pytest.raises(FailedPrecondition) as full:
        await world.link(OWNER, head.playlist_id)
    assert full.value.reason == "COLLECTION_FULL"
    await world.revoke_share(OWNER, head.playlist_id, made[3].share.share_id)
    await world.link(OWNER, head.playlist_id)


async def test_an_unknown_link_cannot_be_revoked(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER)
    other = await a_playlist(world.store, OWNER)
    elsewhere = await world.link(OWNER, other.playlist_id)
    for share_id in (new_id(), elsewhere.share.share_id):
        with pytest.raises(NotFound) as unknown:
            await world.revoke_share(OWNER, head.playlist_id, share_id)
        assert unknown.value.metadata == {"resource": "share", "id": share_id}


async def test_a_preview_has_the_first_twenty_tracks(world: SharingWorld) -> None:
    entries = [Entry(to_raw(new_id()), to_raw(new_id()), to_raw(OWNER), 1_000) for _ in range(30)]
    head = await a_playlist(world.store, OWNER, Visibility.LINK, Order.of(entries))
    made = await world.link(OWNER, head.playlist_id)
    preview = await world.preview_share("::1", made.code)
    assert preview.entries == entries[:20]
    assert preview.names.people == {OWNER: f"u{OWNER}"}
    shown = preview.shown
    assert (shown.owner, shown.role, shown.followed) == (f"u{OWNER}", Role.STRANGER, False)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
@pytest.mark.parametrize("visibility", list(Visibility))
async def test_a_private_playlist_opens_to_invitations_alone(
    world: SharingWorld, role: Role | None, visibility: Visibility
) -> None:
    head = await a_playlist(world.store, OWNER, visibility)
    made = await world.link(OWNER, head.playlist_id, role)
    calls = [world.preview_share("::1", made.code), world.accept_share(GUEST, made.code)]
    if role is None and visibility is Visibility.PRIVATE:
        for call in calls:
            with pytest.raises(ShareInvalid):
                await call
        return
    preview, accepted = await calls[0], await calls[1]
    assert preview.shown.head.playlist_id == accepted.head.playlist_id == head.playlist_id


async def test_a_link_that_shows_follows_the_visibility(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.LINK)
    made = await world.link(OWNER, head.playlist_id)
    await world.preview_share("::1", made.code)
    await change(world, head, lambda held: replace(held, visibility=Visibility.PRIVATE))
    with pytest.raises(ShareInvalid):
        await world.preview_share("::1", made.code)
    await change(world, head, lambda held: replace(held, visibility=Visibility.LINK))
    await world.preview_share("::1", made.code)


def _expire(world: SharingWorld, share: Share) -> None:
    assert share.expires_at_ms is not None
    world.clock.now_ms = share.expires_at_ms


@pytest.mark.parametrize("role", [None, Role.EDITOR])
async def test_what_has_ended_opens_nothing_and_never_says_why(
    world: SharingWorld, role: Role | None
) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    expired = await world.link(OWNER, head.playlist_id, role, 60)
    revoked = await world.link(OWNER, head.playlist_id, role)
    gone = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    deleted = await world.link(OWNER, gone.playlist_id, role)
    world.clock.now_ms = NOW + 59_999
    for made in (expired, revoked, deleted):
        await world.preview_share("::1", made.code)
    _expire(world, expired.share)
    for _ in range(2):
        await world.revoke_share(OWNER, head.playlist_id, revoked.share.share_id)
    await change(world, gone, lambda held: replace(held, deleted_at_ms=NOW))
    told = set()
    for code in (expired.code, revoked.code, deleted.code, new_code(), "", "x" * 10_000, "\0ü"):
        for call in (world.preview_share("::1", code), world.accept_share(GUEST, code)):
            with pytest.raises(ShareInvalid) as refused:
                await call
            assert code == "" or code not in str(vars(refused.value))
            told.add((refused.value.reason, refused.value.message, str(refused.value.metadata)))
    assert len(told) == 1
    assert GUEST not in await members_of(world.store, head.playlist_id)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_an_invitation_gives_its_role_once(world: SharingWorld, role: Role) -> None:
    head = await a_playlist(world.store, OWNER)
    made = await world.link(OWNER, head.playlist_id, role)
    for _ in range(3):
        shown = await world.accept_share(GUEST, made.code)
        assert (shown.role, shown.owner) == (role, f"u{OWNER}")
    kept = await world.shares.get(made.share.share_id)
    assert kept is not None
    assert kept.accepted_count == 1


async def test_an_invitation_never_lowers_a_role(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER)
    editor = new_id()
    await world.set_collaborator(OWNER, head.playlist_id, editor, Role.EDITOR)
    made = await world.link(OWNER, head.playlist_id, Role.VIEWER)
    assert (await world.accept_share(editor, made.code)).role is Role.EDITOR
    assert (await world.accept_share(OWNER, made.code)).role is Role.OWNER
    kept = await world.shares.get(made.share.share_id)
    assert kept is not None
    assert kept.accepted_count == 0
    raising = await world.link(OWNER, head.playlist_id, Role.EDITOR)
    await world.accept_share(GUEST, made.code)
    assert (await world.accept_share(GUEST, raising.code)).role is Role.EDITOR


async def test_a_link_that_shows_makes_a_follower_who_sees_from_then_on(
    world: SharingWorld,
) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.LINK)
    made = await world.link(OWNER, head.playlist_id)
    assert not await world.access.sees(head, GUEST)
    for _ in range(2):
        shown = await world.accept_share(GUEST, made.code)
        assert (shown.role, shown.followed, shown.head.follower_count) == (Role.STRANGER, True, 1)
    await world.revoke_share(OWNER, head.playlist_id, made.share.share_id)
    assert await world.access.sees(head, GUEST)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
@pytest.mark.parametrize("pair", [(OWNER, GUEST), (GUEST, OWNER)])
@pytest.mark.parametrize("meanwhile", [False, True])
async def test_who_is_blocked_gets_nothing_by_a_link(
    world: SharingWorld, role: Role | None, pair: tuple[str, str], meanwhile: bool
) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    made = await world.link(OWNER, head.playlist_id, role)
    world.blocks.begins_after = (world.blocks.asked + meanwhile, *pair)
    with pytest.raises(UserBlocked):
        await world.accept_share(GUEST, made.code)
    assert GUEST not in await members_of(world.store, head.playlist_id)
    standing = await world.store.relation(head.playlist_id, OWNER, GUEST)
    assert not standing.follows


async def test_a_full_list_takes_no_more_by_invitations(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER)
    made = await world.link(OWNER, head.playlist_id, Role.VIEWER)
    guests = [new_id() for _ in range(103)]
    answers = await asyncio.gather(
        *(world.accept_share(guest, made.code) for guest in guests), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, Fault)]
    assert [one.reason for one in refused] == ["COLLECTION_FULL"] * 3
    kept = await world.shares.get(made.share.share_id)
    assert kept is not None
    assert kept.accepted_count == 100


async def test_an_invitation_that_ends_while_the_playlist_is_held_gives_nothing(
    world: SharingWorld,
) -> None:
    head = await a_playlist(world.store, OWNER)
    made = await world.link(OWNER, head.playlist_id, Role.VIEWER)
    inside, leaving = asyncio.Event(), asyncio.Event()

    async def hold(writing: Writing) -> None:
        inside.set()
        await leaving.wait()

    holding = asyncio.ensure_future(held(world.store, head.playlist_id, hold))
    await inside.wait()
    accepting = asyncio.ensure_future(world.accept_share(GUEST, made.code))
    for _ in range(20):
        await asyncio.sleep(0)
    _expire(world, made.share)
    leaving.set()
    await holding
    with pytest.raises(ShareInvalid):
        await accepting
    assert GUEST not in await members_of(world.store, head.playlist_id)


async def test_tries_are_bounded_by_address_and_by_user(world: SharingWorld) -> None:
    head = await a_playlist(world.store, OWNER, Visibility.PUBLIC)
    made = await world.link(OWNER, head.playlist_id)
    for _ in range(60):
        await world.preview_share("203.0.113.7", made.code)
    with pytest.raises(ResourceExhausted) as limited:
        await world.preview_share("203.0.113.7", made.code)
    assert (limited.value.reason, limited.value.retry_after_s) == ("LIMIT_REACHED", 60.0)
    await world.preview_share("203.0.113.8", made.code)
    for _ in range(30):
        with pytest.raises(ShareInvalid):
            await world.accept_share(GUEST, new_code())
    with pytest.raises(ResourceExhausted):
        await world.accept_share(GUEST, made.code)
    world.clock.now_ms += 60_000
    await world.preview_share("203.0.113.7", made.code)
    await world.accept_share(GUEST, made.code)
