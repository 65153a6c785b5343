"""PlaylistService over gRPC: playlists, and who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from segue.playlist.v1 import playlist_pb2 as pb

from playlist_svc.domain.access import Role
from tests.rpc.playlist.harness import UNKNOWN, Instance, User, World, refused


async def test_a_new_playlist_is_private_and_its_owners(ann: User, ben: User) -> None:
    made = await ann.call("CreatePlaylist", name="  Sunday ", description="slow")
    playlist = await ann.get(made.playlist_id)
    assert (playlist.title, playlist.description, playlist.owner) == ("Sunday", "slow", "ann")
    assert (playlist.visibility, playlist.is_public) == (pb.Playlist.PRIVATE, False)
    assert (playlist.role, playlist.track_count) == (pb.Collaborator.OWNER, 0)
    assert playlist.snapshot_id == made.snapshot_id
    assert playlist.created_at == made.created_at
    assert (await refused(ben.get(made.playlist_id))).reason == "NOT_FOUND"


async def test_creating_again_with_the_same_request_id_makes_one(ann: User) -> None:
    first = await ann.call("CreatePlaylist", name="One", request_id="r1")
    assert await ann.call("CreatePlaylist", name="One", request_id="r1") == first
    other = await refused(ann.call("CreatePlaylist", name="Two", request_id="r1"))
    assert other.reason == "REQUEST_ID_REUSED"
    assert len((await ann.call("ListPlaylists")).playlists) == 1


@pytest.mark.parametrize(
    "title",
    ["", "   ", "x" * 201, "x" * 1_000_000, "a\nb", "\u200d\u200b", "\u3164\u2800", "\u202e"],
    ids=["empty", "spaces", "long", "1 MB", "two lines", "zero-width", "fillers", "override"],
)
async def test_a_title_that_nobody_can_read_is_refused(ann: User, title: str) -> None:
    fault = await refused(ann.call("CreatePlaylist", name=title))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "name")


@pytest.mark.parametrize("title", ["x" * 200, "שלום עולם", "👩\u200d👩\u200d👧 mix", "नम\u200dस्ते"])
async def test_a_title_in_any_script_is_kept_as_it_is(ann: User, title: str) -> None:
    assert (await ann.get(await ann.made(name=title))).title == title


@pytest.mark.parametrize("text", ["x" * 2001, "a\0b"])
async def test_a_wrong_description_is_refused(ann: User, text: str) -> None:
    fault = await refused(ann.call("CreatePlaylist", name="A", description=text))
    assert fault.metadata["field"] == "description"


async def test_a_malformed_id_is_told_and_an_unknown_one_not_found(ann: User) -> None:
    assert (await refused(ann.get("no-id"))).metadata["field"] == "playlist_id"
    fault = await refused(ann.get(UNKNOWN))
    assert (fault.reason, fault.metadata["resource"]) == ("NOT_FOUND", "playlist")


async def test_everyone_sees_what_is_public_but_whom_the_owner_blocked(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("ab", public=True)
    assert (await ben.get(playlist_id)).role == pb.Collaborator.ROLE_UNSPECIFIED
    assert await ben.titles(playlist_id) == "ab"
    world.store.blocks.add((ann.user_id, ben.user_id))
    assert (await refused(ben.get(playlist_id))).reason == "NOT_FOUND"
    assert (await refused(ben.titles(playlist_id))).reason == "NOT_FOUND"


async def test_a_stranger_who_sees_may_not_edit_and_one_who_does_not_is_told_nothing(
    ann: User, ben: User
) -> None:
    public, private = await ann.made(public=True), await ann.made()
    assert (await refused(ben.add(public, "a"))).reason == "PERMISSION_DENIED"
    assert (await refused(ben.add(private, "a"))).reason == "NOT_FOUND"


async def test_a_link_shows_the_playlist_to_those_who_followed_it(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("a")
    await ann.update(playlist_id, visibility=pb.Playlist.LINK)
    assert (await refused(ben.get(playlist_id))).reason == "NOT_FOUND"
    await world.store.follow(playlist_id, ben.user_id, 1)
    assert (await ben.get(playlist_id)).followed
    assert await ben.titles(playlist_id) == "a"


async def test_roles_decide_who_edits_and_who_decides(ann: User, ben: User, world: World) -> None:
    playlist_id = await ann.made("a")
    await world.join(playlist_id, ben.user_id, Role.VIEWER)
    assert (await ben.get(playlist_id)).role == pb.Collaborator.VIEWER
    assert (await refused(ben.add(playlist_id, "b"))).reason == "PERMISSION_DENIED"
    await world.join(playlist_id, ben.user_id, Role.EDITOR)
    await ben.add(playlist_id, "b")
    await ben.update(playlist_id, title="Ours")
    public = ben.update(playlist_id, visibility=pb.Playlist.PUBLIC)
    assert (await refused(public)).reason == "PERMISSION_DENIED"
    gone = await refused(ben.call("DeletePlaylist", playlist_id=playlist_id))
    assert gone.reason == "PERMISSION_DENIED"
    assert (await ann.get(playlist_id)).title == "Ours"
    assert (await ann.get(playlist_id)).collaborator_count == 1


async def test_details_change_alone_and_leave_the_others(ann: User) -> None:
    playlist_id = await ann.made("a", name="Old", description="kept")
    answer = await ann.update(playlist_id, title="New")
    playlist = await ann.get(playlist_id)
    assert answer.playlist == playlist
    assert answer.snapshot_id == playlist.snapshot_id
    assert (playlist.title, playlist.description) == ("New", "kept")
    assert (await ann.history(playlist_id))[-1].summary == "renamed to 'New'"


async def test_visibility_makes_no_version(ann: User) -> None:
    playlist_id = await ann.made()
    before = await ann.get(playlist_id)
    answer = await ann.update(playlist_id, visibility=pb.Playlist.PUBLIC)
    assert answer.snapshot_id == before.snapshot_id
    assert answer.playlist.is_public


@pytest.mark.parametrize("name", ["title", "name"])
@pytest.mark.parametrize("public", ["is_public", "public"])
async def test_a_playlist_has_the_same_two_pairs_of_names_when_it_is_made_and_changed(
    ann: User, name: str, public: str
) -> None:
    made = await ann.call("CreatePlaylist", **{name: "One", public: True})
    playlist = await ann.get(made.playlist_id)
    assert (playlist.title, playlist.is_public) == ("One", True)
    answer = await ann.update(made.playlist_id, **{name: "Two", public: False})
    assert answer.playlist == await ann.get(made.playlist_id)
    assert (answer.playlist.title, answer.playlist.visibility) == ("Two", pb.Playlist.PRIVATE)
    assert not answer.playlist.HasField("name")
    assert not answer.playlist.HasField("public")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"title": "One", "name": "Two"}, "name"),
        ({"is_public": True, "public": False}, "public"),
        ({"is_public": True, "visibility": "LINK"}, "is_public"),
        ({"public": False, "visibility": "PUBLIC"}, "is_public"),
    ],
)
async def test_names_of_one_field_that_say_different_things_are_refused(
    ann: User, said: dict[str, Any], wrong: str
) -> None:
    new = await refused(ann.call("CreatePlaylist", **{"name": "One", **said}))
    assert (new.reason, new.metadata["field"]) == ("INVALID_FIELD", wrong)
    playlist_id = await ann.made()
    changed = await refused(ann.update(playlist_id, **said))
    assert (changed.reason, changed.metadata["field"]) == ("INVALID_FIELD", f"playlist.{wrong}")


async def test_what_is_not_public_already_keeps_its_link(ann: User) -> None:
    playlist_id = await ann.made(visibility="LINK")
    answer = await ann.update(playlist_id, public=False)
    assert (answer.playlist.visibility, answer.playlist.is_public) == (pb.Playlist.LINK, False)


@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR])
async def test_an_update_takes_what_the_read_answered_and_changes_nothing(
    ann: User, ben: User, world: World, role: Role
) -> None:
    playlist_id = await ann.made("a", name="Old", description="kept", public=True)
    if role is Role.EDITOR:
        await world.join(playlist_id, ben.user_id, role)
    user = ann if role is Role.OWNER else ben
    read = await user.get(playlist_id)
    answer = await user.call("UpdatePlaylist", playlist_id=playlist_id, playlist=read)
    assert (answer.snapshot_id, answer.playlist) == (read.snapshot_id, read)


async def test_what_was_read_and_changed_is_fitted_to_what_others_did_since(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("a", name="Old", description="kept")
    await world.join(playlist_id, ben.user_id, Role.EDITOR)
    read = await ann.get(playlist_id)
    await ben.update(playlist_id, description="better")
    await ben.add(playlist_id, "b")
    read.title, read.track_count, read.owner = "New", 7, "me"
    answer = await ann.call("UpdatePlaylist", playlist_id=playlist_id, playlist=read)
    shown = answer.playlist
    assert (shown.title, shown.description, shown.track_count) == ("New", "better", 2)
    assert shown.owner == "ann"


async def test_an_update_is_about_the_playlist_of_its_path(ann: User) -> None:
    one, other = await ann.made(), await ann.made()
    wanted = pb.Playlist(playlist_id=other, title="New")
    fault = await refused(ann.call("UpdatePlaylist", playlist_id=one, playlist=wanted))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "playlist.playlist_id")


async def test_a_rename_beside_a_description_and_an_append_all_stand(ann: User) -> None:
    playlist_id = await ann.made("a", name="Old")
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.update(playlist_id, title="New", snapshot_id=base, request_id="1")
    await ann.update(playlist_id, description="words", snapshot_id=base)
    await ann.add(playlist_id, "b", snapshot_id=base)
    playlist = await ann.get(playlist_id)
    assert (playlist.title, playlist.description) == ("New", "words")
    assert await ann.titles(playlist_id) == "ab"


async def test_two_renames_of_the_same_version_conflict(ann: User) -> None:
    playlist_id = await ann.made(name="Old")
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.update(playlist_id, title="Mine", snapshot_id=base)
    fault = await refused(ann.update(playlist_id, title="Yours", snapshot_id=base))
    assert fault.reason == "PLAYLIST_CONFLICT"
    assert fault.metadata == {
        "base_snapshot_id": base,
        "head_snapshot_id": (await ann.get(playlist_id)).snapshot_id,
        "conflict": "the title was changed",
        "diff": "renamed to 'Mine'",
    }


async def test_what_was_deleted_is_gone_until_it_is_recovered(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("ab", public=True)
    for _ in range(2):
        await ann.call("DeletePlaylist", playlist_id=playlist_id)
    assert (await refused(ann.get(playlist_id))).reason == "NOT_FOUND"
    assert (await refused(ann.add(playlist_id, "c"))).reason == "NOT_FOUND"
    other = await refused(ben.call("RecoverPlaylist", playlist_id=playlist_id))
    assert other.reason == "NOT_FOUND"
    assert (await refused(ben.call("DeletePlaylist", playlist_id=playlist_id))).reason == (
        "NOT_FOUND"
    )
    deleted = (await ann.call("ListPlaylists", kind="DELETED")).playlists
    assert [one.playlist_id for one in deleted] == [playlist_id]
    assert deleted[0].HasField("deleted_at")
    for _ in range(2):
        answer = await ann.call("RecoverPlaylist", playlist_id=playlist_id)
        assert not answer.playlist.HasField("deleted_at")
    assert await ben.titles(playlist_id) == "ab"


async def test_lists_page_by_falling_time_and_end(ann: User) -> None:
    made = [await ann.made(name=f"List {number}") for number in range(5)]
    found: list[str] = []
    token = ""
    while True:
        page = await ann.call("ListPlaylists", page_size=2, page_token=token)
        found += [one.playlist_id for one in page.playlists]
        token = page.next_page_token
        if not token:
            break
    assert sorted(found) == sorted(made)
    newest_first = [one.created_at.ToMilliseconds() for one in page.playlists]
    assert newest_first == sorted(newest_first, reverse=True)


async def test_lists_tell_what_is_owned_followed_and_shared(
    ann: User, ben: User, world: World
) -> None:
    shared, public = await ann.made(), await ann.made(public=True)
    await world.join(shared, ben.user_id, Role.EDITOR)
    await ben.call("FollowPlaylist", playlist_id=public)
    followed = (await ben.call("ListPlaylists", kind="FOLLOWED")).playlists
    assert [(one.playlist_id, one.followed, one.owner) for one in followed] == [
        (public, True, "ann")
    ]
    in_common = (await ben.call("ListPlaylists", kind="SHARED")).playlists
    assert [(one.playlist_id, one.role, one.followed) for one in in_common] == [
        (shared, pb.Collaborator.EDITOR, False)
    ]
    assert not (await ben.call("ListPlaylists", kind="OWNED")).playlists


async def test_a_user_shows_others_what_is_public(ann: User, ben: User, world: World) -> None:
    await ann.made()
    public = await ann.made(public=True)
    found = (await ben.call("ListUserPlaylists", user_id=ann.user_id)).playlists
    assert [one.playlist_id for one in found] == [public]
    unknown = await refused(ben.call("ListUserPlaylists", user_id=UNKNOWN))
    assert (unknown.reason, unknown.metadata["resource"]) == ("NOT_FOUND", "user")
    world.store.blocks.add((ann.user_id, ben.user_id))
    blocked = await refused(ben.call("ListUserPlaylists", user_id=ann.user_id))
    assert (blocked.reason, blocked.metadata) == (
        "NOT_FOUND",
        {"resource": "user", "id": ann.user_id},
    )


async def test_following_counts_each_user_once(ann: User, ben: User) -> None:
    playlist_id = await ann.made(public=True)
    for _ in range(2):
        answer = await ben.call("FollowPlaylist", playlist_id=playlist_id)
        assert answer.follower_count == 1
    assert (await ben.get(playlist_id)).followed
    assert not (await ann.get(playlist_id)).followed
    assert (await ann.get(playlist_id)).follower_count == 1
    for _ in range(2):
        await ben.call("UnfollowPlaylist", playlist_id=playlist_id)
    assert (await ann.get(playlist_id)).follower_count == 0
    await ben.call("UnfollowPlaylist", playlist_id=UNKNOWN)
    wrong = await refused(ben.call("UnfollowPlaylist", playlist_id="?"))
    assert wrong.metadata["field"] == "playlist_id"


async def test_a_private_playlist_cannot_be_followed_by_strangers(ann: User, ben: User) -> None:
    playlist_id = await ann.made()
    fault = await refused(ben.call("FollowPlaylist", playlist_id=playlist_id))
    assert fault.reason == "NOT_FOUND"


@pytest.mark.parametrize("method", ["ListPlaylists", "ListUserPlaylists"])
async def test_a_page_token_of_another_list_is_refused(ann: User, method: str) -> None:
    for _ in range(2):
        await ann.made(public=True)
    token = (await ann.call("ListPlaylists", page_size=1, kind="OWNED")).next_page_token
    fields = {"user_id": ann.user_id} if method == "ListUserPlaylists" else {"kind": "SHARED"}
    fault = await refused(ann.call(method, page_size=1, page_token=token, **fields))
    assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_reads_do_without_the_cache(ann: User, ben: User, world: World) -> None:
    playlist_id = await ann.made("a", public=True)
    world.cache.away = True
    assert (await ben.get(playlist_id)).track_count == 1
    await ann.add(playlist_id, "b")
    assert await ben.titles(playlist_id) == "ab"


async def test_a_call_without_a_token_is_refused(instance: Instance, ann: User) -> None:
    playlist_id = await ann.made(public=True)
    ann.metadata = ()
    assert (await refused(ann.get(playlist_id))).reason == "TOKEN_MISSING"
