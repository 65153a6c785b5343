"""``segue playlist share``, ``shares``, ``unshare`` and ``accept``: links to playlists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from google.protobuf.duration_pb2 import Duration
from rich.console import Console
from rich.table import Table
from segue.playlist.v1 import playlist_pb2, sharing_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.paging import PAGE, pages
from player.commands.playlist_names import SHORT_ID, List, find_list, read_playlist, role_words
from player.commands.terminal_text import cell, plain, say, show_table, when
from player.mesh_client import MeshClient, acting_as

_ROLE = playlist_pb2.Collaborator.Role
_PRIVATE = playlist_pb2.Playlist.Visibility.PRIVATE
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LEAST_S, _MOST_S = 60, 31_536_000


def parse_lifetime(word: str) -> int:
    """Seconds from ``7d``, ``12h``, ``30m``, ``2w`` or ``90s``. Raises CommandFailed."""
    match = re.fullmatch("([0-9]{1,9})([smhdw])", word.strip().lower())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not _LEAST_S <= seconds <= _MOST_S:
        raise CommandFailed(f"--expires {plain(word)}: write 30m, 12h or 7d, from 1m to 365d")
    return seconds


def code_of(word: str) -> str:
    """The code of a link, or the code itself. Raises CommandFailed."""
    code = word.strip().rstrip("/").rpartition("/")[2]
    if not re.fullmatch("[0-9A-Za-z]{1,64}", code):
        raise CommandFailed(f"{plain(word)!r} is neither a link nor its code")
    return code


def share(
    name: List,
    /,
    *,
    role: Literal["editor", "viewer"] | None = None,
    expires: str | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Make a link to a playlist of yours and print it. It is told this once.

    Parameters
    ----------
    role
        Invite who has the link to become editor or viewer. Default: the link shows the playlist.
    expires
        When it ends, such as 12h or 7d. Default: 7d with a role, never without.
    """

    async def work() -> int:
        expires_in = Duration(seconds=parse_lifetime(expires)) if expires is not None else None
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            request = sharing_service_pb2.CreateShareRequest(
                playlist_id=playlist.playlist_id,
                role=_ROLE.Value(role.upper()) if role else 0,  # type: ignore[arg-type]
                expires_in=expires_in,
                request_id=new_id(),
            )
            answer = await client.call(client.sharing.CreateShare, request)
        say(f"{client.mesh.edge}{answer.path}")
        if role is None and playlist.visibility == _PRIVATE:
            words = f"{playlist.title} is private: the link leads nowhere until you say: "
            warning = f"{words}segue playlist visibility LIST link"
            say(warning, console=Console(stderr=True, highlight=False))
        return 0

    return run(work())


def shares(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Show the links of a playlist of yours, without their codes."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            found = await _links(client, await find_list(client, name))
        if not found:
            say("it has no links; make one: segue playlist share LIST")
            return 0
        table = Table(box=None, header_style="bold", pad_edge=False)
        for heading in ("Id", "Made", "Gives", "Ends", "Accepted", ""):
            table.add_column(heading)
        for each in found:
            table.add_row(*_row(each))
        show_table(table)
        return 0

    return run(work())


def _row(link: Any) -> Sequence[Any]:
    return (
        cell(link.share_id[-SHORT_ID:]),
        cell(when(link.created_at), "dim"),
        role_words(link.role) or "a look",
        when(link.expires_at) if link.HasField("expires_at") else "never",
        f"{link.accepted_count:,}",
        "revoked" if link.revoked else "",
    )


async def _links(client: MeshClient, playlist_id: str) -> list[Any]:
    request = sharing_service_pb2.ListSharesRequest(playlist_id=playlist_id, page_size=PAGE)
    found: list[Any] = []
    async for answer in pages(client, client.sharing.ListShares, request):
        found += answer.shares
    return found


def unshare(
    name: List,
    link: Annotated[str | None, Parameter(name="LINK")] = None,
    /,
    *,
    all_links: Annotated[bool, Parameter(name="--all", negative=(), show_default=False)] = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """End a link at once. Who became a collaborator by it stays one.

    Parameters
    ----------
    link
        The id of the link that segue playlist shares shows, or how it ends.
    all_links
        End all links of the playlist.
    """

    async def work() -> int:
        if (link is None) != all_links:
            raise CommandFailed("say which link, as segue playlist shares names it, or --all")
        async with acting_as(folder, user) as client:
            playlist_id = await find_list(client, name)
            chosen = [each for each in await _links(client, playlist_id) if not each.revoked]
            if link is not None:
                chosen = [_choose_link(link, chosen)]
            for each in chosen:
                request = sharing_service_pb2.RevokeShareRequest(
                    playlist_id=playlist_id, share_id=each.share_id
                )
                await client.call(client.sharing.RevokeShare, request)
        say(f"ended {len(chosen)} of its links")
        return 0

    return run(work())


def _choose_link(word: str, links: Sequence[Any]) -> Any:
    found = [each for each in links if each.share_id.endswith(word.upper())]
    if len(found) != 1:
        many = "several links end" if found else "no link in force ends"
        raise CommandFailed(f"{many} with {plain(word)!r}; see them: segue playlist shares LIST")
    return found[0]


def accept(
    link: Annotated[str, Parameter(name="LINK", help="The link, or the code at its end.")],
    /,
    *,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Take what a link offers: a role in a playlist, or following it."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = sharing_service_pb2.AcceptShareRequest(code=code_of(link))
            playlist = (await client.call(client.sharing.AcceptShare, request)).playlist
        role = role_words(playlist.role)
        what = f"you are {role} of" if role else "you follow"
        say(f"{what} {playlist.title} of {playlist.owner} now ({playlist.playlist_id[-SHORT_ID:]})")
        return 0

    return run(work())
