"""``segue playlist import`` and ``export``: playlists from files and to files."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from segue.playlist.v1 import transfer_service_pb2

from meshkit.faults import Unavailable
from meshkit.stream_ends import Reason, StreamEnded, require_going_on
from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.playlist_names import SHORT_ID, List, find_list, find_version
from player.commands.terminal_text import cell, count, plain, plain_lines, say, show_table
from player.mesh_client import MeshClient, acting_as

_FORMAT = transfer_service_pb2.PlaylistFile.Format
_MATCH = transfer_service_pb2.ImportPlaylistResponse.Entry.Match
_MOST_BYTES = 3_000_000
_TRIES = 3
_BY_SUFFIX = {
    ".m3u8": _FORMAT.M3U8,
    ".m3u": _FORMAT.M3U8,
    ".xspf": _FORMAT.XSPF,
    ".jspf": _FORMAT.JSPF,
    ".json": _FORMAT.JSPF,
}
_Format = Literal["m3u8", "xspf", "jspf"]
# A hyphen alone is a value, not an option.
_File = Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)]


def import_playlist(
    file: _File,
    /,
    *,
    name: str = "",
    public: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Make a playlist of an M3U8, XSPF or JSPF file.

    Its entries are looked for in the catalogue. At the end those are named that were not found, or
    for which something similar was taken. Status 0 says that the playlist was made, whole or not.

    Parameters
    ----------
    file
        The file; - reads the standard input.
    name
        The title. Default: the one in the file.
    public
        Everyone may see it, and search finds it.
    """
    request = transfer_service_pb2.ImportPlaylistRequest(
        name=name, public=public, request_id=new_id()
    )

    async def work() -> int:
        request.content = _read(file)
        async with acting_as(folder, user) as client:
            entries, made = await _import(client, request)
        _report(entries, made)
        return 0

    return run(work())


def _read(file: Path) -> bytes:
    """The bytes of a file, at most one more than may be sent."""
    if str(file) == "-":
        content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        try:
            with file.expanduser().open("rb") as opened:
                content = opened.read(_MOST_BYTES + 1)
        except OSError as error:
            raise CommandFailed(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise CommandFailed(f"{file} has more than {_MOST_BYTES:,} bytes; split it")
    return content


async def _import(client: MeshClient, request: Any) -> tuple[list[Any], Any]:
    """Runs an import, with a bar where there is a terminal; its entries and what was made."""
    entries: dict[int, Any] = {}
    made = None
    errors = Console(stderr=True)
    with Progress(
        TextColumn("looking for tracks"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as progress:
        bar = progress.add_task("", total=None)
        async for answer in _steps(client, request):
            if answer.HasField("imported"):
                made = answer.imported
            elif answer.HasField("failed"):
                raise CommandFailed(f"{plain(answer.failed.message)} ({answer.failed.reason})")
            else:
                far = answer.progress
                entries.update((entry.index, entry) for entry in far.entries)
                progress.update(bar, total=far.entry_count, completed=far.done_count)
    if made is None:
        raise CommandFailed("the import ended before the playlist was made; start it again")
    return [entries[index] for index in sorted(entries)], made


async def _steps(client: MeshClient, request: Any) -> AsyncIterator[Any]:
    """The messages of an import; a cut stream is started again under the same request_id."""
    for left in reversed(range(_TRIES)):
        try:
            call = client.transfer.ImportPlaylist(request, metadata=await client.metadata())
            async for answer in call:
                require_going_on(answer)
                yield answer
            return
        except StreamEnded as ended:
            if ended.reason == Reason.FINISHED:
                return
            if not left or ended.reconnect_after_s is None:
                raise CommandFailed(plain(ended.message)) from None
            await asyncio.sleep(ended.reconnect_after_s)
        except Unavailable:
            if not left:
                raise


def _report(entries: Sequence[Any], made: Any) -> None:
    tail = made.playlist_id[-SHORT_ID:]
    say(f"made the playlist {tail}: {made.matched_count:,} of {made.entry_count:,} entries matched")
    doubtful = [each for each in entries if each.match in (_MATCH.SIMILAR, _MATCH.NONE)]
    if not doubtful:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", justify="right")
    for heading in ("In the file", "Taken"):
        table.add_column(heading)
    for each in doubtful:
        found = f"{each.matched_title} — {each.matched_artist}"
        taken = cell(found) if each.match == _MATCH.SIMILAR else cell("nothing like it", "red")
        table.add_row(str(each.index + 1), cell(_entry_words(each)), taken)
    show_table(table)
    similar = sum(each.match == _MATCH.SIMILAR for each in doubtful)
    if similar:
        say(f"{count(similar, 'entry is', 'entries are')} only similar: worth a look")
    if len(doubtful) > similar:
        say("what was not found was left out; import the music, or add tracks by hand")


def _entry_words(entry: Any) -> str:
    return f"{entry.title} — {entry.artist}" if entry.artist else str(entry.title)


def export(
    name: List,
    file: _File = Path("-"),
    /,
    *,
    form: Annotated[_Format | None, Parameter(name="--format")] = None,
    version: str | None = None,
    force: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Write a playlist as an M3U8, XSPF or JSPF file.

    Parameters
    ----------
    file
        Where to; - is the standard output. Its suffix says the format.
    form
        The format. Default: by the suffix, else m3u8.
    version
        An earlier version: its number or how its id begins.
    force
        Write over a file that is there.
    """

    async def work() -> int:
        request = transfer_service_pb2.ExportPlaylistRequest(format=format_of(file, form))
        _refuse_to_overwrite(file, force=force)
        async with acting_as(folder, user) as client:
            request.playlist_id = await find_list(client, name)
            if version is not None:
                found = await find_version(client, request.playlist_id, version)
                request.snapshot_id = found.snapshot_id
            content = await _export(client, request)
        _write(file, content)
        return 0

    return run(work())


def _refuse_to_overwrite(file: Path, *, force: bool) -> None:
    if str(file) != "-" and file.exists() and not force:
        raise CommandFailed(f"{file} is there already; --force writes over it")


def format_of(file: Path, form: str | None) -> Any:
    """The PlaylistFile.Format for a file. Raises CommandFailed for a suffix that says none."""
    if form is not None:
        return _FORMAT.Value(form.upper())
    if str(file) == "-" or not file.suffix:
        return _FORMAT.M3U8
    if file.suffix.lower() not in _BY_SUFFIX:
        raise CommandFailed(f"{file.suffix} says no format; choose one: --format m3u8|xspf|jspf")
    return _BY_SUFFIX[file.suffix.lower()]


async def _export(client: MeshClient, request: Any) -> bytes:
    call = client.transfer.ExportPlaylist(request, metadata=await client.metadata())
    return b"".join([part.data async for part in call])


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all; a terminal gets no controls that stand in titles."""
    if str(file) != "-":
        try:
            _replace(file, content)
        except OSError as error:
            raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
        say(f"wrote {file}")
    elif sys.stdout.isatty():
        print(plain_lines(content.decode("utf-8", "replace")), end="")
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def _replace(file: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(prefix=".segue-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(draft).chmod(0o666 & ~mask)
        Path(draft).replace(file)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
