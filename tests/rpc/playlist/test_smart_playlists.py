"""Smart playlists over gRPC."""

from __future__ import annotations

from typing import Any

import pytest
from segue.playlist.v1 import playlist_pb2 as pb

from playlist_svc.usecases import smart_refresh
from tests.rpc.playlist.harness import User, World, refused

ROCK = {
    "conditions": [{"field": "GENRE", "comparison": "IS", "values": ["Rock"]}],
    "order": "TITLE",
}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules are evaluated at every read."""
    monkeypatch.setattr(smart_refresh, "FRESH_MS", -1)


async def test_a_smart_playlist_begins_with_what_its_rule_chooses(ann: User, world: World) -> None:
    await world.tracks_of("cab")
    await world.track("jazz", genres=("jazz",))
    playlist_id = await ann.made(rule=ROCK)
    assert await ann.titles(playlist_id) == "abc"
    playlist = await ann.get(playlist_id)
    assert playlist.rule.limit == 100
    assert playlist.rule.order == pb.Rule.TITLE
    assert (await ann.history(playlist_id))[0].summary == "created with 3 tracks"


async def test_it_follows_the_catalogue_and_keeps_the_entries_that_stay(
    ann: User, world: World, at_once: None
) -> None:
    (gone, _) = await world.tracks_of("ac")
    playlist_id = await ann.made(rule=ROCK)
    before = await ann.items(playlist_id)
    await world.track("b")
    await world.remove(gone)
    assert await ann.titles(playlist_id) == "bc"
    assert (await ann.items(playlist_id))["c"] == before["c"]
    *_, last = await ann.history(playlist_id)
    assert (last.kind, last.author, last.revision) == (pb.Snapshot.EVALUATION, "ann", 2)
    assert (await ann.get(playlist_id)).track_count == 2


async def test_what_is_fresh_is_not_evaluated_again(ann: User, world: World) -> None:
    await world.track("a")
    playlist_id = await ann.made(rule=ROCK)
    await world.track("b")
    assert await ann.titles(playlist_id) == "a"


async def test_another_rule_holds_at_once(ann: User, world: World) -> None:
    await world.track("a")
    await world.track("j", genres=("jazz",))
    playlist_id = await ann.made(rule=ROCK)
    jazz: Any = {"conditions": [{"field": "GENRE", "values": ["jazz"]}]}
    answer = await ann.update(playlist_id, rule=jazz)
    assert answer.playlist.rule.conditions[0].values == ["jazz"]
    assert answer.playlist.track_count == 1
    assert await ann.titles(playlist_id) == "j"


async def test_a_rule_that_cannot_be_evaluated_leaves_the_last_version(
    ann: User, world: World, at_once: None
) -> None:
    await world.track("a")
    playlist_id = await ann.made(rule=ROCK)
    await world.track("b")
    world.tracks.away = True
    assert await ann.titles(playlist_id) == "a"
    world.tracks.away = False
    assert await ann.titles(playlist_id) == "ab"


async def test_its_tracks_are_not_edited_by_people(ann: User, world: World) -> None:
    track_id = await world.track("a")
    playlist_id = await ann.made(rule=ROCK)
    item_id = (await ann.items(playlist_id))["a"]
    snapshot_id = (await ann.get(playlist_id)).snapshot_id
    edits: dict[str, dict[str, Any]] = {
        "AddTracks": {"track_ids": [track_id]},
        "RemoveTracks": {"item_ids": [item_id]},
        "MoveTracks": {"item_ids": [item_id]},
        "ReplaceTracks": {"items": []},
        "SortTracks": {"by": "TITLE"},
        "Restore": {"snapshot_id": snapshot_id},
    }
    for method, fields in edits.items():
        fault = await refused(ann.call(method, playlist_id=playlist_id, **fields))
        assert fault.reason == "PLAYLIST_IS_SMART", method
    undo = await refused(ann.call("Undo", playlist_id=playlist_id))
    assert undo.reason == "NOTHING_TO_UNDO"


async def test_its_title_is_edited_and_undone_beneath_new_tracks(
    ann: User, world: World, at_once: None
) -> None:
    await world.track("a")
    playlist_id = await ann.made(name="Old", rule=ROCK)
    await ann.update(playlist_id, title="New")
    await world.track("b")
    assert await ann.titles(playlist_id) == "ab"
    evaluation = (await ann.history(playlist_id))[-1].snapshot_id
    fault = await refused(ann.call("Undo", playlist_id=playlist_id, snapshot_id=evaluation))
    assert fault.reason == "NOTHING_TO_UNDO"
    await ann.call("Undo", playlist_id=playlist_id)
    assert (await ann.get(playlist_id)).title == "Old"
    assert await ann.titles(playlist_id) == "ab"


async def test_a_wrong_rule_is_refused_by_its_place(ann: User) -> None:
    rule = {"conditions": [{"field": "YEAR", "comparison": "BETWEEN", "values": ["1"]}]}
    fault = await refused(ann.call("CreatePlaylist", name="A", rule=rule))
    assert fault.metadata["field"] == "rule.conditions[0].values"
