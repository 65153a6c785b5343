"""What people write for a playlist, a version of one, and places in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2, snapshot_service_pb2

from meshkit.ulids import is_ulid
from player.commands.outcome import CommandFailed
from player.commands.paging import PAGE, pages
from player.commands.terminal_text import plain
from player.mesh_client import MeshClient

List = Annotated[
    str,
    Parameter(
        name="LIST",
        help="A playlist: its name or how the name begins, its id or how the id ends.",
    ),
]

_SHORTEST_PART = 4
SHORT_ID = 6
_SHOWN_CANDIDATES = 10

_KIND = playlist_service_pb2.ListPlaylistsRequest.Kind
_IN_USE = (_KIND.OWNED, _KIND.SHARED, _KIND.FOLLOWED)


@dataclass(frozen=True, slots=True)
class Named:
    """A playlist that a name may mean."""

    playlist_id: str
    title: str
    owner: str


class ListNotFound(CommandFailed):
    """A word names none of the caller's playlists, or several."""


class VersionNotFound(CommandFailed):
    """A word names no version of a playlist, or several."""


def looks_like_id(word: str) -> bool:
    """Whether a word is a ULID, in whichever case."""
    return is_ulid(word.upper())


def folded(text: str) -> str:
    """A name as people compare names: without case, invisible characters and doubled spaces."""
    seen = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def choose_list(word: str, candidates: Sequence[Named]) -> Named:
    """The one playlist that a word means: by its name, else how the name begins, else its id.

    Raises ListNotFound, with the candidates where there are several.
    """
    wanted = folded(word)
    by_id = [each for each in candidates if each.playlist_id == word.upper()]
    same = [each for each in candidates if folded(each.title) == wanted]
    begun = [each for each in candidates if wanted and folded(each.title).startswith(wanted)]
    tails = [
        each
        for each in candidates
        if len(word) >= _SHORTEST_PART and each.playlist_id.endswith(word.upper())
    ]
    for found in (by_id, same, begun, tails):
        if len(found) == 1:
            return found[0]
        if found:
            raise ListNotFound(_ambiguous(word, found))
    raise ListNotFound(
        f"none of your playlists is called {plain(word)!r}; see them all: segue playlist list"
    )


def _ambiguous(word: str, found: Sequence[Named]) -> str:
    lines = [f"{len(found)} playlists go by {plain(word)!r}; say which by the end of its id:"]
    lines += [
        f"  {each.playlist_id[-SHORT_ID:]}  {plain(each.title)} (of {plain(each.owner)})"
        for each in found[:_SHOWN_CANDIDATES]
    ]
    if len(found) > _SHOWN_CANDIDATES:
        lines.append(f"  and {len(found) - _SHOWN_CANDIDATES} more")
    return "\n".join(lines)


async def playlists_of_kind(client: MeshClient, kind: Any) -> AsyncIterator[Any]:
    """Every Playlist of the caller of one ListPlaylistsRequest.Kind."""
    request = playlist_service_pb2.ListPlaylistsRequest(kind=kind, page_size=PAGE)
    async for answer in pages(client, client.playlists.ListPlaylists, request):
        for playlist in answer.playlists:
            yield playlist


async def find_list(client: MeshClient, word: str, kinds: Iterable[Any] = _IN_USE) -> str:
    """The id of the playlist that a word means. A whole ULID is taken as it is."""
    if looks_like_id(word):
        return word.upper()
    found: dict[str, Named] = {}
    for kind in kinds:
        async for each in playlists_of_kind(client, kind):
            found[each.playlist_id] = Named(each.playlist_id, each.title, each.owner)
    return choose_list(word, list(found.values())).playlist_id


async def find_deleted_list(client: MeshClient, word: str) -> str:
    """The id of the deleted playlist that a word means."""
    return await find_list(client, word, (_KIND.DELETED,))


async def read_playlist(client: MeshClient, word: str) -> Any:
    """The Playlist that a word means."""
    request = playlist_service_pb2.GetPlaylistRequest(playlist_id=await find_list(client, word))
    return (await client.call(client.playlists.GetPlaylist, request)).playlist


def as_revision(word: str) -> int | None:
    """The number of a version where the word is one; a ULID begins with 0 for centuries."""
    return int(word) if re.fullmatch("[1-9][0-9]{0,6}", word) else None


def choose_version(word: str, snapshots: Iterable[Any]) -> Any:
    """The one Snapshot that a word means: its number, or how its id begins.

    Raises VersionNotFound.
    """
    revision = as_revision(word)
    if revision is not None:
        found = [each for each in snapshots if each.revision == revision]
    elif len(word) < _SHORTEST_PART:
        found = []
    else:
        found = [each for each in snapshots if each.snapshot_id.startswith(word.upper())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise VersionNotFound(
            f"the playlist has no version {plain(word)!r}; see them all: segue playlist log"
        )
    numbers = ", ".join(str(each.revision) for each in found[:_SHOWN_CANDIDATES])
    raise VersionNotFound(
        f"{len(found)} versions begin with {plain(word)!r} ({numbers}); say the number of one"
    )


async def snapshots(client: MeshClient, playlist_id: str, most: int = 0) -> AsyncIterator[Any]:
    """The versions of a playlist, the newest first; ``most`` 0: all of them."""
    request = snapshot_service_pb2.ListSnapshotsRequest(
        playlist_id=playlist_id, page_size=min(most or PAGE, PAGE)
    )
    told = 0
    async for answer in pages(client, client.snapshots.ListSnapshots, request):
        for snapshot in answer.snapshots:
            yield snapshot
            told += 1
            if told == most:
                return


async def find_version(client: MeshClient, playlist_id: str, word: str) -> Any:
    """The Snapshot of a playlist that a word means."""
    if looks_like_id(word):
        request = snapshot_service_pb2.GetSnapshotRequest(
            playlist_id=playlist_id, snapshot_id=word.upper()
        )
        return (await client.call(client.snapshots.GetSnapshot, request)).snapshot
    revision = as_revision(word)
    seen = []
    async for snapshot in snapshots(client, playlist_id):
        seen.append(snapshot)
        if revision is not None and snapshot.revision <= revision:
            break
    return choose_version(word, seen)


@dataclass(frozen=True, slots=True)
class Listing:
    """The PlaylistTracks of one version, or the first of them; ``track_count`` counts all."""

    snapshot_id: str
    tracks: Sequence[Any]
    track_count: int


async def read_tracks(
    client: MeshClient, playlist_id: str, snapshot_id: str = "", most: int = 0
) -> Listing:
    """The tracks of one version; ``snapshot_id`` empty: the newest, ``most`` 0: all of them."""
    request = playlist_service_pb2.ListTracksRequest(
        playlist_id=playlist_id, snapshot_id=snapshot_id, page_size=min(most or PAGE, PAGE)
    )
    tracks: list[Any] = []
    async for answer in pages(client, client.playlists.ListTracks, request):
        tracks += answer.tracks
        snapshot_id, total = answer.snapshot_id, answer.total_count
        if 0 < most <= len(tracks):
            break
    return Listing(snapshot_id, tracks[:most] if most else tracks, total)


async def read_version(client: MeshClient, playlist_id: str, word: str | None) -> Listing:
    """All tracks of the version that a word means; None: the newest."""
    if word is None:
        return await read_tracks(client, playlist_id)
    version = await find_version(client, playlist_id, word)
    return await read_tracks(client, playlist_id, version.snapshot_id)


def parse_numbers(words: Sequence[str], last: int) -> list[int]:
    """Places in a list of ``last`` entries, from 1 and as written: ``3``, ``5-8``, ``1,4``.

    Raises CommandFailed for what is no place in the list.
    """
    numbers: dict[int, None] = {}
    for word in filter(None, ",".join(words).split(",")):
        match = re.fullmatch(r"([0-9]{1,6})(?:(?:-|\.\.)([0-9]{1,6}))?", word)
        if match is None:
            raise CommandFailed(f"{plain(word)!r} is no number; write 3, or 5-8 for several")
        first, end = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= end <= last:
            raise CommandFailed(f"{word} is not in the list: it has the numbers 1 to {last}")
        numbers.update(dict.fromkeys(range(first, end + 1)))
    if not numbers:
        raise CommandFailed("say which entries, by the numbers that segue playlist show tells")
    return list(numbers)


def role_words(role: int) -> str:
    """A Collaborator.Role in a word."""
    return "" if not role else playlist_pb2.Collaborator.Role.Name(role).lower()  # type: ignore[arg-type]
