"""Links to playlists: for anyone who holds one, until they end, and not for who guesses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from e2e_album import Music
from edge_calls import NOT_FOUND, Refusal, json_refusal
from playlist_callers import Caller, ids_of

from tests.running_mesh import RunningMesh

SHARE_INVALID = Refusal("NOT_FOUND", "SHARE_INVALID")
LIMITED = Refusal("RESOURCE_EXHAUSTED", "LIMIT_REACHED")
TRIES_A_MINUTE = 60
# An address of this computer that no other test calls from: what it used up, others still have.
OTHER_ADDRESS = "127.0.0.2"


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def bob(mesh: RunningMesh, premium: str) -> Caller:
    return Caller(mesh, premium)


@pytest.fixture
def playlist_id(ada: Caller, music: Music) -> str:
    """A playlist that links can show."""
    playlist_id = ada.new_playlist("By link")
    ada.add(playlist_id, ids_of(music)[:2])
    ada.call("PATCH", f"/playlists/{playlist_id}", {"visibility": "link"})
    return playlist_id


def link(caller: Caller, playlist_id: str, **words: str) -> tuple[str, str]:
    """The path of a new link, which is a secret, and its id."""
    answer = caller.post(f"/playlists/{playlist_id}/shares", words)
    assert set(answer) == {"share", "code", "path"}
    assert re.fullmatch("[0-9A-Za-z]{22}", answer["code"])
    assert answer["path"] == f"/s/{answer['code']}"
    caller.mesh.secrets.add(answer["code"])
    return answer["path"], answer["share"]["share_id"]


def test_a_link_shows_a_playlist_to_who_has_not_signed_in(
    mesh: RunningMesh, ada: Caller, playlist_id: str
) -> None:
    path, _ = link(ada, playlist_id)
    answer = mesh.call("GET", path)
    assert answer.status == 200
    seen = answer.body
    assert (seen["playlist"]["playlist_id"], seen["playlist"]["title"]) == (playlist_id, "By link")
    assert [each["item_id"] for each in seen["tracks"]] == ada.item_ids(playlist_id)
    assert seen["role"] == "ROLE_UNSPECIFIED"
    assert mesh.call("GET", f"/playlists/{playlist_id}").status == 401


def test_a_link_that_ended_leads_nowhere(
    mesh: RunningMesh, ada: Caller, bob: Caller, playlist_id: str
) -> None:
    revoked, share_id = link(ada, playlist_id)
    stands, _ = link(ada, playlist_id)
    assert mesh.call("GET", revoked).status == 200
    assert ada.call("DELETE", f"/playlists/{playlist_id}/shares/{share_id}") == {}
    gone = mesh.call("GET", revoked)
    assert (gone.status, json_refusal(gone)) == (404, SHARE_INVALID)
    assert json_refusal(bob.try_("POST", f"{revoked}/accept", {})) == SHARE_INVALID
    assert mesh.call("GET", stands).status == 200
    ada.call("PATCH", f"/playlists/{playlist_id}", {"visibility": "private"})
    hidden = mesh.call("GET", stands)
    never = mesh.call("GET", f"/s/{'0' * 22}")
    assert hidden.status == never.status == 404
    assert hidden.body == never.body == gone.body


def test_an_invitation_makes_an_editor(
    ada: Caller, bob: Caller, music: Music, playlist_id: str
) -> None:
    ada.call("PATCH", f"/playlists/{playlist_id}", {"visibility": "private"})
    path, share_id = link(ada, playlist_id, role="editor")
    assert json_refusal(bob.try_("GET", f"/playlists/{playlist_id}")) == NOT_FOUND
    accepted = bob.post(f"{path}/accept", {})["playlist"]
    assert (accepted["playlist_id"], accepted["role"]) == (playlist_id, "EDITOR")
    bob.add(playlist_id, ids_of(music)[2:3])
    (share,) = ada.get(f"/playlists/{playlist_id}/shares")["shares"]
    assert (share["share_id"], share["accepted_count"], share["role"]) == (share_id, 1, "EDITOR")
    assert "code" not in share


def test_a_link_is_made_once_and_its_code_told_once(ada: Caller, playlist_id: str) -> None:
    link(ada, playlist_id, request_id="once")
    again = ada.post(f"/playlists/{playlist_id}/shares", {"request_id": "once"})
    assert (again["code"], again["path"]) == ("", "")
    assert len(ada.get(f"/playlists/{playlist_id}/shares")["shares"]) == 1


@pytest.fixture
def stranger(mesh: RunningMesh) -> Iterator[httpx.Client]:
    """Somebody at another address, who has not signed in."""
    transport = httpx.HTTPTransport(local_address=OTHER_ADDRESS)
    with httpx.Client(base_url=mesh.edge, transport=transport, timeout=30) as client:
        yield client


def test_who_tries_too_many_links_waits(
    mesh: RunningMesh, ada: Caller, playlist_id: str, stranger: httpx.Client
) -> None:
    path, _ = link(ada, playlist_id)
    # A wrong code counts twice.
    for number in range(TRIES_A_MINUTE // 4):
        assert stranger.get(f"/s/{number:022}").status_code == 404
    for _ in range(TRIES_A_MINUTE // 2):
        assert stranger.get(path).status_code == 200
    for headers in ({}, {"x-forwarded-for": "10.1.2.3"}, {"x-client-address": "10.1.2.3"}):
        refused = stranger.get(path, headers=headers)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["details"][0]["reason"] == LIMITED.reason
        assert playlist_id not in refused.text
    # Others go on.
    assert mesh.call("GET", path).status == 200
