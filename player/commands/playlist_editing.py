"""``segue playlist add``, ``remove``, ``move`` and ``sort``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from segue.playlist.v1 import playlist_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.playlist_names import (
    List,
    Listing,
    find_list,
    looks_like_id,
    parse_numbers,
    read_tracks,
    read_version,
)
from player.commands.searching import best_track
from player.commands.terminal_text import count, plain, say, track_words
from player.mesh_client import MeshClient, acting_as

_SHOWN = 10
_TRACK_URI = "segue:track:"
_Seen = Annotated[
    str | None,
    Parameter(
        name="--version",
        help="The version whose numbers these are. Default: the newest. What others changed since "
        "is kept.",
    ),
]


def track_id_of(word: str) -> str | None:
    """The track's ULID where a word is one, plain or as ``segue:track:ULID``; else None."""
    bare = word.removeprefix(_TRACK_URI)
    return bare.upper() if looks_like_id(bare) else None


def add(
    name: List,
    /,
    *words: str,
    ids: Annotated[list[str] | None, Parameter(name="--id", negative=())] = None,
    at: int | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Add the track that a search for the words finds first, or tracks by their ids.

    Parameters
    ----------
    words
        What to add, as for segue search; the best match is taken and named.
    ids
        The id of a track, instead of words. May be given several times.
    at
        The number that the first of them is to have. Default: at the end.
    """

    async def work() -> int:
        if bool(words) == bool(ids):
            raise CommandFailed("say what to add: words to search for, or ids with --id")
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            wanted = [_checked_id(word) for word in ids or ()]
            what = count(len(wanted), "track")
            if words:
                track = await best_track(client, " ".join(words))
                wanted, what = [track.id], track_words(track)
            request = playlist_service_pb2.AddTracksRequest(
                playlist_id=playlist_id, track_ids=wanted, request_id=new_id()
            )
            place = await _placed(client, request, at)
            await client.call(client.playlists.AddTracks, request)
        say(f"added {what} {place}")
        return 0

    return run(work())


def _checked_id(word: str) -> str:
    track_id = track_id_of(word)
    if track_id is None:
        raise CommandFailed(f"{plain(word)!r} is no id of a track: those have 26 characters")
    return track_id


async def _placed(client: MeshClient, request: Any, at: int | None) -> str:
    """Puts the place into an AddTracksRequest; says it in words."""
    if at is None:
        return "at the end"
    head = await read_tracks(client, request.playlist_id, most=1)
    if not 1 <= at <= head.track_count + 1:
        raise CommandFailed(f"--at must be from 1 to {head.track_count + 1}")
    request.position = at - 1
    request.snapshot_id = head.snapshot_id
    return f"as number {at}"


def remove(
    name: List,
    /,
    *numbers: str,
    version: _Seen = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Remove entries by the numbers that segue playlist show tells.

    Parameters
    ----------
    numbers
        Such as 3, or 5-8 for several.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            listing = await read_version(client, playlist_id, version)
            chosen = _entries(listing, numbers)
            request = playlist_service_pb2.RemoveTracksRequest(
                playlist_id=playlist_id,
                item_ids=[track.item_id for track in chosen],
                snapshot_id=listing.snapshot_id,
                request_id=new_id(),
            )
            answer = await client.call(client.playlists.RemoveTracks, request)
        _name_entries("removed", chosen)
        if answer.removed_count < len(chosen):
            gone = len(chosen) - answer.removed_count
            say(f"somebody else had removed {count(gone, 'entry', 'entries')} of these already")
        return 0

    return run(work())


def move(
    name: List,
    /,
    *numbers: str,
    before: int | None = None,
    to_end: Flag = False,
    version: _Seen = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Move entries, together and in the order in which they stand.

    Parameters
    ----------
    numbers
        Such as 3, or 5-8 for several, as segue playlist show tells them.
    before
        The number of the entry before which they are to stand.
    to_end
        Move them to the end.
    """

    async def work() -> int:
        if (before is None) != to_end:
            raise CommandFailed("say where to: --before NUMBER, or --to-end")
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            listing = await read_version(client, playlist_id, version)
            chosen = _entries(listing, numbers)
            request = playlist_service_pb2.MoveTracksRequest(
                playlist_id=playlist_id,
                item_ids=[track.item_id for track in chosen],
                before_item_id=_target(listing, chosen, before),
                snapshot_id=listing.snapshot_id,
                request_id=new_id(),
            )
            await client.call(client.playlists.MoveTracks, request)
        _name_entries("moved", chosen)
        return 0

    return run(work())


def _target(listing: Listing, chosen: Sequence[Any], before: int | None) -> str:
    if before is None:
        return ""
    (number,) = parse_numbers([str(before)], listing.track_count)
    target = listing.tracks[number - 1]
    if target in chosen:
        raise CommandFailed(f"--before {before} is one of those that move; name another entry")
    return str(target.item_id)


def _entries(listing: Listing, numbers: Sequence[str]) -> list[Any]:
    chosen = parse_numbers(numbers, listing.track_count)
    return [listing.tracks[number - 1] for number in sorted(chosen)]


def _name_entries(verb: str, tracks: Sequence[Any]) -> None:
    for track in tracks[:_SHOWN]:
        say(f"{verb} {track.position + 1}  {track_words(track)}")
    if len(tracks) > _SHOWN:
        say(f"{verb} {len(tracks) - _SHOWN:,} more")
    say(("take it back: segue playlist undo LIST", "dim"))


def sort(
    name: List,
    /,
    *,
    by: Literal["title", "artist", "album", "duration", "added-at", "added-by", "year"],
    descending: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Sort all entries; those that are equal keep their order.

    Parameters
    ----------
    by
        What to sort by. artist and album sort by disc and number, too.
    descending
        The other way round.
    """

    async def work() -> int:
        value = playlist_service_pb2.SortTracksRequest.By.Value(by.upper().replace("-", "_"))
        async with acting_as(folder, user) as client:
            request = playlist_service_pb2.SortTracksRequest(
                playlist_id=await find_list(client, name),
                by=value,
                descending=descending,
                request_id=new_id(),
            )
            await client.call(client.playlists.SortTracks, request)
        say(f"sorted by {by.replace('-', ' ')}{', the last first' if descending else ''}")
        return 0

    return run(work())
