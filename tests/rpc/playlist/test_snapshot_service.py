"""SnapshotService over gRPC: history, differences, and ways back."""

from __future__ import annotations

import pytest
from segue.playlist.v1 import playlist_pb2 as pb

from playlist_svc.domain.access import Role
from tests.rpc.playlist.harness import UNKNOWN, User, World, refused


@pytest.fixture
async def shared(ann: User, ben: User, world: World) -> str:
    """A list of ``abc`` that ben edits too."""
    playlist_id = await ann.made("abc")
    await world.join(playlist_id, ben.user_id, Role.EDITOR)
    return playlist_id


async def remove(user: User, playlist_id: str, titles: str) -> str:
    items = await user.items(playlist_id)
    answer = await user.call(
        "RemoveTracks", playlist_id=playlist_id, item_ids=[items[title] for title in titles]
    )
    return str(answer.snapshot_id)


async def test_history_tells_who_did_what(ann: User, ben: User, shared: str) -> None:
    await ben.add(shared, "xy")
    await remove(ben, shared, "a")
    created, added, more, removed = await ann.history(shared)
    assert [one.revision for one in (created, added, more, removed)] == [1, 2, 3, 4]
    assert (created.kind, created.summary) == (pb.Snapshot.CREATED, "created")
    assert (added.author, added.author_id, added.summary) == ("ann", ann.user_id, "added 3 tracks")
    assert (more.author, more.summary, more.track_count) == ("ben", "added 2 tracks", 5)
    assert removed.summary == "removed 'a' by Artist of a"


async def test_history_pages_from_the_newest(ann: User) -> None:
    playlist_id = await ann.made()
    for letter in "abcd":
        await ann.add(playlist_id, letter)
    revisions: list[int] = []
    token = ""
    for _ in range(3):
        page = await ann.call(
            "ListSnapshots", playlist_id=playlist_id, page_size=2, page_token=token
        )
        revisions += [one.revision for one in page.snapshots]
        token = page.next_page_token
    assert revisions == [5, 4, 3, 2, 1]
    assert token == ""


async def test_a_version_tells_what_the_playlist_was(ann: User) -> None:
    playlist_id = await ann.made("ab", name="Old", description="words")
    old = (await ann.get(playlist_id)).snapshot_id
    await ann.update(playlist_id, title="New", description="")
    found = await ann.call("GetSnapshot", playlist_id=playlist_id, snapshot_id=old)
    assert (found.title, found.description) == ("Old", "words")
    assert (found.snapshot.revision, found.total_duration_ms) == (2, 400_000)
    fault = await refused(ann.call("GetSnapshot", playlist_id=playlist_id, snapshot_id=UNKNOWN))
    assert fault.metadata == {"resource": "snapshot", "id": UNKNOWN}


async def test_a_version_of_another_playlist_is_unknown(ann: User, shared: str) -> None:
    other = await ann.made("x")
    snapshot_id = (await ann.get(other)).snapshot_id
    for method, fields in {
        "GetSnapshot": {"snapshot_id": snapshot_id},
        "Restore": {"snapshot_id": snapshot_id},
        "Undo": {"snapshot_id": snapshot_id},
        "DiffSnapshots": {"from_snapshot_id": snapshot_id},
    }.items():
        fault = await refused(ann.call(method, playlist_id=shared, **fields))
        assert fault.metadata == {"resource": "snapshot", "id": snapshot_id}


async def test_history_is_not_told_to_who_may_not_see(ann: User, ben: User) -> None:
    playlist_id = await ann.made("a")
    snapshot_id = (await ann.get(playlist_id)).snapshot_id
    for method, fields in {
        "ListSnapshots": {},
        "GetSnapshot": {"snapshot_id": snapshot_id},
        "DiffSnapshots": {"from_snapshot_id": snapshot_id},
        "Undo": {},
        "Redo": {},
        "Restore": {"snapshot_id": snapshot_id},
    }.items():
        fault = await refused(ben.call(method, playlist_id=playlist_id, **fields))
        assert fault.metadata == {"resource": "playlist", "id": playlist_id}


async def test_viewers_see_history_and_do_not_go_back(
    ann: User, ben: User, world: World, shared: str
) -> None:
    await world.join(shared, ben.user_id, Role.VIEWER)
    snapshot_id = (await ben.history(shared))[0].snapshot_id
    for method, fields in {"Undo": {}, "Redo": {}, "Restore": {"snapshot_id": snapshot_id}}.items():
        fault = await refused(ben.call(method, playlist_id=shared, **fields))
        assert fault.reason == "PERMISSION_DENIED"


async def test_a_difference_says_what_to_do(ann: User) -> None:
    playlist_id = await ann.made("abcd", name="Old")
    base = (await ann.get(playlist_id)).snapshot_id
    items = await ann.items(playlist_id)
    await remove(ann, playlist_id, "b")
    await ann.call("MoveTracks", playlist_id=playlist_id, item_ids=[items["a"]])
    await ann.add(playlist_id, "x", position=0)
    await ann.update(playlist_id, title="New")
    assert await ann.titles(playlist_id) == "xcda"
    found = await ann.call("DiffSnapshots", playlist_id=playlist_id, from_snapshot_id=base)
    kinds = pb.Change
    assert [(one.kind, one.track.title) for one in found.changes] == [
        (kinds.TITLE, ""),
        (kinds.REMOVED, "b"),
        (kinds.ADDED, "x"),
        (kinds.MOVED, "a"),
    ]
    title, removed, added, moved = found.changes
    assert (title.old_text, title.new_text) == ("Old", "New")
    assert (removed.from_position, removed.HasField("to_position")) == (1, False)
    assert (added.to_position, added.HasField("from_position")) == (0, False)
    assert (moved.from_position, moved.to_position) == (0, 3)
    assert found.to_snapshot_id == (await ann.get(playlist_id)).snapshot_id
    back = await ann.call(
        "DiffSnapshots",
        playlist_id=playlist_id,
        from_snapshot_id=found.to_snapshot_id,
        to_snapshot_id=base,
    )
    assert [one.kind for one in back.changes][:2] == [kinds.TITLE, kinds.REMOVED]


async def test_pages_of_a_difference_compare_the_same_versions(ann: User) -> None:
    playlist_id = await ann.made()
    base = (await ann.get(playlist_id)).snapshot_id
    await ann.add(playlist_id, "abc")
    first = await ann.call(
        "DiffSnapshots", playlist_id=playlist_id, from_snapshot_id=base, page_size=2
    )
    await ann.add(playlist_id, "xyz", position=0)
    second = await ann.call(
        "DiffSnapshots",
        playlist_id=playlist_id,
        from_snapshot_id=base,
        page_size=2,
        page_token=first.next_page_token,
    )
    assert "".join(one.track.title for page in (first, second) for one in page.changes) == "abc"
    assert (first.total_count, second.total_count) == (3, 3)
    assert second.to_snapshot_id == first.to_snapshot_id
    assert second.next_page_token == ""


async def test_undo_takes_back_ones_own_last_edit_beneath_those_of_others(
    ann: User, ben: User, shared: str
) -> None:
    mine = await remove(ann, shared, "b")
    await ben.add(shared, "x", position=0)
    undone = await ann.call("Undo", playlist_id=shared)
    assert await ann.titles(shared) == "xabc"
    assert (undone.undone_snapshot_id, undone.summary) == (mine, "added 'b' by Artist of b")
    *_, edit, _, last = await ann.history(shared)
    assert edit.undone
    assert (last.kind, last.reverts_snapshot_id) == (pb.Snapshot.UNDO, mine)
    assert last.snapshot_id == undone.snapshot_id


async def test_undo_goes_further_back_each_time_and_ends(ann: User) -> None:
    playlist_id = await ann.made()
    for letter in "ab":
        await ann.add(playlist_id, letter)
    await ann.call("Undo", playlist_id=playlist_id)
    assert await ann.titles(playlist_id) == "a"
    await ann.call("Undo", playlist_id=playlist_id)
    assert await ann.titles(playlist_id) == ""
    fault = await refused(ann.call("Undo", playlist_id=playlist_id))
    assert fault.reason == "NOTHING_TO_UNDO"


async def test_redo_brings_back_what_was_undone_last(ann: User, shared: str) -> None:
    mine = await remove(ann, shared, "b")
    await ann.call("Undo", playlist_id=shared)
    redone = await ann.call("Redo", playlist_id=shared)
    assert redone.redone_snapshot_id == mine
    assert await ann.titles(shared) == "ac"
    assert (await ann.history(shared))[-1].kind == pb.Snapshot.REDO
    assert not any(one.undone for one in await ann.history(shared))
    fault = await refused(ann.call("Redo", playlist_id=shared))
    assert fault.reason == "NOTHING_TO_REDO"
    await ann.call("Undo", playlist_id=shared)
    assert await ann.titles(shared) == "abc"


async def test_an_edit_ends_what_could_be_redone(ann: User, shared: str) -> None:
    await remove(ann, shared, "b")
    await ann.call("Undo", playlist_id=shared)
    await ann.add(shared, "x")
    fault = await refused(ann.call("Redo", playlist_id=shared))
    assert fault.reason == "NOTHING_TO_REDO"


async def test_anyones_edit_is_undone_by_its_name_and_once(
    ann: User, ben: User, shared: str
) -> None:
    theirs = await remove(ben, shared, "b")
    await ann.call("Undo", playlist_id=shared, snapshot_id=theirs)
    assert await ann.titles(shared) == "abc"
    again = await refused(ann.call("Undo", playlist_id=shared, snapshot_id=theirs))
    assert again.reason == "NOTHING_TO_UNDO"
    first = (await ann.history(shared))[0].snapshot_id
    created = await refused(ann.call("Undo", playlist_id=shared, snapshot_id=first))
    assert created.reason == "NOTHING_TO_UNDO"


async def test_whoever_undid_an_edit_is_who_can_redo_it(ann: User, ben: User, shared: str) -> None:
    hers = await ann.add(shared, "xyz")
    await ben.call("Undo", playlist_id=shared, snapshot_id=hers.snapshot_id)
    assert await ann.titles(shared) == "abc"
    fault = await refused(ann.call("Redo", playlist_id=shared))
    assert fault.reason == "NOTHING_TO_REDO"
    assert await ann.titles(shared) == "abc"
    redone = await ben.call("Redo", playlist_id=shared)
    assert redone.redone_snapshot_id == hers.snapshot_id
    assert await ann.titles(shared) == "abcxyz"
    assert not any(one.undone for one in await ann.history(shared))
    for user in (ann, ben):
        fault = await refused(user.call("Redo", playlist_id=shared))
        assert fault.reason == "NOTHING_TO_REDO"


async def test_an_undo_that_another_took_back_is_not_redone(
    ann: User, ben: User, shared: str
) -> None:
    hers = await ann.add(shared, "x")
    undo = await ann.call("Undo", playlist_id=shared)
    await ben.call("Undo", playlist_id=shared, snapshot_id=undo.snapshot_id)
    assert await ann.titles(shared) == "abcx"
    last = (await ann.history(shared))[-1]
    assert (last.kind, last.author) == (pb.Snapshot.REDO, "ben")
    assert last.reverts_snapshot_id == hers.snapshot_id
    for user in (ann, ben):
        fault = await refused(user.call("Redo", playlist_id=shared))
        assert fault.reason == "NOTHING_TO_REDO"
    again = await refused(ben.call("Undo", playlist_id=shared, snapshot_id=undo.snapshot_id))
    assert again.reason == "NOTHING_TO_UNDO"


async def test_however_often_an_edit_goes_back_and_forth_its_history_says_whether_it_stands(
    ann: User, ben: User, shared: str
) -> None:
    edit = (await ann.add(shared, "x")).snapshot_id
    newest = edit
    for number in range(6):
        # Each is an undo of the version before, by name.
        user = (ann, ben)[number % 2]
        answer = await user.call("Undo", playlist_id=shared, snapshot_id=newest)
        assert answer.undone_snapshot_id == newest
        newest = answer.snapshot_id
        stands = number % 2 == 1
        assert await ann.titles(shared) == ("abcx" if stands else "abc")
        history = await ann.history(shared)
        undone = {one.snapshot_id: one.undone for one in history}
        assert undone[edit] is not stands
        assert history[-1].kind == (pb.Snapshot.REDO if stands else pb.Snapshot.UNDO)


async def test_an_undo_and_a_redo_are_undone_by_their_names(ann: User, shared: str) -> None:
    await remove(ann, shared, "b")
    undo = (await ann.call("Undo", playlist_id=shared)).snapshot_id
    await ann.call("Undo", playlist_id=shared, snapshot_id=undo)
    assert await ann.titles(shared) == "ac"
    await ann.call("Undo", playlist_id=shared)
    assert await ann.titles(shared) == "abc"
    redo = (await ann.call("Redo", playlist_id=shared)).snapshot_id
    await ann.call("Undo", playlist_id=shared, snapshot_id=redo)
    assert await ann.titles(shared) == "abc"
    await ann.call("Redo", playlist_id=shared)
    assert await ann.titles(shared) == "ac"


async def test_an_undo_of_which_nothing_is_left_is_refused(
    ann: User, ben: User, shared: str
) -> None:
    await ann.add(shared, "x")
    await remove(ben, shared, "x")
    fault = await refused(ann.call("Undo", playlist_id=shared))
    assert fault.reason == "NOTHING_TO_UNDO"
    assert len(await ann.history(shared)) == 4


async def test_an_undo_of_what_others_changed_again_conflicts(
    ann: User, ben: User, shared: str
) -> None:
    mine = (await ann.update(shared, title="Mine")).snapshot_id
    await ben.update(shared, title="Theirs")
    fault = await refused(ann.call("Undo", playlist_id=shared))
    assert fault.reason == "PLAYLIST_CONFLICT"
    assert (fault.metadata["base_snapshot_id"], fault.metadata["conflict"]) == (
        mine,
        "the title was changed",
    )


async def test_restore_brings_a_version_back_and_can_be_undone(
    ann: User, ben: User, shared: str
) -> None:
    old = (await ann.get(shared)).snapshot_id
    await ben.add(shared, "xyz")
    await ann.update(shared, title="Other")
    restored = await ann.call("Restore", playlist_id=shared, snapshot_id=old)
    playlist = await ann.get(shared)
    assert (await ann.titles(shared), playlist.title) == ("abc", "A list")
    assert restored.summary == "removed 3 tracks and renamed to 'A list'"
    last = (await ann.history(shared))[-1]
    assert (last.kind, last.reverts_snapshot_id) == (pb.Snapshot.RESTORE, old)
    same = await ann.call("Restore", playlist_id=shared, snapshot_id=old)
    assert same.snapshot_id == restored.snapshot_id
    await ann.call("Undo", playlist_id=shared)
    assert await ann.titles(shared) == "abcxyz"


async def test_a_retried_undo_undoes_once(ann: User) -> None:
    playlist_id = await ann.made()
    for letter in "abc":
        await ann.add(playlist_id, letter)
    first = await ann.call("Undo", playlist_id=playlist_id, request_id="u")
    assert await ann.call("Undo", playlist_id=playlist_id, request_id="u") == first
    assert await ann.titles(playlist_id) == "ab"
