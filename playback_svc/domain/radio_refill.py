"""What comes of a context that is a radio when its end is near: the next block behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from playback_svc.domain.listing import RECORD, Entry, Listing
from playback_svc.domain.play_queue import Context, PlayQueue
from playback_svc.domain.radio import REACH_BACK, REFILL_AT, RadioProgress, ShownBlock


@dataclass(frozen=True, slots=True)
class NextBlock:
    """The block that a radio wants: of which playing of it, and which."""

    radio_id: str
    playing_id: str
    number: int


def next_block(queue: PlayQueue) -> NextBlock | None:
    """The next block of what is played from; None where that is no radio."""
    context = queue.context
    if context is None or context.radio is None:
        return None
    radio = context.radio
    return NextBlock(context.source_id, radio.playing_id, radio.last_block + 1)


def wants_refill(queue: PlayQueue) -> bool:
    """Whether a radio is played from of which little follows."""
    context = queue.context
    if context is None or context.radio is None:
        return False
    return context.size - 1 - context.cursor <= REFILL_AT


def append_block(
    queue: PlayQueue,
    listing: Listing,
    *,
    track_ids: Iterable[str],
    shown_id: str,
    listing_id: str,
) -> tuple[PlayQueue, Listing]:
    """The radio with these tracks behind it, and its new body, which ``listing_id`` names.

    What lies more than ``REACH_BACK`` entries before the one that plays is cut. ValueError where
    what is played from is no radio.
    """
    context = queue.context
    if context is None or context.radio is None:
        raise ValueError("what is played from is no radio")
    appended = Listing.of(Entry(track_id) for track_id in track_ids)
    cut = max(0, context.cursor - REACH_BACK)
    body = Listing(listing.packed[cut * RECORD.size :] + appended.packed)
    progress = context.radio.refilled(ShownBlock(shown_id, len(appended)), cut)
    moved = _moved(context, progress, listing_id, len(body), cut)
    return replace(queue, context=moved), body


def shown_ids(queue: PlayQueue) -> frozenset[str]:
    """The lists of the radio that entries are left of; none for no radio."""
    context = queue.context
    if context is None or context.radio is None:
        return frozenset()
    return frozenset(block.shown_id for block in context.radio.blocks)


def _moved(
    context: Context, progress: RadioProgress, listing_id: str, size: int, cut: int
) -> Context:
    return replace(
        context,
        listing_id=listing_id,
        size=size,
        cursor=context.cursor - cut,
        radio=progress,
    )
