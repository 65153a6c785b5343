"""``segue playlist list`` and ``show``."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.playlist_names import (
    SHORT_ID,
    List,
    Listing,
    find_version,
    playlists_of_kind,
    read_playlist,
    read_tracks,
    role_words,
)
from player.commands.playlist_rules import rule_words
from player.commands.terminal_text import (
    cell,
    clock,
    count,
    output,
    say,
    say_shown,
    show_table,
    track_words,
    when,
)
from player.mesh_client import acting_as

_KIND = playlist_service_pb2.ListPlaylistsRequest.Kind
_VISIBILITY = playlist_pb2.Playlist.Visibility


def list_playlists(
    *,
    followed: Flag = False,
    shared: Flag = False,
    deleted: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show your playlists, the newest first, with the ends of their ids.

    Parameters
    ----------
    followed
        Those that you follow, instead.
    shared
        Those of others in which you collaborate, instead.
    deleted
        Those that you deleted within the last 30 days, instead.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            kind = _kind_of(followed, shared=shared, deleted=deleted)
            found = [each async for each in playlists_of_kind(client, kind)]
        if found:
            show_table(_playlist_table(found))
        else:
            say("There are none. Make one: segue playlist create NAME")
        return 0

    return run(work())


def _kind_of(followed: bool, *, shared: bool, deleted: bool) -> Any:
    if followed + shared + deleted > 1:
        raise CommandFailed("choose one of --followed, --shared and --deleted")
    if followed:
        return _KIND.FOLLOWED
    if shared:
        return _KIND.SHARED
    return _KIND.DELETED if deleted else _KIND.OWNED


def _playlist_table(playlists: list[Any]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Id", no_wrap=True)
    for heading in ("Name", "Owner", "Tracks", "Length", ""):
        table.add_column(heading)
    for each in playlists:
        table.add_row(
            cell(each.playlist_id[-SHORT_ID:], "dim"),
            cell(each.title),
            cell(each.owner),
            f"{each.track_count:,}",
            clock(each.total_duration_ms),
            cell(", ".join(_notes(each)), "dim"),
        )
    return table


def _notes(playlist: Any) -> list[str]:
    notes = []
    if playlist.visibility != _VISIBILITY.PRIVATE:
        notes.append(visibility_words(playlist))
    if playlist.HasField("rule"):
        notes.append("smart")
    if playlist.collaborator_count:
        notes.append(count(playlist.collaborator_count, "collaborator"))
    if playlist.follower_count:
        notes.append(count(playlist.follower_count, "follower"))
    if playlist.HasField("deleted_at"):
        notes.append(f"deleted {when(playlist.deleted_at)}")
    return notes


def visibility_words(playlist: Any) -> str:
    """Who may see a Playlist, in a word: private, link or public."""
    return _VISIBILITY.Name(playlist.visibility).lower()


def show(
    name: List,
    /,
    *,
    limit: int = 100,
    version: str | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show a playlist: its entries with their numbers, who added them, and when.

    Parameters
    ----------
    limit
        How many entries at most; 0 shows all.
    version
        An earlier version: its number or how its id begins.
    """

    async def work() -> int:
        if limit < 0:
            raise CommandFailed("--limit must be 0 or more")
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            chosen = await find_version(
                client, playlist.playlist_id, version or playlist.snapshot_id
            )
            tracks = await read_tracks(client, playlist.playlist_id, chosen.snapshot_id, limit)
        _show(playlist, chosen, tracks)
        return 0

    return run(work())


def _show(playlist: Any, version: Any, listing: Listing) -> None:
    console = output()
    say((playlist.title, "bold"), f"  of {playlist.owner}", console=console)
    if playlist.description:
        say(playlist.description, console=console)
    made = f"by {version.author or 'somebody'} at {when(version.created_at)}"
    facts = [
        count(version.track_count, "track"),
        visibility_words(playlist),
        *([f"you are {role_words(playlist.role)}"] if playlist.role else []),
        f"version {version.revision} {made}",
    ]
    if version.snapshot_id == playlist.snapshot_id:
        facts.insert(1, clock(playlist.total_duration_ms))
    say((", ".join(facts), "dim"), console=console)
    if playlist.HasField("rule"):
        say((f"made by the rule: {rule_words(playlist.rule)}", "dim"), console=console)
    if listing.tracks:
        show_table(entry_table(listing.tracks), console)
    if listing.track_count > len(listing.tracks):
        say_shown(len(listing.tracks), listing.track_count)


def entry_table(tracks: Any) -> Table:
    """Entries with their numbers, from 1."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    for heading in ("Track", "Album", "Length", "Added by", "Added"):
        table.add_column(heading)
    for track in tracks:
        table.add_row(
            str(track.position + 1),
            cell(track_words(track), "" if track.available else "dim"),
            cell(track.album),
            clock(track.duration_ms),
            cell(track.added_by),
            cell(when(track.added_at), "dim"),
        )
    return table
