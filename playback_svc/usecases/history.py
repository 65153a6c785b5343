"""What a user has listened to, and the plays of all users as they are entered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from meshkit.faults import Fault
from playback_svc.domain.player_state import Track
from playback_svc.domain.plays import PlayRecord
from playback_svc.ports.clients import Catalogue
from playback_svc.ports.player_states import NO_TRACK
from playback_svc.ports.plays import Plays

_MOST_NAMED = 500

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A play and its track, of which only the id is known where the catalogue did not answer."""

    play: PlayRecord
    track: Track


class ListHistory:
    """Reads a user's plays, the latest first."""

    def __init__(self, plays: Plays, catalogue: Catalogue) -> None:
        self._plays = plays
        self._catalogue = catalogue

    async def __call__(
        self, user_id: str, after: str | None, limit: int, *, distinct: bool
    ) -> Sequence[HistoryEntry]:
        """At most ``limit`` plays below the play id ``after``. Raises Unavailable."""
        plays = await self._plays.page(user_id, after, limit, distinct=distinct)
        tracks = await self._named(list(dict.fromkeys(play.track_id for play in plays)))
        return [
            HistoryEntry(play, tracks.get(play.track_id, nameless(play.track_id))) for play in plays
        ]

    async def _named(self, track_ids: Sequence[str]) -> Mapping[str, Track]:
        found: dict[str, Track] = {}
        for start in range(0, len(track_ids), _MOST_NAMED):
            part = track_ids[start : start + _MOST_NAMED]
            found.update(await names_of(self._catalogue, part))
        return found


async def names_of(catalogue: Catalogue, track_ids: Collection[str]) -> Mapping[str, Track]:
    """The tracks that there are. Fails OPEN: none while the catalogue cannot answer."""
    if not track_ids:
        return {}
    try:
        return await catalogue.tracks(track_ids)
    except Fault as fault:
        _log.warning("tracks not named", reason=fault.reason)
        return {}


def nameless(track_id: str) -> Track:
    """A track of which only the id is known."""
    return replace(NO_TRACK, track_id=track_id)
