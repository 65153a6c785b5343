"""Playlists as files and as streams of events, as a caller with fetch or curl has them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from e2e_album import SONGS, Music
from edge_calls import INVALID, NOT_FOUND, Refusal, json_refusal, mint_token
from playlist_callers import Caller, events, ids_of

from tests.running_mesh import RunningMesh

MALFORMED = Refusal("INVALID_ARGUMENT", "IMPORT_FILE_MALFORMED")
TOO_LARGE = Refusal("INVALID_ARGUMENT", "INVALID_FIELD")
MOST_BYTES = 3_000_000
NAME = "Süße Träume / قائمة"


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def bob(mesh: RunningMesh, premium: str) -> Caller:
    return Caller(mesh, premium)


def sent(content: bytes, **words: str) -> dict[str, str]:
    return {"content": base64.b64encode(content).decode(), **words}


async def imported(caller: Caller, content: bytes, **words: str) -> list[Any]:
    """The steps of an import to its end."""
    body = sent(content, **words)
    async with events(caller.mesh, caller.token, "POST", "/playlists/import", body) as steps:
        return [step async for step in steps]


def entries_of(steps: list[Any]) -> list[Any]:
    """What became of the entries of a file."""
    return [each for step in steps if "progress" in step for each in step["progress"]["entries"]]


def m3u8(*entries: str) -> bytes:
    """A file with entries such as "Artist - Title", whose length it does not know."""
    lines = [f"#EXTINF:-1,{entry}\nmusic/{number}.mp3" for number, entry in enumerate(entries)]
    return "\n".join(["#EXTM3U", *lines, ""]).encode()


@pytest.mark.parametrize(
    ("form", "suffix", "content_type", "start"),
    [
        ("m3u8", "m3u8", "audio/mpegurl", b"#EXTM3U"),
        ("XSPF", "xspf", "application/xspf+xml", b"<?xml"),
        ("jspf", "jspf", "application/jspf+json", b"{"),
    ],
)
async def test_an_exported_file_is_a_file_and_comes_back_as_it_was(
    ada: Caller, music: Music, form: str, suffix: str, content_type: str, start: bytes
) -> None:
    playlist_id = ada.new_playlist(NAME)
    ada.add(playlist_id, [*ids_of(music), ids_of(music)[0]])
    answer = ada.try_("GET", f"/playlists/{playlist_id}/export?format={form}")
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert quote("Süße Träume") in disposition
    assert disposition.endswith(f".{suffix}")
    assert answer.content.startswith(start)
    steps = await imported(ada, answer.content)
    assert {each["match"] for each in entries_of(steps)} == {"BY_ID"}
    copy_id = steps[-2]["imported"]["playlist_id"]
    assert ada.get(f"/playlists/{copy_id}")["title"] == NAME
    tracks = [ada.get(f"/playlists/{one}/tracks")["tracks"] for one in (playlist_id, copy_id)]
    assert [each["id"] for each in tracks[0]] == [each["id"] for each in tracks[1]]


async def test_the_progress_of_an_import_comes_as_events(ada: Caller, music: Music) -> None:
    names = [f"{SONGS[0].artist} - {SONGS[0].title}", "Nobody - Never Recorded"] * 150
    steps = await imported(ada, m3u8(*names), name="Long")
    *progress, imported_step, last = steps
    assert len(progress) >= 3
    assert {step["progress"]["entry_count"] for step in progress} == {300}
    done = [step["progress"]["done_count"] for step in progress]
    assert (done, done[-1]) == (sorted(done), 300)
    assert [each["index"] for each in entries_of(steps)] == list(range(300))
    result = imported_step["imported"]
    assert (result["entry_count"], result["matched_count"]) == (300, 150)
    assert last["end"]["reason"] == "FINISHED"
    made = ada.get(f"/playlists/{result['playlist_id']}")
    assert (made["title"], made["track_count"]) == ("Long", 150)


async def test_an_import_may_have_three_million_bytes_and_not_one_more(
    ada: Caller, music: Music
) -> None:
    content = m3u8(f"{SONGS[0].artist} - {SONGS[0].title}")
    content += b"#" * 98 + b"\n"
    content = content.ljust(MOST_BYTES, b"#")
    steps = await imported(ada, content)
    assert steps[-2]["imported"]["matched_count"] == 1
    for extra in (b"#", b"#" * 10_000):
        refused = ada.try_("POST", "/playlists/import", sent(content + extra))
        assert (refused.status, json_refusal(refused)) == (400, TOO_LARGE)
    assert [each["track_count"] for each in ada.get("/playlists")["playlists"]] == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<playlist",
        b"\x00\xff\xfe" * 100,
        b'<?xml version="1.0"?><html/>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><playlist version="1" xmlns="http://xspf.org/ns/0/"/>',
        b'{"playlist": {"track": 7}}',
        b'{"playlist": ' + b"[" * 100_000,
        m3u8(*["A - B"] * 10_001),
    ],
    ids=["empty", "cut", "binary", "html", "entity", "no list", "deep", "10,001 entries"],
)
def test_a_malformed_file_is_refused_and_leaves_nothing(ada: Caller, content: bytes) -> None:
    refused = ada.try_("POST", "/playlists/import", sent(content))
    assert (refused.status, json_refusal(refused)) == (400, MALFORMED)
    assert ada.get("/playlists")["playlists"] == []


def test_content_that_is_no_base64_is_refused(ada: Caller) -> None:
    refused = ada.try_("POST", "/playlists/import", {"content": "!!!"})
    assert (refused.status, json_refusal(refused)) == (400, INVALID)


async def test_the_events_of_a_playlist_tell_the_edits_of_others_and_its_end(
    ada: Caller, bob: Caller, music: Music
) -> None:
    playlist_id = ada.new_playlist("Watched")
    path = f"/playlists/{playlist_id}"
    ada.call("PUT", f"{path}/collaborators/{bob.user_id()}", {"role": "editor"})
    async with events(ada.mesh, ada.token, "GET", f"{path}/events") as seen:
        first = (await anext(seen))["update"]
        assert (first["playlist"]["title"], first["changes"]) == ("Watched", [])
        added = bob.add(playlist_id, ids_of(music)[:2])
        edit = (await anext(seen))["update"]
        assert edit["playlist"]["snapshot_id"] == added["snapshot_id"]
        assert [each["author_id"] for each in edit["snapshots"]] == [bob.user_id()]
        told = [(each["kind"], each["track"]["item_id"]) for each in edit["changes"]]
        assert told == [("ADDED", item_id) for item_id in added["item_ids"]]
        ada.call("DELETE", path)
        rest = [event async for event in seen]
    assert [event["end"]["reason"] for event in rest] == ["DELETED"]
    assert "reconnect_after" not in rest[0]["end"]


async def test_who_comes_back_to_the_events_is_told_what_changed_since(
    ada: Caller, music: Music
) -> None:
    playlist_id = ada.new_playlist("Resumed")
    path = f"/playlists/{playlist_id}/events"
    async with events(ada.mesh, ada.token, "GET", path) as seen:
        token = (await anext(seen))["resume_token"]
    added = ada.add(playlist_id, ids_of(music)[:1])
    async with events(ada.mesh, ada.token, "GET", f"{path}?resume_token={token}") as seen:
        missed = (await anext(seen))["update"]
    assert [each["snapshot_id"] for each in missed["snapshots"]] == [added["snapshot_id"]]
    assert [each["kind"] for each in missed["changes"]] == ["ADDED"]


async def test_the_events_end_when_access_or_the_token_does(ada: Caller, bob: Caller) -> None:
    playlist_id = ada.new_playlist("Closing", public=True)
    path = f"/playlists/{playlist_id}"
    async with events(bob.mesh, bob.token, "GET", f"{path}/events") as seen:
        await anext(seen)
        ada.call("PATCH", path, {"visibility": "private"})
        assert [event["end"]["reason"] async for event in seen] == ["ACCESS_LOST"]
    assert json_refusal(bob.try_("GET", f"{path}/events")) == NOT_FOUND
    short_lived = mint_token(ada.mesh, ada.token, exp=int(time.time()) + 2)
    async with events(ada.mesh, short_lived, "GET", f"{path}/events") as seen:
        _, last = [event async for event in seen]
    assert last["end"]["reason"] == "TOKEN_EXPIRED"


async def test_the_exported_version_is_the_one_that_was_asked_for(
    ada: Caller, music: Music
) -> None:
    playlist_id = ada.new_playlist("Versions")
    old = ada.add(playlist_id, ids_of(music)[:1])["snapshot_id"]
    ada.add(playlist_id, ids_of(music)[1:2])
    path = f"/playlists/{playlist_id}/export?format=jspf"
    entries = [
        json.loads(ada.try_("GET", each).text)["playlist"]["track"]
        for each in (path, f"{path}&snapshot_id={old}")
    ]
    assert [[each["title"] for each in tracks] for tracks in entries] == [
        [SONGS[0].title, SONGS[1].title],
        [SONGS[0].title],
    ]
