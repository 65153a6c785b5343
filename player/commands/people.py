"""Users and artists by their names."""

from __future__ import annotations

from typing import Any

from segue.identity.v1 import identity_service_pb2

from meshkit.faults import NotFound
from player.commands.outcome import CommandFailed
from player.commands.playlist_names import folded, looks_like_id
from player.commands.searching import find
from player.commands.terminal_text import plain
from player.mesh_client import MeshClient


async def find_user(client: MeshClient, name: str) -> str:
    """The ULID of the user of a name; a ULID is taken as it is. Raises CommandFailed."""
    if looks_like_id(name):
        return name.upper()
    request = identity_service_pb2.LookupUserRequest(username=name)
    try:
        return str((await client.call(client.users.LookupUser, request)).user.user_id)
    except NotFound as fault:
        raise CommandFailed(f"there is no user {plain(name)!r}; check the spelling") from fault


async def find_artist(client: MeshClient, words: str) -> Any:
    """The artist of a name, as search finds it (id and name). Raises CommandFailed."""
    artists = (await find(client, words, "artist", 10)).artists
    exact = [artist for artist in artists if folded(artist.name) == folded(words)]
    if exact or len(artists) == 1:
        return (exact or artists)[0]
    if not artists:
        raise CommandFailed(f"no artist is called like {plain(words)!r}")
    names = ", ".join(plain(artist.name) for artist in artists)
    raise CommandFailed(f"several artists are called like {plain(words)!r}: {names}")
