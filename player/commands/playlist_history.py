"""``segue playlist log``, ``diff``, ``undo``, ``redo`` and ``restore``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from rich.cells import cell_len
from segue.playlist.v1 import snapshot_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.paging import PAGE, pages
from player.commands.playlist_changes import (
    ADDED,
    REMOVED,
    change_lines,
    summary_words,
    version_words,
)
from player.commands.playlist_names import List, find_list, find_version, snapshots
from player.commands.terminal_text import output, plain, say, say_lines, say_shown, when
from player.mesh_client import MeshClient, acting_as

_Version = Annotated[str, Parameter(help="The number of a version, or how its id begins.")]


def log(
    name: List,
    /,
    *,
    limit: int = 20,
    ids: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show who changed what, and when, the newest first. What was undone is struck through.

    Parameters
    ----------
    limit
        How many versions at most; 0 shows all.
    ids
        Show the ids of the versions, too.
    """

    async def work() -> int:
        if limit < 0:
            raise CommandFailed("--limit must be 0 or more")
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            versions = [each async for each in snapshots(client, playlist_id, limit)]
        _show_log(versions, ids=ids)
        if versions[-1].revision > 1:
            say_shown(len(versions), versions[0].revision)
        return 0

    return run(work())


def _show_log(versions: Sequence[Any], *, ids: bool) -> None:
    """A line a version, never wrapped: its number, when, who, and what."""
    digits = len(str(versions[0].revision))
    names = [plain(each.author) or "somebody" for each in versions]
    width = max(cell_len(name) for name in names)
    console = output()
    for each, name in zip(versions, names, strict=True):
        padding = " " * (width - cell_len(name))
        parts: list[str | tuple[str, str]] = [f"{each.revision:>{digits}}  "]
        if ids:
            parts.append((f"{each.snapshot_id}  ", "dim"))
        parts += [(f"{when(each.created_at)}  ", "dim"), f"{name}{padding}  "]
        parts.append((summary_words(each), "dim strike" if each.undone else ""))
        parts.append(("  undone" if each.undone else "", "bold"))
        say(*parts, console=console)


def diff(
    name: List,
    earlier: Annotated[str | None, Parameter(name="FROM")] = None,
    later: Annotated[str | None, Parameter(name="TO")] = None,
    /,
    *,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show what changed between two versions; without any, what the last edit changed.

    Lines with + are new, with - gone, with ~ moved; the numbers are the places before and after.

    Parameters
    ----------
    earlier
        The version to start from: its number, or how its id begins.
    later
        The version to arrive at. Default: the newest.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            old, new = await _two_versions(client, playlist_id, earlier, later)
            changes = await _changes(client, playlist_id, old, new)
        say_lines([(f"--- {version_words(old)}", REMOVED), (f"+++ {version_words(new)}", ADDED)])
        say_lines(change_lines(changes) or [("the two are the same", "dim")])
        return 0

    return run(work())


async def _two_versions(
    client: MeshClient, playlist_id: str, earlier: str | None, later: str | None
) -> tuple[Any, Any]:
    newest = [each async for each in snapshots(client, playlist_id, 2)]
    if earlier is None:
        if len(newest) < 2:
            raise CommandFailed("the playlist has one version only: nobody has edited it yet")
        return newest[1], newest[0]
    old = await find_version(client, playlist_id, earlier)
    return old, newest[0] if later is None else await find_version(client, playlist_id, later)


async def _changes(client: MeshClient, playlist_id: str, old: Any, new: Any) -> list[Any]:
    request = snapshot_service_pb2.DiffSnapshotsRequest(
        playlist_id=playlist_id,
        from_snapshot_id=old.snapshot_id,
        to_snapshot_id=new.snapshot_id,
        page_size=PAGE,
    )
    changes: list[Any] = []
    async for answer in pages(client, client.snapshots.DiffSnapshots, request):
        changes += answer.changes
    return changes


def undo(
    name: List,
    version: Annotated[str | None, Parameter(name="VERSION")] = None,
    /,
    *,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Undo your last edit, or the edit that made a version. What others did since stays.

    Parameters
    ----------
    version
        The version whose edit to undo, anyone's. Default: your last edit that is not undone.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            request = snapshot_service_pb2.UndoRequest(playlist_id=playlist_id, request_id=new_id())
            if version is not None:
                found = await find_version(client, playlist_id, version)
                request.snapshot_id = found.snapshot_id
            answer = await client.call(client.snapshots.Undo, request)
        say(f"undone: {answer.summary}", ("  do it again: segue playlist redo LIST", "dim"))
        return 0

    return run(work())


def redo(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Undo your last undo, unless you have edited since."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = snapshot_service_pb2.RedoRequest(
                playlist_id=await find_list(client, name), request_id=new_id()
            )
            answer = await client.call(client.snapshots.Redo, request)
        say(f"done again: {answer.summary}")
        return 0

    return run(work())


def restore(name: List, version: _Version, /, *, user: User = None, folder: Folder = None) -> int:
    """Make an earlier version the newest again, whatever came since. The history keeps it all."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            found = await find_version(client, playlist_id, version)
            request = snapshot_service_pb2.RestoreRequest(
                playlist_id=playlist_id, snapshot_id=found.snapshot_id, request_id=new_id()
            )
            answer = await client.call(client.snapshots.Restore, request)
        say(f"restored: {answer.summary}", (f"  as in version {found.revision}", "dim"))
        return 0

    return run(work())
