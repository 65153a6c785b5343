"""Edits of playlists that are none: what callers are told, and that nothing came of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from e2e_album import Music
from edge_calls import INVALID, NOT_FOUND, Refusal, json_refusal, mint_token
from joserfc.jwk import ECKey
from playlist_callers import NO_ID, Caller, ids_of

from tests.running_mesh import RunningMesh

FULL = Refusal("FAILED_PRECONDITION", "PLAYLIST_FULL")
CONFLICT = Refusal("ABORTED", "PLAYLIST_CONFLICT")
MOST_TRACKS = 10_000


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def playlist_id(ada: Caller, music: Music) -> str:
    """A playlist with two tracks."""
    playlist_id = ada.new_playlist("Two")
    ada.add(playlist_id, ids_of(music)[:2])
    return playlist_id


def refused(answer: Any) -> tuple[int, Refusal]:
    return answer.status, json_refusal(answer)


@pytest.mark.parametrize(
    ("words", "status", "refusal"),
    [
        ({"track_ids": [NO_ID]}, 404, NOT_FOUND),
        ({"track_ids": ["GOOD", NO_ID]}, 404, NOT_FOUND),
        ({"track_ids": ["GOOD"], "before_item_id": NO_ID}, 404, NOT_FOUND),
        ({"track_ids": []}, 400, INVALID),
        ({}, 400, INVALID),
        ({"track_ids": ["not-a-ulid"]}, 400, INVALID),
        ({"track_ids": ["GOOD", ""]}, 400, INVALID),
        ({"track_ids": "GOOD"}, 400, INVALID),
        ({"track_ids": ["GOOD"], "position": -1}, 400, INVALID),
        ({"track_ids": ["GOOD"], "position": 3}, 400, INVALID),
        ({"track_ids": ["GOOD"], "position": MOST_TRACKS + 1}, 400, INVALID),
        ({"track_ids": ["GOOD"], "position": 2**31}, 400, INVALID),
        ({"track_ids": ["GOOD"], "position": "first"}, 400, INVALID),
        ({"track_ids": ["GOOD"], "snapshot_id": NO_ID}, 400, INVALID),
        ({"track_ids": ["GOOD"], "snapshot_id": "x"}, 400, INVALID),
        ({"track_ids": ["GOOD"], "request_id": "x" * 129}, 400, INVALID),
        ({"track_ids": ["GOOD"], "request_id": "\n"}, 400, INVALID),
        ({"track_ids": ["GOOD"] * (MOST_TRACKS + 1)}, 400, INVALID),
    ],
)
def test_tracks_that_cannot_be_added_change_nothing(
    ada: Caller, music: Music, playlist_id: str, words: Any, status: int, refusal: Refusal
) -> None:
    before = ada.get(f"/playlists/{playlist_id}")
    good = ids_of(music)[0]
    if isinstance(words.get("track_ids"), list):
        words = words | {
            "track_ids": [good if each == "GOOD" else each for each in words["track_ids"]]
        }
    answer = ada.try_("POST", f"/playlists/{playlist_id}/tracks", words)
    assert refused(answer) == (status, refusal)
    assert ada.get(f"/playlists/{playlist_id}") == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "refusal"),
    [
        ("DELETE", "tracks", None, 400, INVALID),
        ("DELETE", "tracks?item_ids=x", None, 400, INVALID),
        ("DELETE", f"tracks?item_ids={NO_ID}", None, 404, NOT_FOUND),
        ("POST", "tracks/remove", {"item_ids": [NO_ID]}, 404, NOT_FOUND),
        ("POST", "tracks/move", {"item_ids": []}, 400, INVALID),
        ("POST", "tracks/move", {"item_ids": [NO_ID]}, 404, NOT_FOUND),
        ("POST", "tracks/sort", {"by": "mood"}, 400, INVALID),
        ("POST", "tracks/sort", {}, 400, INVALID),
        ("POST", "restore", {"snapshot_id": NO_ID}, 404, NOT_FOUND),
        ("POST", "undo", {"snapshot_id": "x"}, 400, INVALID),
        ("PATCH", "", {"title": ""}, 400, INVALID),
        ("PATCH", "", {"title": "x" * 201}, 400, INVALID),
        ("PATCH", "", {"title": "x" * 100_000}, 400, INVALID),
        ("PATCH", "", {"title": "x" * 1_000_000}, 413, INVALID),
        ("PATCH", "", {"description": "x" * 2_001}, 400, INVALID),
        ("PATCH", "", {"visibility": "everyone"}, 400, INVALID),
        ("GET", "tracks?page_size=-1", None, 400, INVALID),
        ("GET", "export?format=wav", None, 400, INVALID),
        ("GET", "events?resume_token=x", None, 400, INVALID),
        ("PUT", "collaborators/x", {"role": "EDITOR"}, 400, INVALID),
        ("PUT", f"collaborators/{NO_ID}", {"role": "EDITOR"}, 404, NOT_FOUND),
        ("PUT", f"collaborators/{NO_ID}", {"role": "OWNER"}, 400, INVALID),
        ("POST", "shares", {"expires_in": "1s"}, 400, INVALID),
    ],
)
def test_what_is_no_edit_changes_nothing(
    ada: Caller,
    playlist_id: str,
    method: str,
    path: str,
    body: Any,
    status: int,
    refusal: Refusal,
) -> None:
    before = ada.get(f"/playlists/{playlist_id}")
    answer = ada.try_(method, f"/playlists/{playlist_id}/{path}".rstrip("/"), body)
    assert refused(answer) == (status, refusal)
    assert ada.get(f"/playlists/{playlist_id}") == before


@pytest.mark.parametrize("size", [50_000, 1_000_000])
def test_a_title_of_a_megabyte_makes_no_playlist(ada: Caller, size: int) -> None:
    answer = ada.try_("POST", "/playlists", {"name": "x" * size})
    assert refused(answer) == (400 if size < 500_000 else 413, INVALID)
    assert ada.get("/playlists")["playlists"] == []


@pytest.mark.parametrize("name", ["", " \t ", "\u200b\u200d", "a\x00b", "a\nb", "\u202e"])
def test_a_name_that_nobody_could_see_is_refused(ada: Caller, name: str) -> None:
    assert refused(ada.try_("POST", "/playlists", {"name": name})) == (400, INVALID)


@pytest.mark.parametrize(
    "name",
    [
        "قائمة التشغيل",
        "\u202eright to left\u202c",
        "a\u200bb\u200dc",
        "👩‍👩‍👧‍👦 family",
        "e\u0301",
        "ﬁ",
        "%s{}",
    ],
)
def test_a_name_comes_back_as_it_was_given(ada: Caller, name: str) -> None:
    playlist_id = ada.new_playlist(name)
    path = f"/playlists/{playlist_id}"
    assert ada.get(path)["title"] == name
    ada.call("PATCH", path, {"description": name, "title": f"{name} 2"})
    assert (ada.get(path)["description"], ada.get(path)["title"]) == (name, f"{name} 2")


def test_a_list_is_full_at_ten_thousand_tracks(ada: Caller, music: Music) -> None:
    playlist_id, track_id = ada.new_playlist("Endless"), ids_of(music)[0]
    path = f"/playlists/{playlist_id}/tracks"
    # The same track may stand in it as often as one likes.
    ada.add(playlist_id, [track_id] * (MOST_TRACKS - 1))
    assert refused(ada.try_("POST", path, {"track_ids": [track_id] * 2})) == (400, FULL)
    (last,) = ada.add(playlist_id, [track_id])["item_ids"]
    assert refused(ada.try_("POST", path, {"track_ids": [track_id]})) == (400, FULL)
    assert ada.get(f"/playlists/{playlist_id}")["track_count"] == MOST_TRACKS
    ada.call("DELETE", f"{path}?item_ids={last}")
    assert ada.add(playlist_id, [track_id], position=0)["added_count"] == 1


def test_an_edit_on_a_version_that_others_went_on_from_is_fitted_or_refused(
    ada: Caller, music: Music, playlist_id: str
) -> None:
    path = f"/playlists/{playlist_id}"
    base = ada.get(path)["snapshot_id"]
    a, b = ada.item_ids(playlist_id)
    newest = ada.call("DELETE", f"{path}/tracks?item_ids={b}")["snapshot_id"]
    (c,) = ada.add(playlist_id, ids_of(music)[2:3], position=0, snapshot_id=base)["item_ids"]
    assert ada.item_ids(playlist_id) == [c, a]
    again = ada.call("DELETE", f"{path}/tracks?item_ids={b}&snapshot_id={base}")
    assert again["removed_count"] == 0
    before = ada.get(path)
    moving = {"item_ids": [b], "before_item_id": a, "snapshot_id": base}
    answer = ada.try_("POST", f"{path}/tracks/move", moving)
    assert refused(answer) == (409, CONFLICT)
    told = answer.body["details"][0]["metadata"].values()
    assert {base, before["snapshot_id"]} <= set(told)
    assert newest != before["snapshot_id"]
    assert ada.get(path) == before


def test_a_page_token_is_good_for_its_own_list_alone(
    ada: Caller, music: Music, playlist_id: str
) -> None:
    token = ada.get(f"/playlists/{playlist_id}/tracks?page_size=1")["next_page_token"]
    other = ada.new_playlist("Other")
    ada.add(other, ids_of(music)[:3])
    page_token = Refusal("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    for forged in (token[:-2] + "zz", "zzz", token):
        answer = ada.try_(
            "GET", f"/playlists/{other}/tracks?page_size=1&page_token={quote(forged)}"
        )
        assert refused(answer) == (400, page_token)


@pytest.mark.parametrize("playlist_id", ["x", NO_ID.lower(), NO_ID + "0", "%00", "%F0%9F%98%80"])
def test_a_malformed_id_is_told_so(ada: Caller, playlist_id: str) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/tracks", None),
        ("POST", "/tracks", {"track_ids": [NO_ID]}),
        ("DELETE", "", None),
        ("GET", "/snapshots", None),
    ):
        answer = ada.try_(method, f"/playlists/{playlist_id}{path}", body)
        assert refused(answer) == (400, INVALID)


def test_an_id_that_nothing_has_is_not_found(ada: Caller) -> None:
    for path in ("", "/tracks", "/snapshots", "/export", "/events", "/collaborators", "/shares"):
        assert refused(ada.try_("GET", f"/playlists/{NO_ID}{path}")) == (404, NOT_FOUND)


Forge = Callable[[RunningMesh, str], str]
TOKENS: dict[str, tuple[Forge, str]] = {
    "none": (lambda mesh, good: "", "TOKEN_MISSING"),
    "garbage": (lambda mesh, good: "abc.def.ghi", "TOKEN_INVALID"),
    "expired": (
        lambda mesh, good: mint_token(mesh, good, exp=int(time.time()) - 60),
        "TOKEN_EXPIRED",
    ),
    "forged": (
        lambda mesh, good: mint_token(mesh, good, key=ECKey.generate_key("P-256")),
        "TOKEN_INVALID",
    ),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_bad_token_neither_shows_nor_edits_a_playlist(
    ada: Caller, music: Music, playlist_id: str, kind: str
) -> None:
    forge, reason = TOKENS[kind]
    token = forge(ada.mesh, ada.token)
    before = ada.get(f"/playlists/{playlist_id}")
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/tracks", None),
        ("GET", "/events", None),
        ("GET", "/export", None),
        ("POST", "/tracks", {"track_ids": ids_of(music)[:1]}),
        ("PATCH", "", {"title": "Taken"}),
        ("DELETE", "", None),
    ):
        answer = ada.mesh.call(method, f"/playlists/{playlist_id}{path}", body, token=token)
        assert refused(answer) == (401, Refusal("UNAUTHENTICATED", reason))
    assert ada.get(f"/playlists/{playlist_id}") == before


def test_a_token_without_the_scope_edits_nothing(ada: Caller, playlist_id: str) -> None:
    token = mint_token(ada.mesh, ada.token, scope="catalog playback")
    answer = ada.mesh.call("GET", f"/playlists/{playlist_id}", token=token)
    assert refused(answer) == (403, Refusal("PERMISSION_DENIED", "SCOPE_MISSING"))
