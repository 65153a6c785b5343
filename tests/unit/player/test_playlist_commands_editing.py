from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segue.playlist.v1 import playlist_pb2

from player.commands.outcome import CommandFailed
from player.commands.playlist_edit_file import (
    Added,
    EditFileMalformed,
    Kept,
    changes_nothing,
    entry_line,
    parse_text,
    rebase,
    version_of,
    write_text,
)
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_editor import editor_command, summary

VERSION = "01M82YPXTRCYD6RYDT8PZ0W65X"
OTHER_VERSION = "01M82YNMXNZEGAW4FDF7F1HN24"
TRACK = "01M82Y3DH7RZ7AJV9PVWSXT9X7"


def entry(item_id: str, title: str = "Copper Rain", position: int = 0) -> Any:
    return playlist_pb2.PlaylistTrack(
        item_id=item_id, title=title, artist="Ada", position=position, available=True
    )


def text_of(titles: list[str], name: str = "Sunday") -> str:
    lines = [entry_line(at, entry(str(at), title)) for at, title in enumerate(titles, 1)]
    return write_text(name, VERSION, lines)


def test_what_is_written_reads_back_as_no_change() -> None:
    text = text_of(["One", "Two", "Three"])
    lines = parse_text(text, 3)
    assert lines == [Kept(1), Kept(2), Kept(3)]
    assert changes_nothing(lines, 3)
    assert version_of(text) == VERSION


hostile = st.text(st.sampled_from("ab 1+#\n\r\t\x0b\x0c\x1b\x85\u2028\u2029\u202e"), max_size=12)


@given(st.lists(hostile, min_size=1, max_size=5), hostile)
def test_no_title_can_forge_a_line(titles: list[str], name: str) -> None:
    text = text_of(titles, name)
    lines = parse_text(text, len(titles))
    assert lines is not None
    assert changes_nothing(lines, len(titles))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_no_title_can_forge_the_version() -> None:
    assert version_of(text_of(["One"], f"version {OTHER_VERSION}")) == VERSION


@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_any_order_of_lines_is_read_as_it_stands(last: int, chance: random.Random) -> None:
    lines = text_of([str(number) for number in range(last)]).splitlines()
    entries = [line for line in lines if not line.startswith("#")]
    chance.shuffle(entries)
    numbers = [int(line.split()[0]) for line in entries]
    parsed = parse_text("\n".join(entries), last)
    assert parsed == [Kept(number) for number in numbers]


def test_lines_may_be_deleted_added_and_commented() -> None:
    text = f"  3  Three\n\n# 2  Two\n+ copper rain\n1\n+segue:track:{TRACK}\n"
    assert parse_text(text, 3) == [
        Kept(3),
        Added("copper rain"),
        Kept(1),
        Added(f"segue:track:{TRACK}"),
    ]


def test_an_empty_file_is_no_list_and_a_file_of_comments_is_an_empty_one() -> None:
    assert parse_text(" \n\n", 3) is None
    assert parse_text("# version x\n", 3) == []
    assert not changes_nothing([], 3)
    assert changes_nothing([], 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1  One\n4  Four", "line 2: there is no entry 4"),
        ("0  Zero", "line 1: there is no entry 0"),
        ("2\n1\n2  Two", "line 3: entry 2 stands in line 1"),
        ("1\nTwo", "line 2: 'Two' begins with no number"),
        ("1st", "line 1: '1st' begins with no number"),
        ("+  ", "line 1: nothing stands after"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(text: str, words: str) -> None:
    with pytest.raises(EditFileMalformed, match=words):
        parse_text(text, 3)


def test_a_kept_text_is_numbered_anew_by_what_others_made_of_the_list() -> None:
    base = [entry("a", "A"), entry("b", "B"), entry("c", "C")]
    newest = [entry("d", "D"), entry("c", "C"), entry("a", "A")]
    written = rebase([Kept(3), Added("more"), Kept(2), Kept(1)], base, newest)
    assert written[:2] == [entry_line(2, base[2]), "+ more"]
    assert written[2].startswith("# removed by somebody: B")
    assert written[3] == entry_line(3, base[0])
    assert written[-1] == entry_line(1, newest[0])
    lines = parse_text("\n".join(written), 3)
    assert lines == [Kept(2), Added("more"), Kept(3), Kept(1)]


def test_a_track_is_meant_by_its_id_in_two_forms() -> None:
    assert track_id_of(TRACK.lower()) == TRACK
    assert track_id_of(f"segue:track:{TRACK}") == TRACK
    assert track_id_of("copper rain") is None
    assert track_id_of(f"segue:track:{TRACK}X") is None


def test_the_editor_is_visual_then_editor_with_its_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("VISUAL", "code --wait 'a b'")
    assert editor_command() == ["code", "--wait", "a b"]
    monkeypatch.setenv("VISUAL", " ")
    assert editor_command() == ["vi"]


@pytest.mark.parametrize(("value", "words"), [("", "neither"), ("vi 'x", "cannot be read")])
def test_a_missing_editor_is_said(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", value)
    with pytest.raises(CommandFailed, match=words):
        editor_command()


@pytest.mark.parametrize(
    ("lines", "added", "removed", "words"),
    [
        ([Kept(1), Added("x")], 1, 2, "added 1 track, removed 2 tracks"),
        ([Kept(2), Kept(1)], 0, 0, "reordered"),
        ([Kept(1)], 0, 0, "others had done the same already"),
    ],
)
def test_an_edit_is_summed_up_by_what_it_did(
    lines: list[Any], added: int, removed: int, words: str
) -> None:
    assert summary(lines, added, removed) == words
