"""Where a play came from."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.domain.play_queue import ContextKind, Origin, PlayQueue


@dataclass(frozen=True, slots=True)
class PlayOrigin:
    """``kind`` is None for a track by itself.

    ``shown_id`` names the list on the screen from which it was chosen, '' for none.
    """

    kind: ContextKind | None = None
    context_id: str = ""
    shown_id: str = ""


NOWHERE = PlayOrigin()
"""A track by itself, or from the user queue."""


def context_origin(queue: PlayQueue) -> PlayOrigin:
    """Where the entries of the context come from; NOWHERE where there is none."""
    context = queue.context
    if context is None:
        return NOWHERE
    return PlayOrigin(context.kind, context.source_id, queue.shown_id)


def origin_of(queue: PlayQueue) -> PlayOrigin:
    """Where the track that plays came from."""
    if queue.origin is Origin.CONTEXT:
        return context_origin(queue)
    return PlayOrigin(shown_id=queue.shown_id) if queue.origin is Origin.SINGLE else NOWHERE
