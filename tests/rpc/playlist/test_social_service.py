"""SocialService through a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from segue.identity.v1.person_pb2 import Person
from segue.playlist.v1 import social_service_pb2 as pb

from meshkit.clock import now_ms
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Member
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_replica import ArtistChange
from playlist_svc.ports.playlists import Writing
from tests.contracts.playlist.sharing_samples import NOW, a_playlist, held
from tests.rpc.playlist.harness import refused
from tests.rpc.playlist.social_harness import (
    MOST,
    Scene,
    User,
    a_scene,
    pages,
)

USER, ARTIST = pb.Connection.USER, pb.Connection.ARTIST
EVERYONE, FRIENDS, NOBODY = pb.Audience.EVERYONE, pb.Audience.FRIENDS, pb.Audience.NOBODY


@pytest.fixture
async def scene(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Scene]:
    async with a_scene(postgres_server, tls) as scene:
        yield scene


async def follow(user: User, *others: User) -> None:
    await user.social("Follow", user_ids=[one.user_id for one in others])


async def block(user: User, other: User) -> None:
    await user.social("BlockUser", user_id=other.user_id)


def whom(one: pb.Connection) -> tuple[str, str, str]:
    """Whether it is a user or an artist, the id and the name."""
    if one.WhichOneof("who") == "artist":
        return "artist", one.artist.id, one.artist.name
    return "user", one.user.user_id, one.user.username


async def test_followed_and_blocked_artists_are_shown_as_they_are_called_today(
    scene: Scene,
) -> None:
    ada, (renamed, other) = scene.user("ada"), scene.new_artists(2)
    await ada.social("Follow", artist_ids=[renamed, other])
    await ada.social("BlockArtist", artist_id=renamed)
    await scene.catalogue.apply([ArtistChange(2, Artist(renamed, "The Bora"))], "t")
    following = (await ada.social("ListFollowing")).following
    assert {one.artist.id: one.artist.name for one in following} == {
        renamed: "The Bora",
        other: "The Föhn",
    }
    (blocked,) = (await ada.social("ListBlockedArtists")).blocks
    assert (blocked.artist.id, blocked.artist.name) == (renamed, "The Bora")


async def test_people_and_artists_are_followed_listed_and_unfollowed(scene: Scene) -> None:
    ada, ben, cleo = scene.user("ada"), scene.user("ben"), scene.user("cleo")
    artists = scene.new_artists(2)
    before = now_ms()
    people = [ben.user_id, cleo.user_id, ben.user_id]
    answer = await ada.social("Follow", user_ids=people, artist_ids=artists)
    assert answer.followed_count == 4
    answer = await ada.social("Follow", user_ids=people, artist_ids=artists)
    assert answer.followed_count == 0
    await follow(ben, ada)
    found = await pages(partial(ada.social, "ListFollowing"), "following")
    assert {(*whom(one), one.mutual) for one in found} == {
        ("user", ben.user_id, "ben", True),
        ("user", cleo.user_id, "cleo", False),
        ("artist", artists[0], "The Föhn", False),
        ("artist", artists[1], "The Föhn", False),
    }
    assert all(before <= one.since.ToMilliseconds() <= now_ms() for one in found)
    for kind, count in ((USER, 2), (ARTIST, 2), (0, 4)):
        answer = await ada.social("ListFollowing", kind=kind)
        assert (len(answer.following), answer.total_count) == (count, count)
    (fan,) = (await cleo.social("ListFollowers")).followers
    assert (*whom(fan), fan.mutual) == ("user", ada.user_id, "ada", False)
    gone: dict[str, Any] = {"user_ids": [cleo.user_id, new_id()], "artist_ids": artists[:1]}
    assert (await ada.social("Unfollow", **gone)).unfollowed_count == 2
    assert (await ada.social("Unfollow", **gone)).unfollowed_count == 0
    assert (await ada.social("ListFollowing")).total_count == 2
    assert (await cleo.social("ListFollowers")).total_count == 0


async def test_a_call_that_names_nobody_does_nothing(scene: Scene) -> None:
    ada = scene.user()
    assert (await ada.social("Follow")).followed_count == 0
    assert (await ada.social("Unfollow")).unfollowed_count == 0


async def test_who_does_not_exist_is_named_and_nobody_is_followed(scene: Scene) -> None:
    ada, ben, missing = scene.user(), scene.user(), new_id()
    (artist,) = scene.new_artists(1)
    for people, artists, resource in (
        ([ben.user_id, missing], [artist], "user"),
        ([ben.user_id], [artist, missing], "artist"),
    ):
        fault = await refused(ada.social("Follow", user_ids=people, artist_ids=artists))
        assert fault.code == "NOT_FOUND"
        assert fault.metadata == {"resource": resource, "id": missing}
    assert (await ada.social("ListFollowing")).total_count == 0


async def test_more_than_can_be_followed_is_refused_with_the_limit(scene: Scene) -> None:
    ada = scene.user()
    await ada.social("Follow", artist_ids=scene.new_artists(500))
    fault = await refused(ada.social("Follow", artist_ids=scene.new_artists(101)))
    assert (fault.code, fault.reason) == ("FAILED_PRECONDITION", "COLLECTION_FULL")
    assert fault.metadata == {"limit": str(MOST)}
    assert (await ada.social("ListFollowing")).total_count == 500


@pytest.mark.parametrize(
    ("method", "fields", "wrong"),
    [
        ("Follow", {"user_ids": [new_id()] * 501}, "user_ids"),
        ("Follow", {"artist_ids": [new_id()] * 501}, "artist_ids"),
        ("Follow", {"user_ids": [new_id(), "me"]}, "user_ids[1]"),
        ("Follow", {"artist_ids": [new_id().lower()]}, "artist_ids[0]"),
        ("Unfollow", {"user_ids": [new_id()] * 501}, "user_ids"),
        ("Unfollow", {"artist_ids": [new_id()] * 501}, "artist_ids"),
        ("Unfollow", {"user_ids": ["8" + new_id()[1:]]}, "user_ids[0]"),
        ("Unfollow", {"artist_ids": [""]}, "artist_ids[0]"),
        ("ListFollowing", {"kind": 7}, "kind"),
        ("ListFollowing", {"page_size": -1}, "page_size"),
        ("ListFollowers", {"page_size": -1}, "page_size"),
        ("ListUserFollowing", {"user_id": "x"}, "user_id"),
        ("ListUserFollowing", {"user_id": new_id(), "kind": -1}, "kind"),
        ("ListUserFollowers", {"user_id": ""}, "user_id"),
        ("GetRelation", {"user_id": "\u200b" * 26}, "user_id"),
        ("BlockUser", {"user_id": "A" * 1_000_000}, "user_id"),
        ("UnblockUser", {"user_id": "me"}, "user_id"),
        ("ListBlocks", {"page_size": -1}, "page_size"),
        ("UpdatePrivacy", {"audience": pb.Audience(following=9)}, "audience.following"),  # type: ignore[arg-type]
        ("UpdatePrivacy", {"audience": pb.Audience(followers=-1)}, "audience.followers"),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_field_is_named(
    scene: Scene, method: str, fields: dict[str, Any], wrong: str
) -> None:
    fault = await refused(scene.user().social(method, **fields))
    assert (fault.code, fault.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert fault.metadata["field"] == wrong
    assert len(fault.message) < 200


async def test_nobody_follows_or_blocks_oneself(scene: Scene) -> None:
    ada, ben = scene.user(), scene.user()
    fault = await refused(ada.social("Follow", user_ids=[ben.user_id, ada.user_id]))
    assert fault.metadata == {"field": "user_ids"}
    fault = await refused(ada.social("BlockUser", user_id=ada.user_id))
    assert fault.metadata == {"field": "user_id"}
    assert (await ada.social("ListFollowing")).total_count == 0
    await ada.social("Unfollow", user_ids=[ada.user_id])
    await ada.social("UnblockUser", user_id=ada.user_id)


@pytest.mark.parametrize(
    "method", ["GetRelation", "ListUserFollowing", "ListUserFollowers", "BlockUser"]
)
async def test_an_unknown_user_is_not_found(scene: Scene, method: str) -> None:
    missing = new_id()
    fault = await refused(scene.user().social(method, user_id=missing))
    assert fault.code == "NOT_FOUND"
    assert fault.metadata == {"resource": "user", "id": missing}


async def test_a_relation_says_how_two_stand_to_each_other(scene: Scene) -> None:
    ada, ben, cleo = scene.user("ada"), scene.user("ben"), scene.user("cleo")
    await follow(ada, ben)
    await ben.social("Follow", user_ids=[cleo.user_id], artist_ids=scene.new_artists(2))
    found = await ada.social("GetRelation", user_id=ben.user_id)
    assert found == pb.GetRelationResponse(
        user=Person(user_id=ben.user_id, username="ben"),
        following=True,
        follower_count=1,
        following_count=3,
    )
    await follow(ben, ada)
    found = await ada.social("GetRelation", user_id=ben.user_id)
    assert (found.followed_by, found.mutual, found.following_count) == (True, True, 4)
    await block(ada, ben)
    found = await ada.social("GetRelation", user_id=ben.user_id)
    assert (found.blocking, found.following, found.followed_by, found.mutual) == (
        True,
        False,
        False,
        False,
    )
    assert (found.follower_count, found.following_count) == (0, 3)


async def test_a_blocked_user_finds_nothing_of_who_blocked_them(scene: Scene) -> None:
    ada, ben, cleo = scene.user(), scene.user(), scene.user()
    await follow(cleo, ada)
    await follow(ada, cleo)
    await follow(ben, ada)
    await block(ada, ben)
    missing = await refused(ben.social("GetRelation", user_id=new_id()))
    for method, fields in (
        ("GetRelation", {"user_id": ada.user_id}),
        ("ListUserFollowing", {"user_id": ada.user_id}),
        ("ListUserFollowers", {"user_id": ada.user_id}),
        ("Follow", {"user_ids": [cleo.user_id, ada.user_id]}),
    ):
        fault = await refused(ben.social(method, **fields))
        assert (fault.code, fault.reason) == ("NOT_FOUND", "NOT_FOUND")
        assert fault.metadata == {"resource": "user", "id": ada.user_id}
        assert fault.message == missing.message
    for method, items in (("ListUserFollowing", "following"), ("ListUserFollowers", "followers")):
        assert not getattr(await ben.social(method, user_id=cleo.user_id), items)
        assert len(getattr(await scene.user().social(method, user_id=cleo.user_id), items)) == 1
    assert (await ben.social("ListFollowing")).total_count == 0


async def test_the_blocker_cannot_follow_until_the_block_ends(scene: Scene) -> None:
    ada, ben = scene.user(), scene.user()
    await block(ada, ben)
    fault = await refused(ada.social("Follow", user_ids=[ben.user_id]))
    assert (fault.code, fault.reason) == ("PERMISSION_DENIED", "USER_BLOCKED")
    for _ in range(2):
        await ada.social("UnblockUser", user_id=ben.user_id)
    await follow(ada, ben)
    await follow(ben, ada)
    assert (await ada.social("GetRelation", user_id=ben.user_id)).mutual


async def test_blocks_are_listed_with_names(scene: Scene) -> None:
    ada, others = scene.user(), [scene.user(f"user {n}") for n in range(4)]
    for other in [*others, others[0]]:
        await block(ada, other)
    found = await pages(partial(ada.social, "ListBlocks"), "blocks")
    assert sorted((one.user.user_id, one.user.username) for one in found) == sorted(
        (one.user_id, f"user {n}") for n, one in enumerate(others)
    )
    times = [one.since.ToMilliseconds() for one in found]
    assert times == sorted(times, reverse=True)
    assert not (await others[0].social("ListBlocks")).blocks


async def test_who_is_blocked_can_block_in_turn(scene: Scene) -> None:
    ada, ben = scene.user(), scene.user()
    await block(ada, ben)
    await block(ben, ada)
    await ada.social("UnblockUser", user_id=ben.user_id)
    assert (await refused(ada.social("GetRelation", user_id=ben.user_id))).code == "NOT_FOUND"


async def test_blocking_ends_roles_in_each_others_playlists(scene: Scene) -> None:
    ada, ben = scene.user(), scene.user()
    head = await a_playlist(scene.playlists, ada.user_id, Visibility.PUBLIC)

    async def invite(writing: Writing) -> None:
        members = (Member(ben.user_id, Role.EDITOR, NOW),)
        writing.change(replace(writing.head, members=members))

    await held(scene.playlists, head.playlist_id, invite)
    await scene.playlists.follow(head.playlist_id, ben.user_id, NOW)
    await block(ben, ada)
    after = await scene.playlists.head(head.playlist_id)
    assert after is not None
    assert (after.members, after.follower_count) == ((), 0)


@pytest.mark.parametrize("circle", [EVERYONE, FRIENDS, NOBODY])
async def test_each_circle_sees_what_it_may(scene: Scene, circle: int) -> None:
    owner, friend, follower, stranger, blocked, idol = (scene.user() for _ in range(6))
    await follow(owner, friend, idol)
    await follow(follower, owner)
    await block(owner, blocked)
    audience = pb.Audience(following=circle, followers=circle)  # type: ignore[arg-type]
    await owner.social("UpdatePrivacy", audience=audience)
    seen = {
        "owner": True,
        "friend": circle in (EVERYONE, FRIENDS),
        "follower": circle == EVERYONE,
        "stranger": circle == EVERYONE,
    }
    for reader, name in (
        (owner, "owner"),
        (friend, "friend"),
        (follower, "follower"),
        (stranger, "stranger"),
    ):
        relation = await reader.social("GetRelation", user_id=owner.user_id)
        counts = (relation.HasField("follower_count"), relation.HasField("following_count"))
        assert counts == (seen[name], seen[name])
        for method, items, count in (
            ("ListUserFollowing", "following", 2),
            ("ListUserFollowers", "followers", 1),
        ):
            call = reader.social(method, user_id=owner.user_id)
            if seen[name]:
                assert len(getattr(await call, items)) == count
            else:
                fault = await refused(call)
                assert (fault.code, fault.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    for method in ("GetRelation", "ListUserFollowing", "ListUserFollowers"):
        fault = await refused(blocked.social(method, user_id=owner.user_id))
        assert fault.code == "NOT_FOUND"


async def test_the_two_circles_are_apart(scene: Scene) -> None:
    owner, reader = scene.user(), scene.user()
    await owner.social("UpdatePrivacy", audience=pb.Audience(followers=NOBODY))
    relation = await reader.social("GetRelation", user_id=owner.user_id)
    assert relation.HasField("following_count")
    assert not relation.HasField("follower_count")
    await reader.social("ListUserFollowing", user_id=owner.user_id)
    await refused(reader.social("ListUserFollowers", user_id=owner.user_id))


async def test_privacy_keeps_what_is_not_given(scene: Scene) -> None:
    ada = scene.user()
    audience = (await ada.social("GetPrivacy")).audience
    assert audience == pb.Audience(following=EVERYONE, followers=EVERYONE)
    for change, expected in (
        (pb.Audience(following=NOBODY), (NOBODY, EVERYONE)),
        (pb.Audience(followers=FRIENDS), (NOBODY, FRIENDS)),
        (pb.Audience(), (NOBODY, FRIENDS)),
        (None, (NOBODY, FRIENDS)),
    ):
        audience = (await ada.social("UpdatePrivacy", audience=change)).audience
        assert (audience.following, audience.followers) == expected
        assert (await ada.social("GetPrivacy")).audience == audience


async def test_friends_are_the_people_followed_without_any_block(scene: Scene) -> None:
    ada, ben, cleo, dan = (scene.user(name) for name in ("ada", "ben", "cleo", "dan"))
    enemy = scene.user("enemy")
    await follow(ada, ben, cleo, dan, enemy)
    await ada.social("Follow", artist_ids=scene.new_artists(1))
    await follow(ben, ada)
    await block(dan, ada)
    await block(ada, enemy)
    found = await pages(ada.friends, "friends", 1)
    assert {(one.user.user_id, one.user.username, one.mutual) for one in found} == {
        (ben.user_id, "ben", True),
        (cleo.user_id, "cleo", False),
    }
    fault = await refused(ada.friends("edge"))
    assert fault.reason == "CALLER_NOT_ALLOWED"


async def test_a_list_of_another_user_is_paged_and_its_token_is_its_own(scene: Scene) -> None:
    owner, reader = scene.user("owner"), scene.user()
    fans = [scene.user(f"fan {n}") for n in range(4)]
    for fan in fans:
        await follow(fan, owner)
    await owner.social("Follow", artist_ids=scene.new_artists(7))
    read = partial(reader.social, "ListUserFollowers", user_id=owner.user_id)
    assert {one.user.username for one in await pages(read, "followers")} == {
        f"fan {n}" for n in range(4)
    }
    read = partial(reader.social, "ListUserFollowing", user_id=owner.user_id, kind=ARTIST)
    found = await pages(read, "following")
    assert len({whom(one) for one in found}) == len(found) == 7
    token = (await read(page_size=1)).next_page_token
    for method, fields in (
        ("ListUserFollowing", {"user_id": owner.user_id}),
        ("ListUserFollowing", {"user_id": fans[0].user_id, "kind": ARTIST}),
        ("ListUserFollowers", {"user_id": owner.user_id}),
        ("ListFollowing", {}),
        ("ListFollowers", {}),
        ("ListBlocks", {}),
    ):
        fault = await refused(reader.social(method, page_token=token, **fields))
        assert fault.reason == "PAGE_TOKEN_INVALID"
