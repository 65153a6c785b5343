"""What a person wants to hear, from words to the fields of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.duration_pb2 import Duration
from segue.device.v1 import device_service_pb2
from segue.playback.v1 import playback_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed
from player.commands.people import find_artist
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import find_list
from player.commands.searching import best_track, find
from player.commands.terminal_text import plain, track_words
from player.mesh_client import MeshClient

OBEYED_WITHIN = Duration(seconds=3)
"""How long a sender waits for a device to say that it obeyed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """``fields`` are those that Play and SendCommand share; ``name`` is for people."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)


async def find_wish(
    client: MeshClient,
    words: Sequence[str],
    *,
    playlist: str | None = None,
    album: str | None = None,
    artist: str | None = None,
    shuffle: bool | None = None,
) -> Wish:
    """Finds what the words and the context mean. Raises CommandFailed for nothing or too much."""
    if sum(context is not None for context in (playlist, album, artist)) > 1:
        raise CommandFailed("choose one of --playlist, --album and --artist")
    source: dict[str, str] = {}
    names: list[str] = []
    if words:
        track_id, name = await find_track(client, " ".join(words))
        alone = playlist is None and album is None and artist is None
        source["track_id" if alone else "start_track_id"] = track_id
        names.append(name)
    if playlist is not None:
        source["playlist_id"] = await find_list(client, playlist)
        names.append(f"the playlist {plain(playlist)}")
    if album is not None:
        found = await _find_album(client, album)
        source["album_id"] = found.id
        names.append(f"the album {track_words(found)}")
    if artist is not None:
        somebody = await find_artist(client, artist)
        source["artist_id"] = somebody.id
        names.append(plain(somebody.name))
    if not names:
        raise CommandFailed("say what to play, such as: segue play blue moon")
    fields: dict[str, Any] = {"source": source}
    if shuffle is not None:
        fields["shuffle"] = shuffle
    return Wish(" from ".join(names), fields)


async def find_track(client: MeshClient, query: str) -> tuple[str, str]:
    """The id and the name of the track that words mean; an id is taken as it is."""
    track_id = track_id_of(query)
    if track_id is not None:
        return track_id, f"the track {track_id}"
    track = await best_track(client, query)
    return track.id, track_words(track)


async def _find_album(client: MeshClient, words: str) -> Any:
    albums = (await find(client, words, "album", 1)).albums
    if not albums:
        raise CommandFailed(f"no album is called like {plain(words)!r}")
    return albums[0]


def request_of(wish: Wish, device_id: str) -> Any:
    """The PlayRequest for a device."""
    return playback_service_pb2.PlayRequest(device_id=device_id, request_id=new_id(), **wish.fields)


def command_of(wish: Wish, device_id: str) -> Any:
    """The SendCommandRequest that makes another device play it."""
    request = device_service_pb2.SendCommandRequest(
        device_id=device_id, wait=OBEYED_WITHIN, request_id=new_id()
    )
    request.play.CopyFrom(device_service_pb2.SendCommandRequest.Play(**wish.fields))
    return request
