"""The text that ``segue playlist edit`` opens: one line an entry, to be reordered as one likes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from player.commands.outcome import CommandFailed
from player.commands.terminal_text import plain, track_words

_VERSION = re.compile("^# version ([0-7][0-9A-HJKMNP-TV-Z]{25})$", re.MULTILINE)
_HELP = """#
# Reorder lines to move entries; delete a line to remove its entry.
# Add a line to add a track:   + words to search for
#                       or:   + segue:track:ID
# Only the numbers count; what stands after them may be changed freely.
# Lines that begin with # are left out. An empty file changes nothing."""


class EditFileMalformed(CommandFailed):
    """A line of an edited file cannot be understood; the text names it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line that names an entry by its number, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Added:
    """A line that adds a track: words to search for, or ``segue:track:ID``."""

    words: str


Line = Kept | Added


def entry_line(number: int, track: Any) -> str:
    """``NUMBER  Title — Artist``."""
    return f"{number:>5}  {track_words(track)}"


def write_text(title: str, snapshot_id: str, entries: Iterable[str]) -> str:
    """A whole file: the entries as lines, then what one can do with them."""
    # The version comes first: a title may look like one.
    head = f"# version {snapshot_id}\n# {plain(title)}\n"
    return head + "".join(f"{line}\n" for line in entries) + _HELP + "\n"


def version_of(text: str) -> str | None:
    """The snapshot_id that a file's numbers belong to; None where the line is gone."""
    match = _VERSION.search(text)
    return match[1] if match else None


def parse_text(text: str, last: int) -> list[Line] | None:
    """What an edited file says of a version with ``last`` entries; None: it is empty.

    Raises EditFileMalformed naming the line: no number, one that there is not, one that was twice.
    """
    if not text.strip():
        return None
    lines: list[Line] = []
    seen: dict[int, int] = {}
    for at, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        parsed = _parse_line(at, line)
        if isinstance(parsed, Kept):
            if not 1 <= parsed.number <= last:
                raise EditFileMalformed(
                    f"line {at}: there is no entry {parsed.number}, only {last}"
                )
            if parsed.number in seen:
                raise EditFileMalformed(
                    f"line {at}: entry {parsed.number} stands in line {seen[parsed.number]} "
                    "already; to have the track twice, write + and its name"
                )
            seen[parsed.number] = at
        lines.append(parsed)
    return lines


def _parse_line(at: int, line: str) -> Line:
    if line.startswith("+"):
        words = line[1:].strip()
        if not words:
            raise EditFileMalformed(f"line {at}: nothing stands after +")
        return Added(words)
    match = re.match(r"([0-9]{1,6})(?:\s|$)", line)
    if match is None:
        raise EditFileMalformed(f"line {at}: {plain(line)[:60]!r} begins with no number and no +")
    return Kept(int(match[1]))


def changes_nothing(lines: Sequence[Line], last: int) -> bool:
    """Whether the lines are the version as it is."""
    return list(lines) == [Kept(number) for number in range(1, last + 1)]


def rebase(lines: Sequence[Line], base: Sequence[Any], newest: Sequence[Any]) -> list[str]:
    """The lines of an edit of ``base`` (PlaylistTracks) as an edit of ``newest``: kept entries with
    their new numbers, those that are gone as comments, those that others added at the end."""
    numbers: Mapping[str, int] = {track.item_id: at for at, track in enumerate(newest, 1)}
    written = []
    for line in lines:
        if isinstance(line, Added):
            written.append(f"+ {line.words}")
            continue
        track = base[line.number - 1]
        number = numbers.get(track.item_id)
        if number is None:
            written.append(f"# removed by somebody: {track_words(track)}")
        else:
            written.append(entry_line(number, newest[number - 1]))
    known = {track.item_id for track in base}
    theirs = [at for at, track in enumerate(newest, 1) if track.item_id not in known]
    if theirs:
        written.append("# added by somebody since:")
        written += [entry_line(at, newest[at - 1]) for at in theirs]
    return written
