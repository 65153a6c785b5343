"""``segue import``: brings a folder of music into the catalogue and shows how it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from segue.catalog.v1 import catalog_pb2, catalog_service_pb2

from meshkit.ulids import new_id
from player.commands.following import followed
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.terminal_text import count, say
from player.mesh_client import LocalUser, MeshClient, local_username

_STATE = catalog_pb2.Import.State
_FAILED = catalog_pb2.ImportFile.State.FAILED
_SHOWN_FAILURES = 20


def import_music(
    path: Annotated[Path, Parameter(help="A folder, or one file.")],
    /,
    *,
    wait: Annotated[bool, Parameter(negative="--no-wait")] = True,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Import FLAC, MP3, M4A, Ogg Vorbis, Opus and WAV files into the catalogue.

    A track can be found as soon as its tags are read and played as soon as its first bitrates are
    encoded. The work is the mesh's: it goes on when this command is interrupted. Importing a
    folder again takes in only what is new.

    Parameters
    ----------
    wait
        Show the progress until everything is done; --no-wait returns at once.
    """

    named = str(path.expanduser().absolute())

    async def work() -> int:
        async with MeshClient(folder, LocalUser(user or local_username(), admin=True)) as client:
            started = await start_import(client, named)
            if not wait:
                print(f"import {started.id} goes on in the mesh")
                return 0
            finished = await _show_progress(client, started)
            return await _report(client, finished)

    return run(work())


async def start_import(client: MeshClient, path: str) -> Any:
    """Asks the catalogue to import the absolute ``path``; returns the Import."""
    request = catalog_service_pb2.CreateImportRequest(path=path, request_id=new_id())
    return (await client.call(client.imports.CreateImport, request)).import_run


async def watch_import(client: MeshClient, import_id: str) -> AsyncIterator[Any]:
    """The Import at every change until it is over; watches again when a stream ends early."""
    request = catalog_service_pb2.WatchImportRequest(id=import_id)
    async for answer in followed(client, client.imports.WatchImport, request):
        yield answer.import_run


async def _show_progress(client: MeshClient, started: Any) -> Any:
    latest = started
    with Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bars = {
            "searchable": progress.add_task("searchable", total=None, note=""),
            "playable": progress.add_task("playable", total=None, note=""),
            "complete": progress.add_task("complete", total=None, note=""),
        }
        async for latest in watch_import(client, started.id):
            _draw(progress, bars, latest)
    return latest


def _draw(progress: Progress, bars: dict[str, Any], state: Any) -> None:
    aside = state.files_unchanged + state.files_duplicate + state.files_failed
    new = state.files_found - aside
    counted = {
        "searchable": state.files_searchable,
        "playable": state.files_playable,
        "complete": state.files_complete,
    }
    for name, bar in bars.items():
        note = f"{state.files_failed} refused" if state.files_failed else ""
        total = None if state.state == _STATE.SCANNING else max(new, counted[name])
        progress.update(bar, completed=counted[name], total=total, note=note)


async def _report(client: MeshClient, finished: Any) -> int:
    console = Console(highlight=False)
    if finished.state == _STATE.FAILED:
        raise CommandFailed(f"the import failed: {finished.error}")
    say(
        f"{count(finished.files_found, 'file')}: {finished.files_complete} imported, "
        f"{finished.files_unchanged} unchanged, {finished.files_duplicate} already there, "
        f"{finished.files_failed} refused"
    )
    await show_refused(client, finished, console)
    usable = finished.files_complete + finished.files_unchanged + finished.files_duplicate
    if finished.files_found == 0:
        raise CommandFailed(f"{finished.path} holds no audio files")
    return 0 if usable else 1


async def show_refused(client: MeshClient, state: Any, console: Console) -> None:
    """Names the first files that an import refused, with the reasons."""
    if not state.files_failed:
        return
    request = catalog_service_pb2.ListImportFilesRequest(
        id=state.id, states=[_FAILED], page_size=_SHOWN_FAILURES
    )
    answer = await client.call(client.imports.ListImportFiles, request)
    for file in answer.files:
        say(f"  refused: {file.path}: {file.reason}", console=console)
    if answer.next_page_token:
        console.print(f"  {len(answer.files)} of {state.files_failed} shown")
