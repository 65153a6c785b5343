"""What is played from: asked of its owner when it is played, then kept as it was."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from meshkit.aging import AgingCache
from meshkit.faults import Fault, NotFound
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Blobs, PlayQueue
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.radio import RadioProgress, first_block
from playback_svc.ports.clients import Catalogue, Playlists
from playback_svc.ports.player_states import PlayerStateStore
from playback_svc.ports.radios import RadioRequest, Radios
from playback_svc.usecases.commander import BodyGone

_CACHED_BYTES = 64_000_000
_CACHED_S = 3_600.0

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class Source:
    """What to play from. ``track_ids`` are those of TRACKS; the others have an id."""

    kind: ContextKind
    source_id: str = ""
    track_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """What there is to play of a source; ``radio`` is how far a radio has come by that."""

    listing: Listing
    radio: RadioProgress | None = None


class Contexts:
    """Finds contexts, and the bodies that states name.

    Bodies never change, so that they are kept in this instance by their names.
    """

    def __init__(
        self,
        store: PlayerStateStore,
        catalogue: Catalogue,
        playlists: Playlists,
        radios: Radios,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._playlists = playlists
        self._radios = radios
        self._bodies: AgingCache[str, bytes] = AgingCache(_CACHED_BYTES, _CACHED_S, time.monotonic)

    async def open(self, source: Source, playing_id: str) -> Opened:
        """The entries of a source as they are now, of a radio its first block.

        ``playing_id`` names the playing that begins: a radio gives it the same block each time.
        Raises NotFound.
        """
        if source.kind is not ContextKind.RADIO:
            return Opened(await self._listing(source))
        block = await self._radios.block(RadioRequest(source.source_id, playing_id, 1))
        listing = Listing.of(Entry(track_id) for track_id in block.track_ids)
        return Opened(listing, first_block(playing_id, block.shown_id, len(listing)))

    async def _listing(self, source: Source) -> Listing:
        if source.kind is ContextKind.PLAYLIST:
            return await self._playlists.playlist(source.source_id)
        if source.kind is ContextKind.ALBUM:
            return await self._catalogue.album(source.source_id)
        if source.kind is ContextKind.ARTIST:
            return await self._catalogue.artist(source.source_id)
        return Listing.of(Entry(track_id) for track_id in source.track_ids)

    async def artists(self, listing: Listing) -> Sequence[bytes] | None:
        """Whose the entries are. Fails OPEN: without the catalogue a shuffle spreads nobody."""
        try:
            return await self._catalogue.artists(listing)
        except Fault as fault:
            _log.warning("shuffled without artists", reason=fault.reason)
            return None

    async def blobs(self, user_id: str, queue: PlayQueue) -> Blobs:
        """The bodies that ``queue`` names. Raises BodyGone where it is out of date."""
        context = queue.context
        if context is None:
            return Blobs()
        listing = Listing(await self._body(user_id, context.listing_id))
        order = await self._body(user_id, context.order_id) if context.order_id else None
        return Blobs(listing, order)

    async def with_state(self, user_id: str) -> tuple[PlayerState, Blobs] | None:
        """The user's state and the bodies that it names, of one moment; None without a state.

        For reads that were overtaken by a command: what :meth:`blobs` was to find is gone then.
        """
        found = await self._store.with_bodies(user_id)
        if found is None:
            return None
        state, bodies = found
        context = state.queue.context
        if context is None:
            return state, Blobs()
        order = bodies[context.order_id] if context.order_id else None
        return state, Blobs(Listing(bodies[context.listing_id]), order)

    async def _body(self, user_id: str, name: str) -> bytes:
        body = self._bodies.get(name)
        if body is None:
            body = await self._store.blob(user_id, name)
            if body is None:
                raise BodyGone
            self._bodies.keep(name, body, time.monotonic(), weight=len(body))
        return body


def start_of(listing: Listing, track_id: str, item_id: str) -> int | None:
    """Where to begin; None where nothing was asked for. Raises NotFound for what is not in it."""
    if item_id:
        index = listing.find_item(item_id)
        if index is None:
            raise NotFound(
                "The playlist has no such entry.", metadata={"resource": "item", "id": item_id}
            )
        return index
    if track_id:
        index = listing.find_track(track_id)
        if index is None:
            raise NotFound(
                "The track is not in it.", metadata={"resource": "track", "id": track_id}
            )
        return index
    return None
