"""``segue playlist watch``: the changes of a playlist as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from segue.playlist.v1 import playlist_service_pb2

from meshkit.faults import OutOfRange, Unavailable
from meshkit.status import fault_of
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.playlist_changes import change_lines, version_words
from player.commands.playlist_names import List, find_list
from player.commands.terminal_text import count, say, say_lines
from player.mesh_client import MeshClient, acting_as

_END = playlist_service_pb2.WatchPlaylistResponse.End
_GO_ON = (_END.DRAINING, _END.TOKEN_EXPIRED)
_AGAIN_S = 0.5


def watch(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Show who changes what in a playlist as it happens, until Ctrl-C."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            first = True
            async for step in watch_playlist(client, playlist_id):
                show_step(step, first)
                first = False
                if step.end == _END.DELETED:
                    say("the playlist was deleted")
                elif step.end:
                    raise CommandFailed(_words_of_end(step.end))
        return 0

    return run(work())


async def watch_playlist(client: MeshClient, playlist_id: str) -> AsyncIterator[Any]:
    """Every WatchPlaylistResponse that tells something, across cut streams and ended tokens.

    The last one says why the watching is over. Raises the service's fault where it cannot go on.
    """
    request = playlist_service_pb2.WatchPlaylistRequest(playlist_id=playlist_id)
    while True:
        try:
            call = client.playlists.WatchPlaylist(request, metadata=await client.metadata())
            async for step in call:
                request.resume_token = step.resume_token or request.resume_token
                if step.end in _GO_ON:
                    break
                yield step
                if step.end:
                    return
            call.cancel()
        except grpc.aio.AioRpcError as error:
            _pass_over(error, request)
        except Unavailable as fault:
            say((f"{fault.message}; trying again", "dim"))
        await asyncio.sleep(_AGAIN_S)


def _pass_over(error: grpc.aio.AioRpcError, request: Any) -> None:
    """Readies the request for another try; raises the fault where none would help."""
    fault = fault_of(error)
    if isinstance(fault, OutOfRange):
        say(("changes were missed; going on from the state as it is now", "dim"))
        request.resume_token = ""
    elif not (isinstance(fault, Unavailable) or fault.reason == "TOKEN_EXPIRED"):
        raise fault from error


def show_step(step: Any, first: bool) -> None:
    """Prints what a message tells; the first one, the state of the playlist."""
    if first and step.HasField("playlist"):
        tracks = count(step.playlist.track_count, "track")
        say((step.playlist.title, "bold"), f"  of {step.playlist.owner}, {tracks}; watching")
    for snapshot in step.snapshots:
        say((version_words(snapshot), "bold"))
    say_lines(change_lines(step.changes))
    if step.reload:
        say(("more changed than is shown: segue playlist show LIST", "dim"))


def _words_of_end(end: int) -> str:
    if end == _END.ACCESS_LOST:
        return "you may not see this playlist any more; ask its owner"
    return "your sign-in was revoked; start the command again"
