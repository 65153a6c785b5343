"""Changes between two versions as lines, in the manner of a unified diff with places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from segue.playlist.v1 import playlist_pb2

from player.commands.terminal_text import plain, track_words, when

_KIND = playlist_pb2.Change.Kind
_MADE = playlist_pb2.Snapshot.Kind
_WAYS_BACK = {_MADE.UNDO: "undo: ", _MADE.REDO: "redo: ", _MADE.RESTORE: "restore: "}

REMOVED = "red"
ADDED = "green"
MOVED = "cyan"

Line = tuple[str, str]


def change_lines(changes: Iterable[Any]) -> list[Line]:
    """The lines of Changes, each with its style; places are numbers from 1."""
    return [line for change in changes for line in _lines(change)]


def _lines(change: Any) -> list[Line]:
    if change.kind in (_KIND.TITLE, _KIND.DESCRIPTION):
        name = "title" if change.kind == _KIND.TITLE else "description"
        texts = (("-", change.old_text, REMOVED), ("+", change.new_text, ADDED))
        return [(f"{sign} {name}: {plain(text)}", style) for sign, text, style in texts if text]
    words = track_words(change.track)
    if change.kind == _KIND.REMOVED:
        return [(f"- {change.from_position + 1:>5}          {words}", REMOVED)]
    if change.kind == _KIND.ADDED:
        return [(f"+          {change.to_position + 1:>5} {words}", ADDED)]
    return [(f"~ {change.from_position + 1:>5} → {change.to_position + 1:>5}  {words}", MOVED)]


def version_words(snapshot: Any) -> str:
    """A version in a line: its number, when and by whom it was made, and what it did."""
    author = plain(snapshot.author) or "somebody"
    what = summary_words(snapshot)
    return f"version {snapshot.revision}  {when(snapshot.created_at)}  {author}: {what}"


def summary_words(snapshot: Any) -> str:
    """What a version changed, and whether it went back in doing so."""
    return plain(_WAYS_BACK.get(snapshot.kind, "") + snapshot.summary)
