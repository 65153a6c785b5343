"""``segue recommend`` and ``segue similar``: home, tracks that go with others, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1.recommended_track_pb2 import RecommendationSource

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import List, find_list
from player.commands.searching import best_track
from player.commands.terminal_text import cell, say, show_table, track_words
from player.mesh_client import MeshClient, acting_as

_MOST = 100
_NOTHING = "There is nothing to recommend yet. Import music: segue import FOLDER"
_MADE_FROM = {
    RecommendationSource.PERSONAL: "",
    RecommendationSource.CONTENT: "No model knows these: by what they are of, then popular.",
    RecommendationSource.POPULAR: "Nothing is known to go by: what many listen to.",
}


def recommend(
    name: List | None = None,
    /,
    *,
    limit: int = 20,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show what to hear next, and why: shelves for you, or what goes with one of your playlists.

    Parameters
    ----------
    limit
        How many tracks at most beside a playlist, 1 to 100.
    """

    async def work() -> int:
        _require_limit(limit)
        async with acting_as(folder, user) as client:
            if name is None:
                return await _home(client)
            playlist_id = await find_list(client, name)
            request = pb.ListPlaylistRecommendationsRequest(playlist_id=playlist_id, limit=limit)
            call = client.recommendations.ListPlaylistRecommendations
            return await show_recommended(client, await client.call(call, request))

    return run(work())


def similar(*words: str, limit: int = 20, user: User = None, folder: Folder = None) -> int:
    """Show tracks that are liked by those who like a track.

    Parameters
    ----------
    words
        The track, as for segue search; or its id.
    limit
        How many at most, 1 to 100.
    """

    async def work() -> int:
        _require_limit(limit)
        if not words:
            raise CommandFailed("say which track: segue similar WORDS")
        async with acting_as(folder, user) as client:
            track_id = track_id_of(words[0]) if len(words) == 1 else None
            if track_id is None:
                track = await best_track(client, " ".join(words))
                say("Like ", (track_words(track), "bold"))
                track_id = track.id
            request = pb.ListSimilarTracksRequest(track_id=track_id, limit=limit)
            call = client.recommendations.ListSimilarTracks
            return await show_recommended(client, await client.call(call, request))

    return run(work())


def _require_limit(limit: int) -> None:
    if not 1 <= limit <= _MOST:
        raise CommandFailed(f"--limit must be 1 to {_MOST}")


async def _home(client: MeshClient) -> int:
    """Shows all shelves, and tells that they were seen."""
    answer = await client.call(client.recommendations.GetHome, pb.GetHomeRequest())
    if not answer.shelves:
        say(_NOTHING)
        return 0
    for shelf in answer.shelves:
        say((shelf.title, "bold"))
        _show(shelf.tracks)
    if shown_ids := [shelf.shown_id for shelf in answer.shelves if shelf.shown_id]:
        await _tell_shown(client, shown_ids)
    return 0


async def show_recommended(client: MeshClient, answer: Any) -> int:
    """Shows a list, and tells that it was seen."""
    if not answer.tracks:
        say(_NOTHING)
        return 0
    if words := _MADE_FROM.get(answer.source.kind):
        say((words, "dim"))
    _show(answer.tracks)
    await _tell_shown(client, [answer.shown_id])
    return 0


def _show(tracks: Iterable[Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Track", "Score", "Why"):
        table.add_column(heading)
    for each in tracks:
        table.add_row(cell(track_words(each)), f"{each.score:.2f}", cell(each.reason, "dim"))
    show_table(table)


async def _tell_shown(client: MeshClient, shown_ids: Sequence[str]) -> None:
    request = pb.ReportShownRequest(shown_ids=shown_ids)
    await client.call(client.recommendations.ReportShown, request)
