"""``segue queue``: what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cyclopts import App
from rich.table import Table
from segue.playback.v1 import playback_pb2, playback_service_pb2

from meshkit.ulids import new_id
from player.commands.known_names import KnownNames, Named
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.paging import PAGE
from player.commands.playback_words import what_plays
from player.commands.playlist_names import parse_numbers
from player.commands.terminal_text import (
    cell,
    clock,
    count,
    say,
    say_shown,
    show_table,
    track_words,
)
from player.commands.wishes import find_track
from player.mesh_client import MeshClient, acting_as

app = App(name="queue", help="Show and edit what comes next.")

_QUEUED = playback_pb2.QueueEntry.Kind.QUEUED


async def read_queue(client: MeshClient, most: int) -> tuple[Any, list[Any], int]:
    """The Playback, up to ``most`` QueueEntries, and how many there are in all."""
    request = playback_service_pb2.GetQueueRequest(page_size=min(most, PAGE))
    entries: list[Any] = []
    while True:
        answer = await client.call(client.playback.GetQueue, request)
        entries += answer.entries
        if not answer.entries or len(entries) >= min(most, answer.total_count):
            playback = answer.playback if answer.HasField("playback") else None
            return playback, entries[:most], answer.total_count
        request.offset = len(entries)


@app.default
@app.command(name="show")
def show(*, limit: int = 20, user: User = None, folder: Folder = None) -> int:
    """Show what plays and what comes next: the queue, then the rest of what is played from.

    Parameters
    ----------
    limit
        How many tracks at most.
    """

    async def work() -> int:
        if limit < 1:
            raise CommandFailed("--limit must be 1 or more")
        async with acting_as(folder, user) as client:
            playback, entries, total = await read_queue(client, limit)
            named = Named() if playback is None else await KnownNames(client).of(playback)
        if playback is None:
            say("You have not played anything yet. Start with: segue play WORDS")
            return 0
        say(what_plays(playback, named))
        if entries:
            show_table(queue_table(entries))
        else:
            say("Nothing comes next.")
        if total > len(entries):
            say_shown(len(entries), total, all_limit=total)
        return 0

    return run(work())


def queue_table(entries: Sequence[Any]) -> Table:
    """Entries with the numbers by which remove takes those of the queue."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    for heading in ("Track", "Length", ""):
        table.add_column(heading)
    for number, entry in enumerate(entries, 1):
        known = bool(entry.track.title)
        table.add_row(
            str(number),
            cell(track_words(entry.track) if known else entry.track.id, "" if known else "dim"),
            clock(entry.track.duration_ms) if known else "",
            "queue" if entry.kind == _QUEUED else "",
        )
    return table


@app.command
def add(*words: str, next_: Flag = False, user: User = None, folder: Folder = None) -> int:
    """Add the track that a search for the words finds first.

    Parameters
    ----------
    words
        What to add, as for segue search; or the id of a track.
    next_
        Before what waits in the queue.
    """

    async def work() -> int:
        if not words:
            raise CommandFailed("say what to add, such as: segue queue add blue moon")
        async with acting_as(folder, user) as client:
            track_id, name = await find_track(client, " ".join(words))
            request = playback_service_pb2.AddToQueueRequest(
                track_ids=[track_id], next=next_, request_id=new_id()
            )
            await client.call(client.playback.AddToQueue, request)
        say(f"{name} comes {'next' if next_ else 'in the queue'}")
        return 0

    return run(work())


@app.command
def remove(*numbers: str, user: User = None, folder: Folder = None) -> int:
    """Take entries out of the queue.

    Parameters
    ----------
    numbers
        Their numbers as segue queue tells them: 2, or 2-4 for several.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            queued = await _queued(client)
            if not queued:
                raise CommandFailed("the queue is empty; what else follows cannot be taken out")
            chosen = [queued[at - 1] for at in parse_numbers(numbers, len(queued))]
            request = playback_service_pb2.RemoveFromQueueRequest(
                item_ids=[each.item_id for each in chosen], request_id=new_id()
            )
            answer = await client.call(client.playback.RemoveFromQueue, request)
        if len(chosen) == 1 and answer.removed_count:
            say(f"took {track_words(chosen[0].track)} out of the queue")
        else:
            say(f"took {count(answer.removed_count, 'entry', 'entries')} out of the queue")
        return 0

    return run(work())


async def _queued(client: MeshClient) -> list[Any]:
    """The entries of the queue itself; it comes first and holds at most 500."""
    _, entries, _ = await read_queue(client, PAGE)
    return [entry for entry in entries if entry.kind == _QUEUED]


@app.command
def clear(*, user: User = None, folder: Folder = None) -> int:
    """Empty the queue; what is played from goes on."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = playback_service_pb2.EditQueueRequest(request_id=new_id())
            await client.call(client.playback.EditQueue, request)
        say("the queue is empty")
        return 0

    return run(work())
