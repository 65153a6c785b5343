"""What friends are shown of someone's listening, and when they are shown nothing."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Origin, PlayQueue
from playback_svc.domain.player_state import PlayerState, Status, Track
from playback_svc.domain.preferences import Preferences

SHOWN_MS = 7 * 24 * 3_600_000
"""What was listened to last is shown for this long."""

# Whether a playlist is public is known to its own service alone, and may change; a list that the
# caller gave is nothing that another could open.
_PUBLIC = (ContextKind.ALBUM, ContextKind.ARTIST)


@dataclass(frozen=True, slots=True)
class Listening:
    """A track that plays, or was played last.

    ``at_ms`` is when it started, or for one that plays no more when it ended. ``context_kind`` is
    None for a track by itself, from the queue, or from what may not be public.
    """

    track: Track
    playing: bool
    at_ms: int
    context_kind: ContextKind | None
    context_id: str


def shared_listening(
    state: PlayerState | None, preferences: Preferences, now_ms: int
) -> Listening | None:
    """What friends are shown of ``state``, which is as of ``now_ms``; None for nothing."""
    if state is None or not preferences.share_activity:
        return None
    if state.private or preferences.private_session:
        return None
    playing = state.status is Status.PLAYING
    at_ms = state.play_started_at_ms if playing else state.position_at_ms
    if not playing and now_ms - at_ms > SHOWN_MS:
        return None
    return Listening(state.track, playing, at_ms, *_context(state.queue))


def _context(queue: PlayQueue) -> tuple[ContextKind | None, str]:
    context = queue.context if queue.origin is Origin.CONTEXT else None
    if context is None or context.kind not in _PUBLIC:
        return None, ""
    return context.kind, context.source_id
