"""``segue radio``: an endless list from a track, an artist, a playlist or one's own listening."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from segue.rec.v1 import radio_service_pb2 as pb

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.people import find_artist
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import find_list
from player.commands.recommending import show_recommended
from player.commands.terminal_text import count, plain, say
from player.commands.wishes import find_track
from player.mesh_client import MeshClient, acting_as

_MOST = 50


def radio(
    *words: str,
    artist: Annotated[str | None, Parameter(help="Start from an artist: name or id.")] = None,
    playlist: Annotated[str | None, Parameter(help="Start from a playlist: name or id.")] = None,
    mine: Annotated[bool, Parameter(negative=())] = False,
    limit: int = 20,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Start a radio, and show the first tracks that it gives, and why.

    Parameters
    ----------
    words
        The track to start from, as for segue search; or its id.
    mine
        Start from what you listen to.
    limit
        How many tracks at most, 1 to 50.
    """

    async def work() -> int:
        if not 1 <= limit <= _MOST:
            raise CommandFailed(f"--limit must be 1 to {_MOST}")
        async with acting_as(folder, user) as client:
            radio_id = await _started(client, words, artist, playlist, mine=mine)
            request = pb.ListNextTracksRequest(radio_id=radio_id, limit=limit, request_id=new_id())
            answer = await client.call(client.radios.ListNextTracks, request)
            await show_recommended(client, answer)
            if answer.repeated_count:
                repeated = count(answer.repeated_count, "track")
                say((f"{repeated} of them played within two days: nothing else is left.", "dim"))
            return 0

    return run(work())


async def _started(
    client: MeshClient,
    words: Sequence[str],
    artist: str | None,
    playlist: str | None,
    *,
    mine: bool,
) -> str:
    """Starts the radio, says what it is called, and returns its id."""
    seed = await _seed(client, words, artist, playlist, mine=mine)
    request = pb.StartRadioRequest(request_id=new_id(), **seed)
    started = (await client.call(client.radios.StartRadio, request)).radio
    say((plain(started.title), "bold"), (f"  {started.radio_id}", "dim"))
    return str(started.radio_id)


async def _seed(
    client: MeshClient,
    words: Sequence[str],
    artist: str | None,
    playlist: str | None,
    *,
    mine: bool,
) -> dict[str, str]:
    """The one field of StartRadio that says from what. Raises CommandFailed for none or several."""
    given = [bool(words), artist is not None, playlist is not None, mine]
    if sum(given) != 1:
        raise CommandFailed(
            "say what to start from: segue radio WORDS, or one of --artist, --playlist and --mine"
        )
    if artist is not None:
        known = track_id_of(artist)
        return {"artist_id": known or (await find_artist(client, artist)).id}
    if playlist is not None:
        return {"playlist_id": await find_list(client, playlist)}
    if mine:
        return {"user_id": (await client.token()).user_id}
    track_id, _ = await find_track(client, " ".join(words))
    return {"track_id": track_id}
