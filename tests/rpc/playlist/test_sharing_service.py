"""Collaborators and links on the wire, and races between instances on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from segue.identity.v1.person_pb2 import Person
from segue.playlist.v1 import playlist_pb2

from meshkit.faults import Fault, InvalidArgument, NotFound, ResourceExhausted
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.domain.sharing import new_code
from playlist_svc.schema import SCHEMA
from tests.rpc.playlist.sharing_harness import Instance, Shared, an_instance

Roles = playlist_pb2.Collaborator
SHARING = "SharingService"


@pytest.fixture
async def pair(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[list[Instance]]:
    """Two instances, each with a store of its own."""
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        shared = Shared.of(dsn, tls)
        async with an_instance(shared) as one, an_instance(shared) as other:
            yield [one, other]


@pytest.fixture
def one(pair: list[Instance]) -> Instance:
    return pair[0]


async def a_list(instance: Instance, owner: str, visibility: str = "PRIVATE") -> str:
    made = await instance.call("PlaylistService/CreatePlaylist", owner, name="Sunday")
    fields = {"playlist_id": made.playlist_id, "playlist": {"visibility": visibility}}
    await instance.call("PlaylistService/UpdatePlaylist", owner, **fields)
    return str(made.playlist_id)


async def a_link(instance: Instance, owner: str, playlist_id: str, **fields: Any) -> Any:
    return await instance.call(f"{SHARING}/CreateShare", owner, playlist_id=playlist_id, **fields)


async def collaborators(instance: Instance, caller: str, playlist_id: str) -> dict[str, int]:
    answer = await instance.call(f"{SHARING}/ListCollaborators", caller, playlist_id=playlist_id)
    return {one.user.user_id: one.role for one in answer.collaborators}


async def reason_of(call: Any) -> str:
    """ "" for an answer, else the reason of the refusal."""
    try:
        await call
    except Fault as fault:
        return fault.reason
    return ""


async def test_roles_are_given_changed_listed_and_taken(one: Instance) -> None:
    owner, first, second = new_id(), new_id(), new_id()
    playlist_id = await a_list(one, owner)
    for user, role in ((first, "VIEWER"), (second, "EDITOR"), (first, "EDITOR")):
        fields = {"playlist_id": playlist_id, "user_id": user, "role": role}
        answer = await one.call(f"{SHARING}/SetCollaborator", owner, **fields)
        assert (answer.collaborator.user.user_id, answer.collaborator.user.username) == (
            user,
            f"u{user}",
        )
        assert answer.collaborator.role == Roles.Role.Value(role)
    listed = await one.call(f"{SHARING}/ListCollaborators", first, playlist_id=playlist_id)
    assert [(who.user.user_id, who.role, who.user.username) for who in listed.collaborators] == [
        (owner, Roles.OWNER, f"u{owner}"),
        (first, Roles.EDITOR, f"u{first}"),
        (second, Roles.EDITOR, f"u{second}"),
    ]
    times = [who.since.ToMilliseconds() for who in listed.collaborators]
    assert times == sorted(times)
    fields = {"playlist_id": playlist_id, "user_id": second}
    await one.call(f"{SHARING}/RemoveCollaborator", owner, **fields)
    assert (
        await reason_of(one.call("PlaylistService/GetPlaylist", second, playlist_id=playlist_id))
        == "NOT_FOUND"
    )


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("SetCollaborator", {"role": "OWNER"}, "role"),
        ("SetCollaborator", {}, "role"),
        ("SetCollaborator", {"role": 17}, "role"),
        ("SetCollaborator", {"role": "VIEWER", "user_id": "nobody"}, "user_id"),
        ("SetCollaborator", {"role": "VIEWER", "playlist_id": "x" * 26}, "playlist_id"),
        ("RemoveCollaborator", {"user_id": ""}, "user_id"),
        ("TransferOwnership", {"user_id": "é" * 26}, "user_id"),
        ("CreateShare", {"role": "OWNER"}, "role"),
        ("CreateShare", {"expires_in": Duration(seconds=59, nanos=999_999_999)}, "expires_in"),
        (
            "CreateShare",
            {"expires_in": Duration(seconds=31_536_000, nanos=1_000_000)},
            "expires_in",
        ),
        ("CreateShare", {"request_id": "two words"}, "request_id"),
        ("ListShares", {"page_size": -1}, "page_size"),
        ("ListShares", {"page_token": "forged"}, "page_token"),
        ("RevokeShare", {"share_id": "'; --"}, "share_id"),
    ],
)
async def test_wrong_fields_are_named(
    one: Instance, method: str, fields: dict[str, Any], field: str
) -> None:
    owner = new_id()
    whole = {"playlist_id": await a_list(one, owner), **fields}
    if "Collaborator" in method or "Ownership" in method:
        whole.setdefault("user_id", new_id())
    with pytest.raises(InvalidArgument) as wrong:
        await one.call(f"{SHARING}/{method}", owner, **whole)
    assert wrong.value.metadata["field"] == field


async def test_ownership_is_handed_on(one: Instance) -> None:
    owner, heir = new_id(), new_id()
    playlist_id = await a_list(one, owner)
    fields = {"playlist_id": playlist_id, "user_id": heir}
    with pytest.raises(NotFound):
        await one.call(f"{SHARING}/TransferOwnership", owner, **fields)
    await one.call(f"{SHARING}/SetCollaborator", owner, role="VIEWER", **fields)
    for _ in range(2):
        answer = await one.call(f"{SHARING}/TransferOwnership", owner, **fields)
        assert (answer.playlist.owner_id, answer.playlist.role) == (heir, Roles.EDITOR)
    owned = await one.call("PlaylistService/ListPlaylists", heir, kind="OWNED")
    assert [found.playlist_id for found in owned.playlists] == [playlist_id]
    shared = await one.call("PlaylistService/ListPlaylists", owner, kind="SHARED")
    assert [found.playlist_id for found in shared.playlists] == [playlist_id]


async def test_a_link_tells_its_code_once(one: Instance) -> None:
    owner = new_id()
    playlist_id = await a_list(one, owner, "LINK")
    made = await a_link(one, owner, playlist_id, request_id="r1")
    assert made.path == f"/s/{made.code}"
    assert len(made.code) == 22
    assert made.share.created_by == Person(user_id=owner, username=f"u{owner}")
    again = await a_link(one, owner, playlist_id, request_id="r1")
    assert (again.share, again.code, again.path) == (made.share, "", "")
    assert (
        await reason_of(
            a_link(one, owner, playlist_id, request_id="r1", expires_in=Duration(seconds=60))
        )
        == "REQUEST_ID_REUSED"
    )


async def test_links_are_listed_in_pages_the_newest_first(one: Instance) -> None:
    owner = new_id()
    playlist_id = await a_list(one, owner)
    made = [(await a_link(one, owner, playlist_id)).share.share_id for _ in range(5)]
    listed: list[str] = []
    token = ""
    while True:
        fields = {"playlist_id": playlist_id, "page_size": 2, "page_token": token}
        page = await one.call(f"{SHARING}/ListShares", owner, **fields)
        listed += [share.share_id for share in page.shares]
        token = page.next_page_token
        if not token:
            break
    assert listed == made[::-1]
    other = await a_list(one, owner)
    first = await one.call(f"{SHARING}/ListShares", owner, playlist_id=playlist_id, page_size=2)
    fields = {"playlist_id": other, "page_size": 2, "page_token": first.next_page_token}
    assert await reason_of(one.call(f"{SHARING}/ListShares", owner, **fields)) == (
        "PAGE_TOKEN_INVALID"
    )


async def test_a_preview_needs_no_token_and_shows_twenty_tracks(one: Instance) -> None:
    owner = new_id()
    playlist_id = await a_list(one, owner, "LINK")
    track_ids = [new_id() for _ in range(25)]
    fields = {"playlist_id": playlist_id, "track_ids": track_ids}
    await one.call("PlaylistService/AddTracks", owner, **fields)
    link = await a_link(one, owner, playlist_id, expires_in=Duration(seconds=3_600))
    preview = await one.call(f"{SHARING}/PreviewShare", None, code=link.code)
    assert [track.id for track in preview.tracks] == track_ids[:20]
    assert [track.position for track in preview.tracks] == list(range(20))
    assert preview.tracks[0].title == f"T{track_ids[0]}"
    assert (preview.playlist.title, preview.playlist.track_count) == ("Sunday", 25)
    assert {(track.added_by, track.added_by_id) for track in preview.tracks} == {("", "")}
    seen = await one.call("PlaylistService/ListTracks", owner, playlist_id=playlist_id)
    assert {(track.added_by, track.added_by_id) for track in seen.tracks} == {(f"u{owner}", owner)}
    assert (preview.playlist.role, preview.playlist.followed) == (Roles.ROLE_UNSPECIFIED, False)
    assert (preview.role, preview.expires_at) == (Roles.ROLE_UNSPECIFIED, link.share.expires_at)


async def test_addresses_are_bounded_and_told_when_to_come_back(one: Instance) -> None:
    owner = new_id()
    link = await a_link(one, owner, await a_list(one, owner, "PUBLIC"))

    async def preview(address: str, code: str = link.code) -> str:
        call = one.call(f"{SHARING}/PreviewShare", None, address=address, code=code)
        return await reason_of(call)

    for number in range(30):
        assert await preview(f"2001:db8:1:2::{number:x}", new_code()) == "SHARE_INVALID"
    with pytest.raises(ResourceExhausted) as limited:
        await one.call(
            f"{SHARING}/PreviewShare", None, address="2001:db8:1:2:ffff::", code=link.code
        )
    assert limited.value.reason == "LIMIT_REACHED"
    assert limited.value.retry_after_s is not None
    assert 0 < limited.value.retry_after_s <= 60
    assert await preview("2001:db8:1:3::1") == ""
    assert await preview("198.51.100.7") == ""


async def test_a_code_stands_in_no_refusal_and_no_log(
    one: Instance, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    owner, guest = new_id(), new_id()
    playlist_id = await a_list(one, owner)
    link = await a_link(one, owner, playlist_id, role="VIEWER")
    fields = {"playlist_id": playlist_id, "share_id": link.share.share_id}
    await one.call(f"{SHARING}/RevokeShare", owner, **fields)
    for method, caller in (("PreviewShare", None), ("AcceptShare", guest)):
        with pytest.raises(NotFound) as refused:
            await one.call(f"{SHARING}/{method}", caller, code=link.code)
        assert link.code not in f"{refused.value.message}{refused.value.metadata}"
    told = capfd.readouterr()
    assert link.code not in told.out + told.err + caplog.text


async def test_an_invitation_works_through_any_instance(pair: list[Instance]) -> None:
    one, other = pair
    owner, guest = new_id(), new_id()
    playlist_id = await a_list(one, owner)
    link = await a_link(one, owner, playlist_id, role="EDITOR")
    for instance in (other, one, other):
        answer = await instance.call(f"{SHARING}/AcceptShare", guest, code=link.code)
        assert answer.playlist.role == Roles.EDITOR
    assert (await collaborators(one, guest, playlist_id))[guest] == Roles.EDITOR
    listed = await other.call(f"{SHARING}/ListShares", owner, playlist_id=playlist_id)
    assert [share.accepted_count for share in listed.shares] == [1]
    assert link.code not in str(listed)


@pytest.mark.parametrize("who", ["owner", "guest"])
async def test_who_was_removed_or_left_does_not_come_back_by_the_same_link(
    pair: list[Instance], who: str
) -> None:
    one, other = pair
    owner, guest = new_id(), new_id()
    playlist_id = await a_list(one, owner)
    link = await a_link(one, owner, playlist_id, role="EDITOR")
    await one.call(f"{SHARING}/AcceptShare", guest, code=link.code)
    fields = {"playlist_id": playlist_id, "user_id": guest}
    remover = owner if who == "owner" else guest
    await other.call(f"{SHARING}/RemoveCollaborator", remover, **fields)
    for instance in pair:
        back = instance.call(f"{SHARING}/AcceptShare", guest, code=link.code)
        assert await reason_of(back) == "SHARE_INVALID"
    assert guest not in await collaborators(one, owner, playlist_id)
    another = await a_link(one, owner, playlist_id, role="VIEWER")
    await one.call(f"{SHARING}/AcceptShare", guest, code=another.code)
    assert (await collaborators(one, owner, playlist_id))[guest] == Roles.VIEWER


async def test_a_link_that_shows_makes_followers_who_keep_seeing(one: Instance) -> None:
    owner, guest = new_id(), new_id()
    playlist_id = await a_list(one, owner, "LINK")
    link = await a_link(one, owner, playlist_id)
    answer = await one.call(f"{SHARING}/AcceptShare", guest, code=link.code)
    assert (answer.playlist.followed, answer.playlist.follower_count) == (True, 1)
    fields = {"playlist_id": playlist_id, "share_id": link.share.share_id}
    await one.call(f"{SHARING}/RevokeShare", owner, **fields)
    await one.call("PlaylistService/GetPlaylist", guest, playlist_id=playlist_id)


@pytest.mark.parametrize("role", ["ROLE_UNSPECIFIED", "EDITOR"])
async def test_a_link_gives_the_owner_nothing(one: Instance, role: str) -> None:
    owner = new_id()
    playlist_id = await a_list(one, owner, "LINK")
    link = await a_link(one, owner, playlist_id, role=role)
    before = await one.call("PlaylistService/GetPlaylist", owner, playlist_id=playlist_id)
    answer = await one.call(f"{SHARING}/AcceptShare", owner, code=link.code)
    assert answer.playlist == before.playlist
    assert (answer.playlist.role, answer.playlist.follower_count) == (Roles.OWNER, 0)
    followed = await one.call("PlaylistService/ListPlaylists", owner, kind="FOLLOWED")
    assert list(followed.playlists) == []
    shares = await one.call(f"{SHARING}/ListShares", owner, playlist_id=playlist_id)
    assert [share.accepted_count for share in shares.shares] == [0]


async def test_nobody_comes_in_after_a_revocation_was_acknowledged(pair: list[Instance]) -> None:
    one, other = pair
    owner = new_id()
    playlist_id = await a_list(one, owner)
    link = await a_link(one, owner, playlist_id, role="VIEWER")
    revoked = asyncio.Event()

    async def accept(instance: Instance) -> tuple[bool, str, str]:
        guest = new_id()
        late = revoked.is_set()
        call = instance.call(f"{SHARING}/AcceptShare", guest, code=link.code)
        return late, await reason_of(call), guest

    async def keep_accepting(instance: Instance) -> list[tuple[bool, str, str]]:
        tried: list[tuple[bool, str, str]] = []
        while sum(late for late, _, _ in tried) < 3:
            tried.append(await accept(instance))
        return tried

    accepting = [
        asyncio.ensure_future(keep_accepting(instance)) for instance in (one, other, one, other)
    ]
    await accept(one)
    fields = {"playlist_id": playlist_id, "share_id": link.share.share_id}
    await other.call(f"{SHARING}/RevokeShare", owner, **fields)
    revoked.set()
    tried = [each for many in await asyncio.gather(*accepting) for each in many]
    assert {reason for late, reason, _ in tried if late} == {"SHARE_INVALID"}
    assert {reason for _, reason, _ in tried} <= {"", "SHARE_INVALID"}
    listed = await one.call(f"{SHARING}/ListShares", owner, playlist_id=playlist_id)
    members = set(await collaborators(one, owner, playlist_id)) - {owner}
    assert {guest for _, reason, guest in tried if reason == ""} <= members
    assert not members & {guest for _, reason, guest in tried if reason}
    assert [share.accepted_count for share in listed.shares] == [len(members)]


async def test_the_last_place_goes_to_one_of_many(pair: list[Instance]) -> None:
    owner = new_id()
    playlist_id = await a_list(pair[0], owner)
    link = await a_link(pair[0], owner, playlist_id, role="VIEWER")

    async def accept(number: int) -> str:
        call = pair[number % 2].call(f"{SHARING}/AcceptShare", new_id(), code=link.code)
        return await reason_of(call)

    reasons = [
        reason
        for start in range(0, 104, 8)
        for reason in await asyncio.gather(*map(accept, range(start, start + 8)))
    ]
    assert sorted(reasons) == [""] * 100 + ["COLLECTION_FULL"] * 4
    assert len(await collaborators(pair[0], owner, playlist_id)) == 101


async def test_of_one_request_made_at_once_one_link_comes(pair: list[Instance]) -> None:
    owner = new_id()
    playlist_id = await a_list(pair[0], owner)
    answers = await asyncio.gather(
        *(a_link(pair[number % 2], owner, playlist_id, request_id="same") for number in range(6))
    )
    assert len({answer.share.share_id for answer in answers}) == 1
    assert [len(answer.code) for answer in answers if answer.code] == [22]
    listed = await pair[0].call(f"{SHARING}/ListShares", owner, playlist_id=playlist_id)
    assert len(listed.shares) == 1


async def test_accepting_and_blocking_at_once_leaves_nobody_in(pair: list[Instance]) -> None:
    one, other = pair
    for role in ("VIEWER", "ROLE_UNSPECIFIED"):
        owner, guest = new_id(), new_id()
        playlist_id = await a_list(one, owner, "PUBLIC")
        link = await a_link(one, owner, playlist_id, role=role)
        reason, _ = await asyncio.gather(
            reason_of(one.call(f"{SHARING}/AcceptShare", guest, code=link.code)),
            other.call("SocialService/BlockUser", owner, user_id=guest),
        )
        assert reason in ("", "USER_BLOCKED")
        assert guest not in await collaborators(one, owner, playlist_id)
        standing = await one.parts.store.relation(playlist_id, owner, guest)
        assert not standing.follows


async def test_accepting_while_one_becomes_the_owner_leaves_nobody_following_their_own(
    pair: list[Instance],
) -> None:
    one, other = pair
    for _ in range(10):
        owner, heir = new_id(), new_id()
        playlist_id = await a_list(one, owner, "LINK")
        link = await a_link(one, owner, playlist_id)
        fields = {"playlist_id": playlist_id, "user_id": heir}
        await one.call(f"{SHARING}/SetCollaborator", owner, role="VIEWER", **fields)
        await asyncio.gather(
            one.call(f"{SHARING}/AcceptShare", heir, code=link.code),
            other.call(f"{SHARING}/TransferOwnership", owner, **fields),
        )
        found = await one.parts.store.head(playlist_id)
        assert found is not None
        assert (found.owner_id, found.follower_count) == (heir, 0)
