"""Playlists, their history and who works on them, as a caller in JSON has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from e2e_album import ALBUM, SONGS, Music
from edge_calls import NOT_FOUND, Refusal, json_refusal
from playlist_callers import Caller, ids_of

from tests.running_mesh import RunningMesh

FORBIDDEN = Refusal("PERMISSION_DENIED", "PERMISSION_DENIED")
PLAYLIST = {
    *("playlist_id", "title", "description", "visibility", "is_public", "owner", "owner_id"),
    *(
        "track_count",
        "total_duration_ms",
        "follower_count",
        "collaborator_count",
        "managed_by",
        "snapshot_id",
    ),
    *("artwork_paths", "role", "followed", "created_at", "modified_at"),
}
ENTRY = {
    *("item_id", "id", "title", "artist", "duration", "duration_ms", "artist_id", "album"),
    *("album_id", "artwork_path", "added_by", "added_by_id", "added_at", "position", "available"),
}
SNAPSHOT = {
    *("snapshot_id", "revision", "kind", "author", "author_id", "created_at", "summary"),
    *("track_count", "reverts_snapshot_id", "undone"),
}


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def bob(mesh: RunningMesh, premium: str) -> Caller:
    return Caller(mesh, premium)


def test_a_playlist_is_made_filled_and_read(ada: Caller, music: Music, user: str) -> None:
    made = ada.post("/playlists", {"name": "Evening", "public": True})
    assert set(made) == {"playlist_id", "created_at", "snapshot_id"}
    created_at = datetime.fromisoformat(made["created_at"])
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=2)
    path = f"/playlists/{made['playlist_id']}"
    added = ada.post(f"{path}/tracks", {"track_ids": ids_of(music)[:3]})
    assert (added["added_count"], len(set(added["item_ids"]))) == (3, 3)
    first = ada.post(f"{path}/tracks", {"track_ids": ids_of(music)[3:5], "position": 0})
    playlist = ada.get(path)
    assert set(playlist) == PLAYLIST
    assert (playlist["title"], playlist["is_public"], playlist["owner"]) == ("Evening", True, user)
    assert (playlist["visibility"], playlist["role"]) == ("PUBLIC", "OWNER")
    assert playlist["snapshot_id"] == first["snapshot_id"] != added["snapshot_id"]
    listed = ada.get(f"{path}/tracks")
    assert set(listed) == {"tracks", "next_page_token", "snapshot_id", "total_count"}
    assert {frozenset(each) for each in listed["tracks"]} == {frozenset(ENTRY)}
    order = [SONGS[number] for number in (3, 4, 0, 1, 2)]
    seen = [(each["id"], each["title"], each["artist"]) for each in listed["tracks"]]
    assert seen == [(music.id_of(song), song.title, song.artist) for song in order]
    assert [each["item_id"] for each in listed["tracks"]] == [
        *first["item_ids"],
        *added["item_ids"],
    ]
    assert [each["position"] for each in listed["tracks"]] == [0, 1, 2, 3, 4]
    assert {each["album"] for each in listed["tracks"]} == {ALBUM}
    assert {each["added_by"] for each in listed["tracks"]} == {user}
    lengths = [each["duration_ms"] for each in listed["tracks"]]
    assert [each["duration"] * 1000 for each in listed["tracks"]] == lengths
    assert (playlist["track_count"], playlist["total_duration_ms"]) == (5, sum(lengths))
    assert playlist["artwork_paths"]


def test_pages_of_tracks_show_one_version_while_the_list_is_edited(
    ada: Caller, music: Music
) -> None:
    playlist_id = ada.new_playlist()
    items = ada.add(playlist_id, ids_of(music))["item_ids"]
    path = f"/playlists/{playlist_id}/tracks?page_size=4"
    first = ada.get(path)
    ada.call("DELETE", f"/playlists/{playlist_id}/tracks?item_ids={items[0]}&item_ids={items[5]}")
    second = ada.get(f"{path}&page_token={first['next_page_token']}")
    assert [each["item_id"] for each in first["tracks"] + second["tracks"]] == items
    assert (second["next_page_token"], second["snapshot_id"]) == ("", first["snapshot_id"])
    assert ada.item_ids(playlist_id) == items[1:5]


def test_entries_are_moved_and_removed_by_query_and_by_post(ada: Caller, music: Music) -> None:
    playlist_id = ada.new_playlist()
    a, b, c, d, e, f = ada.add(playlist_id, ids_of(music))["item_ids"]
    path = f"/playlists/{playlist_id}/tracks"
    ada.post(f"{path}/move", {"item_ids": [e, c], "before_item_id": b})
    assert ada.item_ids(playlist_id) == [a, c, e, b, d, f]
    moved = ada.post(f"{path}/move", {"item_ids": [a]})
    assert ada.item_ids(playlist_id) == [c, e, b, d, f, a]
    query = f"item_ids={c}&item_ids={f}&snapshot_id={moved['snapshot_id']}&request_id=once"
    gone = ada.call("DELETE", f"{path}?{query}")
    assert (set(gone), gone["removed_count"]) == ({"removed_count", "snapshot_id"}, 2)
    assert ada.call("DELETE", f"{path}?{query}") == gone
    removed = ada.post(f"{path}/remove", {"item_ids": [e, d]})
    assert removed["removed_count"] == 2
    assert ada.item_ids(playlist_id) == [b, a]


def test_an_edit_under_one_request_id_is_made_once(ada: Caller, music: Music) -> None:
    playlist_id = ada.new_playlist()
    answers = [ada.add(playlist_id, ids_of(music)[:1], request_id="the-same") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(ada.item_ids(playlist_id)) == 1
    other = {"track_ids": ids_of(music)[1:2], "request_id": "the-same"}
    refused = ada.try_("POST", f"/playlists/{playlist_id}/tracks", other)
    assert json_refusal(refused) == Refusal("INVALID_ARGUMENT", "REQUEST_ID_REUSED")
    made = [ada.post("/playlists", {"name": "Once", "request_id": "p"}) for _ in range(2)]
    assert made[0] == made[1]


def test_what_a_read_answers_goes_back_into_its_update(ada: Caller) -> None:
    path = f"/playlists/{ada.new_playlist(public=True)}"
    read = ada.get(path)
    assert ada.call("PATCH", path, read)["playlist"] == read
    assert not ada.call("PATCH", path, {"public": False})["playlist"]["is_public"]
    assert ada.get(path)["visibility"] == "PRIVATE"
    assert ada.call("PATCH", path, {"name": "Night"})["playlist"]["title"] == "Night"
    other = ada.try_("PATCH", path, {"name": "One", "title": "Two"})
    assert json_refusal(other) == Refusal("INVALID_ARGUMENT", "INVALID_FIELD")
    privacy = ada.get("/me/privacy")
    assert set(privacy) == {"following", "followers"}
    assert ada.call("PATCH", "/me/privacy", privacy) == {"audience": privacy}
    changed = ada.call("PATCH", "/me/privacy?request_id=1", {"followers": "friends"})["audience"]
    assert changed == ada.get("/me/privacy") == {**privacy, "followers": "FRIENDS"}


def test_the_history_is_told_compared_undone_and_restored(
    ada: Caller, music: Music, user: str
) -> None:
    made = ada.post("/playlists", {"name": "Drafts"})
    path = f"/playlists/{made['playlist_id']}"
    added = ada.post(f"{path}/tracks", {"track_ids": ids_of(music)[:3]})
    a, b, c = added["item_ids"]
    renamed = ada.call("PATCH", path, {"title": "Finals", "snapshot_id": added["snapshot_id"]})
    ada.call("DELETE", f"{path}/tracks?item_ids={b}")
    listed = ada.get(f"{path}/snapshots")
    assert set(listed) == {"snapshots", "next_page_token"}
    assert {frozenset(each) for each in listed["snapshots"]} == {frozenset(SNAPSHOT)}
    assert [each["revision"] for each in listed["snapshots"]] == [4, 3, 2, 1]
    assert [each["kind"] for each in listed["snapshots"]] == ["EDIT", "EDIT", "EDIT", "CREATED"]
    assert {each["author"] for each in listed["snapshots"]} == {user}
    assert SONGS[1].title in listed["snapshots"][0]["summary"]
    difference = ada.get(f"{path}/snapshots/{added['snapshot_id']}/diff")
    assert set(difference) == {"changes", "next_page_token", "to_snapshot_id", "total_count"}
    told = [(each["kind"], each["old_text"], each["new_text"]) for each in difference["changes"]]
    assert told == [("TITLE", "Drafts", "Finals"), ("REMOVED", "", "")]
    gone = difference["changes"][1]
    assert (gone["track"]["item_id"], gone["from_position"]) == (b, 1)
    assert "to_position" not in gone
    undone = ada.post(f"{path}/undo", {"snapshot_id": renamed["snapshot_id"]})
    assert undone["undone_snapshot_id"] == renamed["snapshot_id"]
    assert (ada.get(path)["title"], ada.item_ids(made["playlist_id"])) == ("Drafts", [a, c])
    redone = ada.post(f"{path}/redo", {})
    assert redone["redone_snapshot_id"] == renamed["snapshot_id"]
    restored = ada.post(f"{path}/restore", {"snapshot_id": added["snapshot_id"]})
    assert ada.item_ids(made["playlist_id"]) == [a, b, c]
    newest = ada.get(path)
    assert (newest["snapshot_id"], newest["title"]) == (restored["snapshot_id"], "Drafts")
    old = ada.get(f"{path}/tracks?snapshot_id={redone['snapshot_id']}")
    assert [each["item_id"] for each in old["tracks"]] == [a, c]


def test_a_deleted_playlist_is_gone_and_can_be_recovered(ada: Caller, music: Music) -> None:
    playlist_id = ada.new_playlist("Regret")
    items = ada.add(playlist_id, ids_of(music)[:2])["item_ids"]
    assert ada.call("DELETE", f"/playlists/{playlist_id}") == {}
    assert json_refusal(ada.try_("GET", f"/playlists/{playlist_id}")) == NOT_FOUND
    assert ada.get("/playlists")["playlists"] == []
    (deleted,) = ada.get("/playlists?kind=deleted")["playlists"]
    assert deleted["playlist_id"] == playlist_id
    assert deleted["deleted_at"]
    ada.post(f"/playlists/{playlist_id}/recover", {})
    assert ada.item_ids(playlist_id) == items


def test_collaborators_have_what_their_role_allows(ada: Caller, bob: Caller, music: Music) -> None:
    playlist_id, bob_id = ada.new_playlist("Together"), bob.user_id()
    path = f"/playlists/{playlist_id}"
    assert json_refusal(bob.try_("GET", path)) == NOT_FOUND
    set_ = ada.call("PUT", f"{path}/collaborators/{bob_id}", {"role": "viewer"})["collaborator"]
    assert (set(set_), set_["role"]) == ({"user", "role", "since"}, "VIEWER")
    assert bob.get(path)["role"] == "VIEWER"
    adding = {"track_ids": ids_of(music)[:1]}
    assert json_refusal(bob.try_("POST", f"{path}/tracks", adding)) == FORBIDDEN
    ada.call("PUT", f"{path}/collaborators/{bob_id}", {"role": "EDITOR"})
    bob.post(f"{path}/tracks", adding)
    (entry,) = ada.get(f"{path}/tracks")["tracks"]
    assert entry["added_by_id"] == bob_id
    assert bob.get("/playlists?kind=SHARED")["playlists"][0]["playlist_id"] == playlist_id
    listed = bob.get(f"{path}/collaborators")["collaborators"]
    assert [each["role"] for each in listed] == ["OWNER", "EDITOR"]
    assert json_refusal(bob.try_("DELETE", path)) == FORBIDDEN
    ada.call("DELETE", f"{path}/collaborators/{bob_id}")
    assert json_refusal(bob.try_("GET", path)) == NOT_FOUND


def test_a_playlist_is_followed_and_left(ada: Caller, bob: Caller) -> None:
    playlist_id = ada.new_playlist("For all", public=True)
    path = f"/playlists/{playlist_id}"
    assert bob.call("PUT", f"{path}/followers/me") == {"follower_count": 1}
    assert bob.call("PUT", f"{path}/followers/me") == {"follower_count": 1}
    assert (bob.get(path)["followed"], ada.get(path)["followed"]) == (True, False)
    followed = bob.get("/playlists?kind=followed")["playlists"]
    assert [each["playlist_id"] for each in followed] == [playlist_id]
    assert bob.call("DELETE", f"{path}/followers/me") == {}
    assert ada.get(path)["follower_count"] == 0


def test_tracks_and_albums_are_saved_and_asked_about(ada: Caller, music: Music) -> None:
    one, two, three, *_ = ids_of(music)
    assert ada.call("PUT", "/me/library/tracks", {"track_ids": [one]}) == {"saved_count": 1}
    assert ada.call("PUT", "/me/library/tracks", {"track_ids": [two, one]}) == {"saved_count": 1}
    saved = ada.get("/me/library/tracks")
    assert (set(saved), saved["total_count"]) == ({"tracks", "next_page_token", "total_count"}, 2)
    assert [each["id"] for each in saved["tracks"]] == [two, one]
    asked = f"/me/library/tracks/contains?track_ids={three}&track_ids={one}&track_ids={two}"
    assert ada.get(asked) == {"saved": [False, True, True]}
    many = {"track_ids": [three, one, two] * 100}
    assert ada.post("/me/library/tracks/contains", many) == {"saved": [False, True, True] * 100}
    gone = ada.call("DELETE", f"/me/library/tracks?track_ids={one}&track_ids={three}")
    assert gone == {"removed_count": 1}
    gone = ada.post("/me/library/tracks/remove", {"track_ids": [three, two] * 100})
    assert gone == {"removed_count": 1}
    album_id = music.tracks[SONGS[0].title]["album_id"]
    ada.call("PUT", "/me/library/albums", {"album_ids": [album_id]})
    assert [each["title"] for each in ada.get("/me/library/albums")["albums"]] == [ALBUM]
    many = {"album_ids": [album_id] * 100}
    assert ada.post("/me/library/albums/contains", many) == {"saved": [True] * 100}
    assert ada.post("/me/library/albums/remove", many) == {"removed_count": 1}


def test_people_and_artists_are_followed(ada: Caller, bob: Caller, music: Music) -> None:
    artist_id = music.tracks[SONGS[0].title]["artist_id"]
    both = {"user_ids": [bob.user_id()], "artist_ids": [artist_id]}
    assert ada.call("PUT", "/me/following", both) == {"followed_count": 2}
    following = ada.get("/me/following")
    assert set(following) == {"following", "next_page_token", "total_count"}
    assert [each["artist"]["id"] for each in following["following"] if "artist" in each] == [
        artist_id
    ]
    assert [each["user"] for each in following["following"] if "user" in each] == [bob.person()]
    (artist,) = ada.get("/me/following?kind=artist")["following"]
    assert artist["artist"] == {"id": artist_id, "name": SONGS[0].artist}
    (follower,) = bob.get("/me/followers")["followers"]
    assert (follower["user"], follower["mutual"]) == (ada.person(), False)
    bob.call("PUT", "/me/following", {"user_ids": [ada.user_id()]})
    assert bob.get("/me/followers")["followers"][0]["mutual"]
    relation = bob.get(f"/users/{ada.user_id()}/relation")
    assert (relation["user"], relation["mutual"]) == (ada.person(), True)
    assert bob.get(f"/users/by-name/{ada.person()['username']}") == ada.person()
    blocks = "/me/blocks/artists"
    assert ada.call("PUT", f"{blocks}/{artist_id}") == {}
    (blocked,) = ada.get(blocks)["blocks"]
    assert blocked["artist"] == {"id": artist_id, "name": SONGS[0].artist}
    assert ada.call("DELETE", f"{blocks}/{artist_id}") == {}
    assert ada.get(blocks) == {"blocks": [], "next_page_token": "", "total_count": 0}
    gone = ada.call("DELETE", f"/me/following?user_ids={bob.user_id()}&artist_ids={artist_id}")
    assert gone == {"unfollowed_count": 2}
    assert ada.call("PUT", "/me/following", both) == {"followed_count": 2}
    assert ada.post("/me/following/remove", both) == {"unfollowed_count": 2}
