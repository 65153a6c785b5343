"""``segue radio``: an endless list from a track, an artist, a playlist or one's own listening."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from cyclopts import Parameter
from segue.playback.v1 import playback_service_pb2
from segue.playback.v1.play_source_pb2 import PlaySource
from segue.rec.v1 import radio_service_pb2 as pb

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.people import find_artist
from player.commands.performing import Interruption
from player.commands.playing import DEFAULT_DEVICE, play_here, summary
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import find_list
from player.commands.recommending import show_recommended
from player.commands.terminal_text import count, plain, say
from player.commands.wishes import find_track
from player.mesh_client import MeshClient, acting_as
from player.wiring import PlayerOptions

_MOST = 50


def radio(
    *words: str,
    artist: Annotated[str | None, Parameter(help="Start from an artist: name or id.")] = None,
    playlist: Annotated[str | None, Parameter(help="Start from a playlist: name or id.")] = None,
    mine: Annotated[bool, Parameter(negative=())] = False,
    play: Annotated[bool, Parameter(negative=())] = False,
    limit: int = 20,
    sink: Literal["auto", "sound", "null"] = "auto",
    speed: float = 1.0,
    seconds: float | None = None,
    device: str = DEFAULT_DEVICE,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Start a radio, and play it, or show the first tracks that it gives, and why.

    What you skip and save in it steers it. Keys are those of segue play.

    Parameters
    ----------
    words
        The track to start from, as for segue search; or its id.
    mine
        Start from what you listen to.
    play
        Play it, without an end, in place of showing what it gives.
    limit
        How many tracks to show at most, 1 to 50.
    sink
        sound needs a sound device, null plays silence in real time, auto takes what there is.
    speed
        Play silently this many times faster than real time.
    seconds
        Stop after this many seconds of music.
    device
        The name of this device to the playback service.
    """

    async def work() -> int:
        if not 1 <= limit <= _MOST:
            raise CommandFailed(f"--limit must be 1 to {_MOST}")
        async with acting_as(folder, user) as client:
            radio_id = await _started(client, words, artist, playlist, mine=mine)
            if not play:
                return await _shown(client, radio_id, limit)
            interruption = Interruption()
            request = playback_service_pb2.PlayRequest(
                source=PlaySource(radio_id=radio_id), device_id=device, request_id=new_id()
            )
            options = PlayerOptions(sink=sink, speed=speed)
            status = await play_here(
                client, request, options, seconds=seconds, interruption=interruption
            )
        say(summary(status))
        return interruption.exit_status

    return run(work())


async def _shown(client: MeshClient, radio_id: str, limit: int) -> int:
    request = pb.ListNextTracksRequest(radio_id=radio_id, limit=limit, request_id=new_id())
    answer = await client.call(client.radios.ListNextTracks, request)
    await show_recommended(client, answer)
    if answer.repeated_count:
        repeated = count(answer.repeated_count, "track")
        say((f"{repeated} of them played within two days: nothing else is left.", "dim"))
    return 0


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
