"""The names of what a Playback, or a play, tells by id: devices, and what is played from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue.catalog.v1 import catalog_service_pb2
from segue.playback.v1 import play_source_pb2
from segue.playlist.v1 import playlist_service_pb2
from segue.rec.v1 import radio_service_pb2

from meshkit.faults import Fault
from player.commands.device_names import list_devices
from player.mesh_client import MeshClient

_CONTEXT = play_source_pb2.ContextRef.Kind


@dataclass(frozen=True, slots=True)
class Named:
    """Names for a Playback: of its device, and of what it is played from. Empty: none is known."""

    device: str = ""
    source: str = ""


class KnownNames:
    """Looks names up for one user, each once. What cannot be looked up has no name."""

    def __init__(self, client: MeshClient) -> None:
        self._client = client
        self._devices: dict[str, str] = {}
        self._sources: dict[tuple[int, str], str] = {}

    async def of(self, playback: Any) -> Named:
        """The names for a Playback."""
        ref = playback.context.ref if playback.HasField("context") else None
        source = "" if ref is None else await self.source(ref)
        return Named(await self.device(playback.device_id), source)

    async def device(self, device_id: str) -> str:
        """The name of a device."""
        if device_id not in self._devices:
            try:
                devices = await list_devices(self._client)
            except Fault:
                devices = []
            self._devices = {device_id: "", **{each.device_id: each.name for each in devices}}
        return self._devices[device_id]

    async def source(self, ref: Any) -> str:
        """The name of the playlist, album, artist or radio of a ContextRef."""
        key = (ref.kind, ref.id)
        if key not in self._sources:
            try:
                self._sources[key] = await self._look_up(ref)
            except Fault:
                # Deleted since, or not the caller's to see any more.
                self._sources[key] = ""
        return self._sources[key]

    async def _look_up(self, ref: Any) -> str:
        client = self._client
        if ref.kind == _CONTEXT.PLAYLIST:
            asked = playlist_service_pb2.GetPlaylistRequest(playlist_id=ref.id)
            return str((await client.call(client.playlists.GetPlaylist, asked)).playlist.title)
        if ref.kind == _CONTEXT.ALBUM:
            album = catalog_service_pb2.GetAlbumRequest(id=ref.id)
            return str((await client.call(client.catalog.GetAlbum, album)).album.title)
        if ref.kind == _CONTEXT.ARTIST:
            artist = catalog_service_pb2.GetArtistRequest(id=ref.id)
            return str((await client.call(client.catalog.GetArtist, artist)).artist.name)
        if ref.kind == _CONTEXT.RADIO:
            radio = radio_service_pb2.GetRadioRequest(radio_id=ref.id)
            return str((await client.call(client.radios.GetRadio, radio)).radio.title)
        return ""
