"""``segue playlist watch``: the changes of a playlist as they happen."""

from __future__ import annotations

from typing import Any

from segue.playlist.v1 import playlist_service_pb2

from meshkit.stream_ends import Reason, StreamEnded
from player.commands.following import followed
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.playlist_changes import change_lines, version_words
from player.commands.playlist_names import List, find_list
from player.commands.terminal_text import count, plain, say, say_lines
from player.mesh_client import MeshClient, acting_as

_WORDS: dict[str, str] = {
    Reason.ACCESS_LOST: "you may not see this playlist any more; ask its owner",
    Reason.TOKEN_REVOKED: "your sign-in was revoked; start the command again",
}


def watch(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Show who changes what in a playlist as it happens, until Ctrl-C."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            try:
                await _show(client, playlist_id)
            except StreamEnded as ended:
                if ended.reason != Reason.DELETED:
                    raise CommandFailed(_WORDS.get(ended.reason, plain(ended.message))) from None
                say("the playlist was deleted")
        return 0

    return run(work())


async def _show(client: MeshClient, playlist_id: str) -> None:
    """Prints every change. Raises StreamEnded when there will be no more of them."""
    request = playlist_service_pb2.WatchPlaylistRequest(playlist_id=playlist_id)
    first = True
    watch = client.playlists.WatchPlaylist
    async for answer in followed(client, watch, request, on_missed=_say_missed):
        show_update(answer.update, first=first)
        first = False


def _say_missed() -> None:
    say(("changes were missed; going on from the state as it is now", "dim"))


def show_update(update: Any, *, first: bool) -> None:
    """Prints what a message tells; the first one, the state of the playlist."""
    if first:
        tracks = count(update.playlist.track_count, "track")
        say((update.playlist.title, "bold"), f"  of {update.playlist.owner}, {tracks}; watching")
    for snapshot in update.snapshots:
        say((version_words(snapshot), "bold"))
    say_lines(change_lines(update.changes))
    if update.reload:
        say(("more changed than is shown: segue playlist show LIST", "dim"))
