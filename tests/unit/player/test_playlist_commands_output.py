from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from segue.catalog.v1 import catalog_service_pb2
from segue.playlist.v1 import playlist_pb2

from meshkit.faults import Aborted
from player.commands.outcome import words_of
from player.commands.playlist_changes import change_lines, version_words
from player.commands.searching import track_table
from player.commands.terminal_text import (
    cell,
    plain,
    plain_lines,
    say,
    say_shown,
    show_table,
    track_words,
)

CHANGE = playlist_pb2.Change.Kind


def track(title: str, *, available: bool = True) -> Any:
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


WORDS = st.lists(
    st.sampled_from(["Orchestra", "of", "the", "Very", "Northern", "Somewhere", "Live", "at"])
)


def shown(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    show_table(table, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1))
def test_tables_of_80_columns_have_whole_words_and_no_blanks_at_the_ends(rows: list[Any]) -> None:
    found = [
        catalog_service_pb2.SearchResponse.TrackResult(
            title=" ".join(title), artist=" ".join(artist), album=" ".join(album), duration_ms=1
        )
        for title, artist, album in rows
    ]
    lines = shown(track_table(found), 80)
    assert all(line == line.rstrip() and len(line) <= 80 for line in lines)
    said = sorted(word for row in rows for part in row for word in part)
    marks = {"Track", "Artist", "Album", "Length", "0:00", "being", "prepared"}
    assert sorted(word for line in lines for word in line.split() if word not in marks) == said


@pytest.mark.parametrize(("terminal", "longest"), [(True, 80), (False, 200)])
def test_words_stay_whole_on_a_terminal_and_lines_elsewhere(terminal: bool, longest: int) -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None)
    address = "http://127.0.0.1:8080/" + "s" * 90
    say(f"{'such words ' * 8}{address}", console=console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert {word for line in lines for word in line.split()} == {"such", "words", address}
    assert all(len(line) <= longest or line == address for line in lines)
    assert (len(lines) == 1) is not terminal


def test_what_is_left_out_of_a_list_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    say_shown(10, 1200)
    assert capsys.readouterr().out == "10 of 1,200 shown; --limit 0 shows all\n"


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
