"""Edits of tracks and reading them, over gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from meshkit.faults import Unavailable
from playlist_svc.domain.access import Role
from tests.rpc.playlist.harness import UNKNOWN, User, World, an_instance, refused

Fields = dict[str, Any]


async def test_tracks_show_what_they_are_who_added_them_and_where_they_stand(
    ann: User, world: World
) -> None:
    playlist_id = await ann.made()
    track_id = await world.track("Song", duration_ms=183_500)
    answer = await ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id] * 2)
    assert answer.added_count == 2
    first, second = await ann.listed(playlist_id)
    assert [first.item_id, second.item_id] == list(answer.item_ids)
    assert (first.id, first.title, first.artist) == (track_id, "Song", "Artist of Song")
    assert (first.duration, first.duration_ms) == (183.5, 183_500)
    assert (first.added_by, first.added_by_id) == ("ann", ann.user_id)
    assert (first.position, second.position) == (0, 1)
    assert first.available
    playlist = await ann.get(playlist_id)
    assert (playlist.track_count, playlist.total_duration_ms) == (2, 367_000)
    assert playlist.snapshot_id == answer.snapshot_id


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, "abcx"), ({"position": 0}, "xabc"), ({"position": 2}, "abxc"), ({"position": 3}, "abcx")],
)
async def test_tracks_are_added_at_a_position(ann: User, fields: Fields, expected: str) -> None:
    playlist_id = await ann.made("abc")
    await ann.add(playlist_id, "x", **fields)
    assert await ann.titles(playlist_id) == expected


async def test_tracks_are_added_before_an_entry(ann: User) -> None:
    playlist_id = await ann.made("abc")
    items = await ann.items(playlist_id)
    await ann.add(playlist_id, "xy", before_item_id=items["b"])
    assert await ann.titles(playlist_id) == "axybc"


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("AddTracks", {"track_ids": []}, "track_ids"),
        ("AddTracks", {"track_ids": [UNKNOWN] * 10_001}, "track_ids"),
        ("AddTracks", {"track_ids": [UNKNOWN, "x"]}, "track_ids[1]"),
        ("AddTracks", {"track_ids": [UNKNOWN], "position": -1}, "position"),
        (
            "AddTracks",
            {"track_ids": [UNKNOWN], "position": 0, "before_item_id": UNKNOWN},
            "before_item_id",
        ),
        ("AddTracks", {"track_ids": [UNKNOWN], "snapshot_id": "?"}, "snapshot_id"),
        ("AddTracks", {"track_ids": [UNKNOWN], "request_id": "é"}, "request_id"),
        ("RemoveTracks", {"item_ids": []}, "item_ids"),
        ("RemoveTracks", {"item_ids": ["x"]}, "item_ids[0]"),
        ("RemoveTracks", {"item_ids": [UNKNOWN], "snapshot_id": UNKNOWN}, "snapshot_id"),
        ("MoveTracks", {"item_ids": []}, "item_ids"),
        ("MoveTracks", {"item_ids": [UNKNOWN], "before_item_id": UNKNOWN}, "before_item_id"),
        ("ReplaceTracks", {"items": [{}]}, "items[0].what"),
        ("ReplaceTracks", {"items": [{"item_id": "x"}]}, "items[0].item_id"),
        ("ReplaceTracks", {"items": [{"track_id": UNKNOWN}] * 10_001}, "items"),
        ("SortTracks", {}, "by"),
        ("SortTracks", {"by": 99}, "by"),
        ("ListTracks", {"page_size": -1}, "page_size"),
        ("ListTracks", {"snapshot_id": "x"}, "snapshot_id"),
        ("UpdatePlaylist", {"playlist": {"visibility": 9}}, "playlist.visibility"),
        ("UpdatePlaylist", {"playlist": {"title": ""}}, "playlist.title"),
        ("UpdatePlaylist", {"playlist": {"rule": {}}}, "playlist.rule"),
    ],
)
async def test_a_wrong_field_is_named(ann: User, method: str, fields: Fields, field: str) -> None:
    playlist_id = await ann.made()
    fault = await refused(ann.call(method, playlist_id=playlist_id, **fields))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)


async def test_a_position_beyond_the_end_is_refused(ann: User) -> None:
    playlist_id = await ann.made("ab")
    fault = await refused(ann.add(playlist_id, "x", position=3))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "position")
    assert await ann.titles(playlist_id) == "ab"


@pytest.mark.parametrize(
    ("method", "fields", "resource"),
    [
        ("AddTracks", {"track_ids": [UNKNOWN]}, "track"),
        ("RemoveTracks", {"item_ids": [UNKNOWN]}, "item"),
        ("MoveTracks", {"item_ids": [UNKNOWN]}, "item"),
        ("ReplaceTracks", {"items": [{"item_id": UNKNOWN}]}, "item"),
        ("ReplaceTracks", {"items": [{"track_id": UNKNOWN}]}, "track"),
        ("ListTracks", {"snapshot_id": UNKNOWN}, "snapshot"),
    ],
)
async def test_what_there_is_not_is_named(
    ann: User, method: str, fields: Fields, resource: str
) -> None:
    playlist_id = await ann.made("a")
    fault = await refused(ann.call(method, playlist_id=playlist_id, **fields))
    assert fault.reason == "NOT_FOUND"
    assert fault.metadata == {"resource": resource, "id": UNKNOWN}
    assert len(await ann.history(playlist_id)) == 2


async def test_a_track_that_left_the_catalogue_stays_in_lists_and_is_not_added(
    ann: User, world: World
) -> None:
    playlist_id = await ann.made("a")
    (track,) = await ann.listed(playlist_id)
    await world.remove(track.id)
    (gone,) = await ann.listed(playlist_id)
    assert (gone.title, gone.available) == ("a", False)
    fault = await refused(ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track.id]))
    assert fault.metadata["resource"] == "track"


async def test_entries_are_removed_by_their_ids(ann: User) -> None:
    playlist_id = await ann.made("abcd")
    items = await ann.items(playlist_id)
    answer = await ann.call(
        "RemoveTracks", playlist_id=playlist_id, item_ids=[items["d"], items["b"], items["d"]]
    )
    assert answer.removed_count == 2
    assert await ann.titles(playlist_id) == "ac"


async def test_what_others_removed_counts_as_removed_from_an_older_version(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("abc")
    await world.join(playlist_id, ben.user_id, Role.EDITOR)
    items = await ann.items(playlist_id)
    base = (await ann.get(playlist_id)).snapshot_id
    await ben.call("RemoveTracks", playlist_id=playlist_id, item_ids=[items["a"]])
    ids = [items["a"], items["b"]]
    again = await ann.call("RemoveTracks", playlist_id=playlist_id, item_ids=ids, snapshot_id=base)
    assert again.removed_count == 1
    nothing = await ann.call(
        "RemoveTracks", playlist_id=playlist_id, item_ids=ids, snapshot_id=base
    )
    assert (nothing.removed_count, nothing.snapshot_id) == (0, again.snapshot_id)
    assert await ann.titles(playlist_id) == "c"


@pytest.mark.parametrize(
    ("moved", "before", "expected"),
    [("a", "d", "bcade"), ("db", "a", "bdace"), ("ca", "", "bdeac"), ("b", "c", "abcde")],
)
async def test_entries_move_together_in_their_order(
    ann: User, moved: str, before: str, expected: str
) -> None:
    playlist_id = await ann.made("abcde")
    items = await ann.items(playlist_id)
    await ann.call(
        "MoveTracks",
        playlist_id=playlist_id,
        item_ids=[items[title] for title in moved],
        before_item_id=items[before] if before else "",
    )
    assert await ann.titles(playlist_id) == expected


async def test_an_edit_that_changes_nothing_makes_no_version(ann: User) -> None:
    playlist_id = await ann.made("ab")
    items = await ann.items(playlist_id)
    head = (await ann.get(playlist_id)).snapshot_id
    answer = await ann.call("MoveTracks", playlist_id=playlist_id, item_ids=[items["b"]])
    assert answer.snapshot_id == head
    sorted_ = await ann.call("SortTracks", playlist_id=playlist_id, by="TITLE")
    assert sorted_.snapshot_id == head
    same = await ann.update(playlist_id, title="A list")
    assert same.snapshot_id == head
    assert len(await ann.history(playlist_id)) == 2


async def test_moving_what_others_moved_elsewhere_conflicts_and_says_so(ann: User) -> None:
    playlist_id = await ann.made("abcd")
    items = await ann.items(playlist_id)
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.call("MoveTracks", playlist_id=playlist_id, item_ids=[items["a"]])
    fault = await refused(
        ann.call(
            "MoveTracks",
            playlist_id=playlist_id,
            item_ids=[items["a"]],
            before_item_id=items["c"],
            snapshot_id=base,
        )
    )
    assert (fault.code, fault.reason) == ("ABORTED", "PLAYLIST_CONFLICT")
    assert fault.metadata == {
        "base_snapshot_id": base,
        "head_snapshot_id": (await ann.get(playlist_id)).snapshot_id,
        "conflict": f"{items['a']} was moved",
        "diff": "moved 'a' by Artist of a",
    }
    assert await ann.titles(playlist_id) == "bcda"


async def test_moving_what_others_removed_conflicts(ann: User) -> None:
    playlist_id = await ann.made("abc")
    items = await ann.items(playlist_id)
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.call("RemoveTracks", playlist_id=playlist_id, item_ids=[items["a"]])
    fault = await refused(
        ann.call("MoveTracks", playlist_id=playlist_id, item_ids=[items["a"]], snapshot_id=base)
    )
    assert fault.metadata["conflict"] == f"{items['a']} was removed"


async def test_a_replacement_keeps_entries_and_what_others_added(ann: User, world: World) -> None:
    playlist_id = await ann.made("abc")
    items = await ann.items(playlist_id)
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.add(playlist_id, "z")
    answer = await ann.call(
        "ReplaceTracks",
        playlist_id=playlist_id,
        items=[
            {"item_id": items["c"]},
            {"track_id": await world.track("x")},
            {"item_id": items["a"]},
        ],
        snapshot_id=base,
    )
    assert (answer.added_count, answer.removed_count) == (1, 1)
    assert sorted(await ann.titles(playlist_id)) == sorted("cxaz")
    after = await ann.items(playlist_id)
    assert (after["a"], after["c"]) == (items["a"], items["c"])


async def test_an_entry_cannot_stand_twice(ann: User) -> None:
    playlist_id = await ann.made("a")
    place = {"item_id": (await ann.items(playlist_id))["a"]}
    fault = await refused(ann.call("ReplaceTracks", playlist_id=playlist_id, items=[place, place]))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "items")


async def test_a_list_can_be_emptied(ann: User) -> None:
    playlist_id = await ann.made("ab")
    answer = await ann.call("ReplaceTracks", playlist_id=playlist_id)
    assert answer.removed_count == 2
    assert await ann.titles(playlist_id) == ""


async def test_a_full_list_takes_no_more(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    track_id = await world.track("a")
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id] * 10_000)
    fault = await refused(ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id]))
    assert (fault.reason, fault.metadata) == ("PLAYLIST_FULL", {"limit": "10000"})
    assert (await ann.get(playlist_id)).track_count == 10_000


async def test_pages_show_the_version_of_the_first_one(ann: User) -> None:
    playlist_id = await ann.made("abcde")
    first = await ann.call("ListTracks", playlist_id=playlist_id, page_size=2)
    await ann.add(playlist_id, "x", position=0)
    second = await ann.call(
        "ListTracks", playlist_id=playlist_id, page_size=2, page_token=first.next_page_token
    )
    third = await ann.call(
        "ListTracks", playlist_id=playlist_id, page_size=2, page_token=second.next_page_token
    )
    pages = [first, second, third]
    assert "".join(track.title for page in pages for track in page.tracks) == "abcde"
    assert {page.snapshot_id for page in pages} == {first.snapshot_id}
    assert {page.total_count for page in pages} == {5}
    assert third.next_page_token == ""
    assert [track.position for track in third.tracks] == [4]
    assert await ann.titles(playlist_id, snapshot_id=first.snapshot_id) == "abcde"


async def test_a_page_token_of_another_playlist_is_refused(ann: User) -> None:
    one, other = await ann.made("ab"), await ann.made("ab")
    token = (await ann.call("ListTracks", playlist_id=one, page_size=1)).next_page_token
    for wrong in (token, token[:-2] + "AA", "x"):
        fault = await refused(ann.call("ListTracks", playlist_id=other, page_token=wrong))
        assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_a_retry_answers_what_the_first_did_and_does_nothing(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    track_id = await world.track("a")
    fields = {"playlist_id": playlist_id, "track_ids": [track_id], "request_id": "same"}
    answers = await asyncio.gather(*(ann.call("AddTracks", **fields) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert await ann.titles(playlist_id) == "a"


async def test_a_retry_is_answered_when_the_track_has_left_since_or_cannot_be_looked_up(
    ann: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id, track_id = await ann.made("a"), await world.track("b")
    added = {"playlist_id": playlist_id, "track_ids": [track_id], "request_id": "add"}
    replaced = {"playlist_id": playlist_id, "items": [{"track_id": track_id}], "request_id": "re"}
    first = await ann.call("AddTracks", **added)
    second = await ann.call("ReplaceTracks", **replaced)
    await world.remove(track_id)
    assert await ann.call("AddTracks", **added) == first
    assert await ann.call("ReplaceTracks", **replaced) == second
    for anew in ({**added, "request_id": "new"}, {**added, "request_id": ""}):
        fault = await refused(ann.call("AddTracks", **anew))
        assert (fault.reason, fault.metadata["id"]) == ("NOT_FOUND", track_id)
    assert await ann.titles(playlist_id) == "b"

    async def away(*_: object) -> Any:
        raise Unavailable("away")

    monkeypatch.setattr(world.tracks, "require", away)
    assert await ann.call("AddTracks", **added) == first
    assert await ann.call("ReplaceTracks", **replaced) == second
    fault = await refused(ann.call("AddTracks", **{**added, "request_id": "newer"}))
    assert fault.reason == "STORE_UNAVAILABLE"


async def test_covers_are_those_of_the_first_tracks(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    ids = [await world.track("x", artwork_path="") for _ in range(2)]
    ids += [await world.track(title, artwork_path=f"/{title}") for title in "aabcde"]
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=ids)
    assert list((await ann.get(playlist_id)).artwork_paths) == ["/a", "/b", "/c", "/d"]
    items = [track.item_id for track in await ann.listed(playlist_id) if track.title == "a"]
    await ann.call("RemoveTracks", playlist_id=playlist_id, item_ids=items)
    assert list((await ann.get(playlist_id)).artwork_paths) == ["/b", "/c", "/d", "/e"]


async def test_editors_on_two_instances_lose_nothing(ann: User, ben: User, world: World) -> None:
    playlist_id = await ann.made("a")
    await world.join(playlist_id, ben.user_id, Role.EDITOR)
    base = (await ann.get(playlist_id)).snapshot_id
    async with an_instance(world) as second:
        elsewhere = second.user("ben", ben.user_id)
        await asyncio.gather(
            *(ann.add(playlist_id, letter, snapshot_id=base) for letter in "bcdefg"),
            *(elsewhere.add(playlist_id, letter, snapshot_id=base) for letter in "hijklm"),
        )
        assert sorted(await elsewhere.titles(playlist_id)) == list("abcdefghijklm")
    history = await ann.history(playlist_id)
    assert [one.revision for one in history] == list(range(1, 15))
