"""``segue discover``: the list of the week, why each track is in it, and playing it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter
from segue.rec.v1 import recommendation_service_pb2 as pb

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.performing import Interruption
from player.commands.playing import DEFAULT_DEVICE, play_here, summary
from player.commands.recommending import show_recommended
from player.commands.terminal_text import say
from player.commands.wishes import Wish, request_of
from player.mesh_client import MeshClient, acting_as
from player.wiring import PlayerOptions


def discover(
    *,
    play: Annotated[bool, Parameter(negative=())] = False,
    sink: Literal["auto", "sound", "null"] = "auto",
    seconds: float | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show Discover Weekly: tracks that you have not heard, the same until Monday, and why.

    Parameters
    ----------
    play
        Play them here, from the first one on.
    sink
        sound needs a sound device, null plays silence in real time, auto takes what there is.
    seconds
        Stop after this many seconds of music.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            answer = await client.call(
                client.recommendations.GetDiscoverWeekly, pb.GetDiscoverWeeklyRequest()
            )
            await _show(client, answer)
            if not play or not answer.tracks:
                return 0
            options, interruption = PlayerOptions(sink=sink), Interruption()
            request = request_of(_wish(answer), DEFAULT_DEVICE)
            status = await play_here(
                client, request, options, seconds=seconds, interruption=interruption
            )
        say(summary(status))
        return interruption.exit_status

    return run(work())


async def _show(client: MeshClient, answer: Any) -> None:
    replaced = answer.replaced_at.ToDatetime()
    say(("Discover Weekly", "bold"), f", {answer.week}, until {replaced:%d %B, %H:%M} UTC")
    await show_recommended(client, answer)
    if answer.tracks and answer.is_short:
        say(("There is no more that you have not heard.", "dim"))
    if answer.playlist_id:
        say((f"Your playlist {answer.playlist_id}: segue discover --play", "dim"))
    elif answer.tracks:
        say(("It is not among your playlists yet.", "dim"))


def _wish(answer: Any) -> Wish:
    """The playlist, from the list that was shown; raises CommandFailed while there is none."""
    if not answer.playlist_id:
        raise CommandFailed("it is not among your playlists yet; try again in a minute")
    source = {"playlist_id": answer.playlist_id, "shown_id": answer.shown_id}
    return Wish("Discover Weekly", {"source": source})
