from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from segue.catalog.v1 import catalog_service_pb2
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from meshkit.faults import Aborted, Fault
from player.commands import playlist_watching
from player.commands.outcome import words_of
from player.commands.playlist_changes import change_lines, version_words
from player.commands.playlist_watching import watch_playlist
from player.commands.searching import track_table
from player.commands.terminal_text import cell, plain, plain_lines, track_words

CHANGE = playlist_pb2.Change.Kind
END = playlist_service_pb2.WatchPlaylistResponse.End
PLAYLIST = "01M82YNMXNZEGAW4FDF7F1HN25"


def track(title: str, available: bool = True) -> Any:
    return playlist_pb2.PlaylistTrack(title=title, artist="Ada", available=available)


@given(st.text())
def test_nothing_that_is_shown_moves_the_cursor_or_turns_text_round(text: str) -> None:
    shown = plain(text)
    assert not set(shown) & {chr(code) for code in (*range(32), *range(127, 160))}
    assert not set(shown) & set(
        "\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202d\u202e\u2066\u2067"
    )
    shown.encode()


@pytest.mark.parametrize(
    "text", ["plain", "Überfahrt", "日本語", "נעמי", "می\u200cکنم", "👩\u200d🚀", "a — b"]
)
def test_ordinary_titles_of_any_script_stay_as_they_are(text: str) -> None:
    assert plain(text) == text


def test_lines_of_a_message_stay_lines() -> None:
    assert plain_lines("one\ntwo\x1b[2J") == "one\ntwo\\x1b[2J"


def test_brackets_in_titles_are_no_markup() -> None:
    console = Console(file=io.StringIO(), width=120)
    found = catalog_service_pb2.SearchResponse.TrackResult(title="[red]x[/red] [/oops]")
    console.print(track_table([found]))
    console.print(cell("[bold]y"))
    assert isinstance(console.file, io.StringIO)
    assert "[red]x[/red] [/oops]" in console.file.getvalue()
    assert "[bold]y" in console.file.getvalue()


def test_a_track_that_is_gone_says_so() -> None:
    assert track_words(track("Rain")) == "Rain — Ada"
    assert "no longer in the catalogue" in track_words(track("Rain", available=False))


def test_changes_are_shown_with_signs_and_places_from_one() -> None:
    lines = change_lines(
        [
            playlist_pb2.Change(kind=CHANGE.TITLE, old_text="Old\x1b", new_text="New"),
            playlist_pb2.Change(kind=CHANGE.DESCRIPTION, old_text="", new_text="slow"),
            playlist_pb2.Change(kind=CHANGE.REMOVED, track=track("Gone"), from_position=2),
            playlist_pb2.Change(kind=CHANGE.ADDED, track=track("Come"), to_position=0),
            playlist_pb2.Change(
                kind=CHANGE.MOVED, track=track("Went"), from_position=0, to_position=9
            ),
        ]
    )
    assert [(text.split(), style) for text, style in lines] == [
        (["-", "title:", "Old\\x1b"], "red"),
        (["+", "title:", "New"], "green"),
        (["+", "description:", "slow"], "green"),
        (["-", "3", "Gone", "—", "Ada"], "red"),
        (["+", "1", "Come", "—", "Ada"], "green"),
        (["~", "1", "→", "10", "Went", "—", "Ada"], "cyan"),
    ]


@pytest.mark.parametrize(("kind", "words"), [("EDIT", "added"), ("UNDO", "undo: added")])
def test_a_version_that_goes_back_says_so(kind: str, words: str) -> None:
    kinds = playlist_pb2.Snapshot.Kind
    snapshot = playlist_pb2.Snapshot(
        revision=7, kind=kinds.Value(kind), author="e\x1bve", summary="added"
    )
    assert version_words(snapshot).startswith("version 7  ")
    assert version_words(snapshot).endswith(f"  e\\x1bve: {words}")


def test_a_conflict_says_what_happened_what_others_did_and_where_to_look() -> None:
    metadata = {"diff": "moved 'Rain'", "base_snapshot_id": "01BASE"}
    words = words_of(Aborted("It was moved.", reason="PLAYLIST_CONFLICT", metadata=metadata))
    assert words.splitlines()[:3] == [
        "segue: It was moved. (PLAYLIST_CONFLICT)",
        "meanwhile others moved 'Rain'",
        "see it: segue playlist diff LIST 01BASE",
    ]


class ScriptedWatches:
    """A client whose WatchPlaylist answers one script a call: messages, then perhaps an error."""

    def __init__(self, *scripts: list[Any]) -> None:
        self._scripts = list(scripts)
        self.playlists = self
        self.tokens: list[str] = []
        self.asked_metadata = 0

    async def metadata(self) -> tuple[tuple[str, str], ...]:
        self.asked_metadata += 1
        return ()

    def WatchPlaylist(self, request: Any, metadata: Any) -> ScriptedStream:
        self.tokens.append(request.resume_token)
        return ScriptedStream(self._scripts.pop(0))


class ScriptedStream:
    def __init__(self, script: list[Any]) -> None:
        self._script = script

    async def __aiter__(self) -> AsyncIterator[Any]:
        for step in self._script:
            if isinstance(step, Exception):
                raise step
            yield step

    def cancel(self) -> None:
        self._script = []


def step(token: str, end: int = 0) -> Any:
    return playlist_service_pb2.WatchPlaylistResponse(resume_token=token, end=end)  # type: ignore[arg-type]


def failure(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    empty = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, empty, empty, details)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlist_watching, "_AGAIN_S", 0.0)


async def seen(client: Any) -> list[str]:
    return [each.resume_token async for each in watch_playlist(client, PLAYLIST)]


async def test_a_watch_goes_on_where_it_was_cut_drained_or_out_of_token() -> None:
    client = ScriptedWatches(
        [step("1"), step("2"), failure(grpc.StatusCode.UNAVAILABLE)],
        [step("3"), step("4", END.DRAINING)],
        [step("5"), step("", END.TOKEN_EXPIRED)],
        [step("6"), step("7", END.DELETED)],
    )
    assert await seen(client) == ["1", "2", "3", "5", "6", "7"]
    assert client.tokens == ["", "2", "4", "5"]
    assert client.asked_metadata == 4


async def test_a_watch_ends_with_the_fault_that_no_retry_mends() -> None:
    client = ScriptedWatches([step("1"), failure(grpc.StatusCode.NOT_FOUND, "gone")])
    with pytest.raises(Fault, match="gone"):
        await seen(client)
