"""``segue playlist edit``: a playlist in the editor of the user's choice, applied as one edit."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from meshkit.faults import Fault
from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Folder, User, run, words_of
from player.commands.playlist_edit_file import (
    Added,
    Kept,
    Line,
    changes_nothing,
    entry_line,
    parse_text,
    rebase,
    version_of,
    write_text,
)
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import SHORT_ID, List, Listing, read_playlist, read_tracks
from player.commands.searching import best_track
from player.commands.terminal_text import count, plain, say
from player.mesh_client import MeshClient, acting_as

_EDITOR = playlist_pb2.Collaborator.Role.EDITOR


def edit(
    name: List,
    /,
    *,
    again: Annotated[Path | None, Parameter(name="--file")] = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Edit the whole list in your editor ($VISUAL, or $EDITOR): one line an entry.

    Reorder lines, delete lines, add lines such as "+ words to search for" or "+ segue:track:ID".
    When the editor is closed, all of it is applied as one edit of the version that was shown; what
    others changed meanwhile is kept. Where that cannot be, your text is kept, too, and --file goes
    on with it.

    Parameters
    ----------
    again
        A text that an earlier edit kept; its lines are numbered anew by the newest version.
    """

    async def work() -> int:
        command = editor_command()
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            _refuse_what_cannot_be_edited(playlist)
            listing = await read_tracks(client, playlist.playlist_id)
            lines = [entry_line(track.position + 1, track) for track in listing.tracks]
            if again is not None:
                lines = await _go_on(client, playlist.playlist_id, listing, again)
            shown = write_text(playlist.title, listing.snapshot_id, lines)
            draft = _write_draft(shown)
            try:
                await _open(command, draft)
                done = await _apply(client, playlist.playlist_id, listing, draft)
            except (Fault, CommandFailed) as error:
                # What nobody has worked on is not worth keeping.
                if again is None and _read(draft) == shown:
                    draft.unlink()
                    raise
                raise _kept(error, draft, playlist.playlist_id) from error
        draft.unlink()
        say(done)
        return 0

    return run(work())


def editor_command() -> list[str]:
    """The words of the user's editor. Raises CommandFailed where none is chosen."""
    chosen = {"VISUAL": os.environ.get("VISUAL", ""), "EDITOR": os.environ.get("EDITOR", "")}
    for variable, command in chosen.items():
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise CommandFailed(f"${variable} cannot be read as a command: {error}") from error
        if words:
            return words
    raise CommandFailed(
        "neither $VISUAL nor $EDITOR says which editor to open; name one, such as: "
        "EDITOR=nano segue playlist edit LIST"
    )


def _refuse_what_cannot_be_edited(playlist: Any) -> None:
    if playlist.HasField("rule"):
        raise CommandFailed(
            f"the tracks of {playlist.title} follow from its rule; change that: "
            "segue playlist smart --change LIST RULES"
        )
    if playlist.role < _EDITOR:
        raise CommandFailed(f"{playlist.title} is {playlist.owner}'s; ask to be made an editor")


async def _go_on(client: MeshClient, playlist_id: str, newest: Listing, kept: Path) -> list[str]:
    """The lines of a kept text, numbered by the newest version."""
    text = _read(kept)
    base_id = version_of(text)
    if base_id is None:
        raise CommandFailed(f"{kept} does not say which version it was made on")
    base = await read_tracks(client, playlist_id, base_id)
    return rebase(parse_text(text, base.track_count) or [], base.tracks, newest.tracks)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{path} is not UTF-8") from error
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}") from error


def _write_draft(text: str) -> Path:
    handle, path = tempfile.mkstemp(prefix="segue-playlist-", suffix=".txt", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as draft:
        draft.write(text)
    return Path(path)


async def _open(command: Sequence[str], draft: Path) -> None:
    # The terminal is the editor's until it is closed, and so is Ctrl-C.
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    try:
        editor = await asyncio.create_subprocess_exec(*command, str(draft))
        status = await editor.wait()
    except OSError as error:
        raise CommandFailed(
            f"the editor {command[0]} cannot be started: {error.strerror}"
        ) from error
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    if status:
        raise CommandFailed(f"the editor {command[0]} ended with status {status}")


async def _apply(client: MeshClient, playlist_id: str, listing: Listing, draft: Path) -> str:
    """Sends what the draft says, if it says anything new; tells what was done."""
    lines = parse_text(_read(draft), listing.track_count)
    if lines is None:
        return "the file is empty: nothing was changed"
    if changes_nothing(lines, listing.track_count):
        return "nothing was changed"
    request = playlist_service_pb2.ReplaceTracksRequest(
        playlist_id=playlist_id,
        items=[await _item(client, line, listing) for line in lines],
        snapshot_id=listing.snapshot_id,
        request_id=new_id(),
    )
    answer = await client.call(client.playlists.ReplaceTracks, request)
    return summary(lines, answer.added_count, answer.removed_count)


async def _item(client: MeshClient, line: Line, listing: Listing) -> Any:
    if isinstance(line, Kept):
        item_id = listing.tracks[line.number - 1].item_id
        return playlist_service_pb2.ReplaceTracksRequest.Item(item_id=item_id)
    return playlist_service_pb2.ReplaceTracksRequest.Item(track_id=await _track(client, line))


async def _track(client: MeshClient, line: Added) -> str:
    track_id = track_id_of(line.words)
    return track_id or str((await best_track(client, line.words)).id)


def summary(lines: Sequence[Line], added: int, removed: int) -> str:
    """What an edit did, in a line."""
    numbers = [line.number for line in lines if isinstance(line, Kept)]
    parts = []
    if added:
        parts.append(f"added {count(added, 'track')}")
    if removed:
        parts.append(f"removed {count(removed, 'track')}")
    if numbers != sorted(numbers):
        parts.append("reordered")
    return ", ".join(parts) or "others had done the same already"


def _kept(error: Exception, draft: Path, playlist_id: str) -> CommandFailed:
    words = words_of(error).removeprefix("segue: ") if isinstance(error, Fault) else str(error)
    return CommandFailed(
        f"{words}\nyour text is kept in {draft}; go on with it: "
        f"segue playlist edit {plain(playlist_id[-SHORT_ID:])} --file {draft}"
    )
