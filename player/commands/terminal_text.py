"""Other people's words on a terminal: nothing in a title may move the cursor or turn text round."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Joiners shape Persian, Indic scripts and emoji; they reorder nothing.
_HARMLESS = frozenset("\u200c\u200d")
_UNCUT = 2_000
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """The text in one line, with controls, bidi marks and invisible characters as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def plain_lines(text: str) -> str:
    """Like ``plain``, but line feeds stay."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _visible(character: str) -> str:
    if character in _HARMLESS or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def cell(text: str, style: str = "") -> Text:
    """A text for a table or a line: safe, and never read as rich's markup."""
    return Text(plain(text), style=style)


def track_words(track: Any) -> str:
    """``Title — Artist``, safe to show; says so where the catalogue has the track no more."""
    name = plain(track.title)
    if track.artist:
        name += f" — {plain(track.artist)}"
    return name if getattr(track, "available", True) else f"{name}  (no longer in the catalogue)"


def when(stamp: Any) -> str:
    """A Timestamp in local time, to the second."""
    moment = datetime.fromtimestamp(stamp.ToMilliseconds() / 1000).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def output() -> Console:
    """The standard output; where it is no terminal, no line of a table is cut or wrapped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_UNCUT)


def say(*parts: str | tuple[str, str], console: Console | None = None) -> None:
    """Prints a text; a part is a text or a text with its style.

    On a terminal its words stay whole, elsewhere it is one line.
    """
    print_text(Text.assemble(*(_styled(part) for part in parts)), console or output())


def print_text(text: Text, console: Console) -> None:
    """Prints a text whose words stay whole on a terminal; elsewhere its lines are not wrapped."""
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    for line in text.split("\n", allow_blank=True):
        for part in line.divide(_breaks(line.plain, console.width)):
            part.rstrip()
            console.print(part, soft_wrap=True)


def _breaks(line: str, width: int) -> list[int]:
    """Where a line is broken so that words stay whole; rich would break an address that is longer
    than a line, which can then be copied no more.
    """
    breaks, at = [], 0
    for word in re.finditer(r"\S+\s*", line):
        if at and at + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            at = 0
        at += cell_len(word[0])
    return breaks


def say_shown(shown: int, total: int, *, all_limit: int = 0) -> None:
    """How much of a list was shown, and the --limit that shows all of it."""
    say((f"{shown:,} of {total:,} shown; --limit {all_limit} shows all", "dim"))


def show_table(table: Table, console: Console | None = None) -> None:
    """Prints a table whose lines end where their words end."""
    console = console or output()
    for segments in console.render_lines(table, pad=False):
        line = Text.assemble(*((each.text, each.style or "") for each in segments))
        line.rstrip()
        console.print(line, soft_wrap=True)


def say_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Prints lines of (text, style)."""
    console = output()
    for text, style in lines:
        say((text, style), console=console)


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 track``, ``2 tracks``; ``plural`` for nouns that take no s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _styled(part: str | tuple[str, str]) -> tuple[str, str]:
    text, style = part if isinstance(part, tuple) else (part, "")
    return plain(text), style


def clock(milliseconds: float) -> str:
    """A length as people read it, 3:07 or 1:02:03."""
    seconds = int(milliseconds // 1000)
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
