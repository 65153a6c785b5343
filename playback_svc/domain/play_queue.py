"""What plays next: a context in its order, a user queue on top, repeat and shuffle.

Pure functions from one :class:`PlayQueue` to the next; chance and new ids are given. A *context*
is what was chosen to play from, frozen at that moment; its *cursor* stands on its entry that was
played last, and stays there while entries of the user queue play.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from meshkit.faults import FailedPrecondition
from playback_svc.domain.listing import RECORD, Entry, Listing
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.radio import RadioProgress
from playback_svc.domain.shuffling import place, shuffled

RESTART_AFTER_MS: Final = 3_000
"""Beyond this position, going back restarts the track."""

Stored = tuple[str, bytes]
"""A new order that the caller must store: its id, and its body as of :func:`shuffled`."""


class Repeat(StrEnum):
    """What comes again by itself."""

    OFF = "OFF"
    TRACK = "TRACK"
    CONTEXT = "CONTEXT"


class Origin(StrEnum):
    """Where what plays was taken from; SINGLE is a track played by itself."""

    CONTEXT = "CONTEXT"
    QUEUE = "QUEUE"
    SINGLE = "SINGLE"


@dataclass(frozen=True, slots=True)
class Context:
    """What is played from. ``source_id`` is '' for TRACKS.

    ``cursor`` is the position, in the order of play, of the entry that was played last; -1 before
    the first. ``order_id`` names the shuffled order; None while the listing's own order plays.
    ``radio`` is how far a radio has come, None for all else: it is neither shuffled nor repeated.
    """

    kind: ContextKind
    source_id: str
    listing_id: str
    size: int
    cursor: int = -1
    order_id: str | None = None
    radio: RadioProgress | None = None


@dataclass(frozen=True, slots=True)
class PlayQueue:
    """What plays and what comes, without the bodies that the context names.

    ``queued`` is the user queue, packed as a :class:`Listing`; ``origins`` has, by item, where its
    entries came from, of those of which it was told. ``origin`` and ``item_id`` ('' for none) are
    those of what plays now, ``queued_from`` is where that came from if it was queued. ``shown_id``
    names the list from which the context was begun.
    """

    context: Context | None = None
    queued: bytes = b""
    repeat: Repeat = Repeat.OFF
    shuffle: bool = False
    origin: Origin = Origin.SINGLE
    item_id: str = ""
    shown_id: str = ""
    origins: Mapping[str, PlayOrigin] = field(default_factory=dict)
    queued_from: PlayOrigin = NOWHERE


@dataclass(frozen=True, slots=True)
class Blobs:
    """The bodies that the context names; the functions that need one raise ValueError without."""

    listing: Listing | None = None
    order: bytes | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What plays now, the queue with it, and a new order to store."""

    entry: Entry
    queue: PlayQueue
    stored: Stored | None = None


class Upcoming(NamedTuple):
    """One entry that is to come; ``came_from`` is what is known of where it is from."""

    origin: Origin
    entry: Entry
    came_from: PlayOrigin


def begin(
    queue_before: PlayQueue | None,
    kind: ContextKind,
    source_id: str,
    listing_id: str,
    listing: Listing,
    *,
    start: int | None = None,
    shuffle: bool | None = None,
    repeat: Repeat | None = None,
    radio: RadioProgress | None = None,
    artists: Sequence[bytes] | None = None,
    rng: Random,
    new_id: Callable[[], str],
) -> Step:
    """A new context, from its entry at ``start``; without it from the first, or shuffled from any.

    Keeps the user queue, and shuffle and repeat where they are not given; a radio switches off the
    shuffle and the repeat of what was played from before. ``artists`` has the artist of each entry.
    FailedPrecondition (CONTEXT_EMPTY, NOT_IN_RADIO) when there is nothing to play, or a radio is to
    be shuffled or repeated; IndexError when there is no entry at ``start``.
    """
    size = len(listing)
    if not size:
        raise FailedPrecondition("There is nothing to play in it.", reason="CONTEXT_EMPTY")
    if start is not None and not 0 <= start < size:
        raise IndexError(start)
    queue = queue_before or PlayQueue()
    queue = replace(
        queue,
        shuffle=queue.shuffle if shuffle is None else shuffle,
        repeat=queue.repeat if repeat is None else repeat,
    )
    if radio is not None:
        queue = _as_radio_plays(queue, shuffle=shuffle, repeat=repeat)
    context = Context(kind, source_id, listing_id, size, radio=radio)
    blobs = Blobs(listing)
    if not queue.shuffle:
        return _at(queue, context, blobs, start or 0)
    order = shuffled(size, first=start, artists=artists, rng=rng)
    return _in_new_order(queue, context, blobs, order, new_id)


def after(
    queue: PlayQueue,
    blobs: Blobs,
    *,
    ended: bool,
    current: Entry,
    rng: Random,
    new_id: Callable[[], str],
    artists: Sequence[bytes] | None = None,
) -> Step | None:
    """What follows ``current``, which came to its end (``ended``) or is skipped; None at the end.

    An ended track comes again under repeat TRACK. A shuffled context that is repeated gets a new
    order at each turn, which uses ``artists`` when :func:`begins_new_turn` says so.
    """
    if ended and queue.repeat is Repeat.TRACK:
        return Step(current, queue)
    if queue.queued:
        return _first_queued(queue)
    context = queue.context
    if context is None:
        return None
    if context.cursor + 1 < context.size:
        return _at(queue, context, blobs, context.cursor + 1)
    if queue.repeat is not Repeat.CONTEXT:
        return None
    if context.order_id is None:
        return _at(queue, context, blobs, 0)
    played = _index(blobs, context, context.cursor)
    order = shuffled(context.size, artists=artists, rng=rng, avoid_first=played)
    return _in_new_order(queue, context, blobs, order, new_id)


def begins_new_turn(queue: PlayQueue) -> bool:
    """Whether :func:`after` will make a new shuffled order, and so wants the artists."""
    context = queue.context
    return (
        context is not None
        and context.order_id is not None
        and context.cursor + 1 >= context.size
        and not queue.queued
        and queue.repeat is Repeat.CONTEXT
    )


def before(queue: PlayQueue, blobs: Blobs, *, position_ms: int, current: Entry) -> Step:
    """What going back from ``current`` at ``position_ms`` plays.

    The entry before in the context (around its start when it is repeated unshuffled), or from an
    entry of the user queue the context's that was played last. ``current`` again when it is beyond
    3 s, or when nothing comes before.
    """
    context = queue.context
    if position_ms > RESTART_AFTER_MS or context is None:
        return Step(current, queue)
    cursor = context.cursor
    if queue.origin is Origin.CONTEXT:
        cursor -= 1
        if cursor < 0 and queue.repeat is Repeat.CONTEXT and context.order_id is None:
            cursor = context.size - 1
    return Step(current, queue) if cursor < 0 else _at(queue, context, blobs, cursor)


def remaining(queue: PlayQueue) -> int:
    """How many entries :func:`upcoming` knows of."""
    return len(queue.queued) // RECORD.size + _context_remaining(queue)


def upcoming(queue: PlayQueue, blobs: Blobs, *, offset: int, limit: int) -> list[Upcoming]:
    """What comes, from the ``offset``-th (0 is the next), at most ``limit``.

    The user queue, then the rest of the context; an unshuffled one that is repeated goes around
    once, to the entry where its cursor stands. The next turn of a shuffled one is not known yet.
    Repeat TRACK is left out: this is what skips lead to.
    """
    queued = Listing(queue.queued)
    end = offset + limit
    found = [
        Upcoming(Origin.QUEUE, entry, queue.origins.get(entry.item_id, NOWHERE))
        for entry in queued.slice(offset, end)
    ]
    context = queue.context
    if context is None:
        return found
    start = max(offset - len(queued), 0)
    stop = min(end - len(queued), _context_remaining(queue))
    for ahead in range(start, stop):
        position = (context.cursor + 1 + ahead) % context.size
        entry = _listing(blobs).entry(_index(blobs, context, position))
        found.append(Upcoming(Origin.CONTEXT, entry, _origin_at(queue, context, position)))
    return found


def with_repeat(queue: PlayQueue, repeat: Repeat) -> PlayQueue:
    """The same with another repeat. FailedPrecondition (NOT_IN_RADIO) for CONTEXT in a radio."""
    if repeat is Repeat.CONTEXT and plays_radio(queue):
        raise _not_in_radio_error("repeat")
    return queue if queue.repeat is repeat else replace(queue, repeat=repeat)


def with_shuffle(
    queue: PlayQueue,
    blobs: Blobs,
    *,
    on: bool,
    artists: Sequence[bytes] | None = None,
    rng: Random,
    new_id: Callable[[], str],
) -> tuple[PlayQueue, Stored | None]:
    """Shuffled or not, and the new order to store. The same queue when it is so already.

    Switched on, the context's entry that was played last begins a turn over all of them. Switched
    off, its own order goes on from there. FailedPrecondition (NOT_IN_RADIO) for a radio.
    """
    if on and plays_radio(queue):
        raise _not_in_radio_error("shuffle")
    if queue.shuffle is on:
        return queue, None
    context = queue.context
    if context is None:
        return replace(queue, shuffle=on), None
    played = None if context.cursor < 0 else _index(blobs, context, context.cursor)
    if not on:
        cursor = -1 if played is None else played
        return replace(
            queue, shuffle=on, context=replace(context, cursor=cursor, order_id=None)
        ), None
    cursor = -1 if played is None else 0
    stored = new_id(), shuffled(context.size, first=played, artists=artists, rng=rng)
    context = replace(context, cursor=cursor, order_id=stored[0])
    return replace(queue, shuffle=on, context=context), stored


def origin_of(queue: PlayQueue) -> PlayOrigin:
    """Where the track that plays came from."""
    if queue.origin is Origin.CONTEXT:
        context = queue.context
        return NOWHERE if context is None else _origin_at(queue, context, context.cursor)
    if queue.origin is Origin.QUEUE:
        return queue.queued_from
    return PlayOrigin(shown_id=queue.shown_id)


def plays_radio(queue: PlayQueue) -> bool:
    """Whether what is played from is a radio."""
    return queue.context is not None and queue.context.radio is not None


def _not_in_radio_error(setting: str) -> FailedPrecondition:
    """What refuses to shuffle or to repeat a radio; ``setting`` names which of them."""
    return FailedPrecondition(
        "A radio is neither shuffled nor repeated.",
        reason="NOT_IN_RADIO",
        metadata={"setting": setting},
    )


def _origin_at(queue: PlayQueue, context: Context, position: int) -> PlayOrigin:
    """Where the context's entry at a position of the order of play comes from."""
    shown_id = queue.shown_id if context.radio is None else context.radio.shown_id(position)
    return PlayOrigin(context.kind, context.source_id, shown_id)


def _as_radio_plays(queue: PlayQueue, *, shuffle: bool | None, repeat: Repeat | None) -> PlayQueue:
    """Without what a radio does not do; raises where that was asked for."""
    if shuffle:
        raise _not_in_radio_error("shuffle")
    if repeat is Repeat.CONTEXT:
        raise _not_in_radio_error("repeat")
    kept = Repeat.OFF if queue.repeat is Repeat.CONTEXT else queue.repeat
    return replace(queue, shuffle=False, repeat=kept)


def _first_queued(queue: PlayQueue) -> Step:
    """The first entry of the user queue, which holds one."""
    entry = Listing(queue.queued[: RECORD.size]).entry(0)
    origins = dict(queue.origins)
    taken = replace(
        queue,
        queued=queue.queued[RECORD.size :],
        origin=Origin.QUEUE,
        item_id=entry.item_id,
        queued_from=origins.pop(entry.item_id, NOWHERE),
        origins=origins,
    )
    return Step(entry, taken)


def _at(queue: PlayQueue, context: Context, blobs: Blobs, cursor: int) -> Step:
    """The context's entry at a position of the order of play."""
    entry = _listing(blobs).entry(_index(blobs, context, cursor))
    context = replace(context, cursor=cursor)
    moved = replace(
        queue,
        context=context,
        origin=Origin.CONTEXT,
        item_id=entry.item_id,
        queued_from=NOWHERE,
    )
    return Step(entry, moved)


def _in_new_order(
    queue: PlayQueue, context: Context, blobs: Blobs, order: bytes, new_id: Callable[[], str]
) -> Step:
    """The first entry of the context in an order that is yet to be stored."""
    stored = new_id(), order
    context = replace(context, order_id=stored[0])
    return replace(_at(queue, context, replace(blobs, order=order), 0), stored=stored)


def _index(blobs: Blobs, context: Context, position: int) -> int:
    """Where in the listing the entry stands that the order of play has at ``position``."""
    if context.order_id is None:
        return position
    if blobs.order is None:
        raise ValueError("the context's order was not given")
    return place(blobs.order, position)


def _listing(blobs: Blobs) -> Listing:
    if blobs.listing is None:
        raise ValueError("the context's listing was not given")
    return blobs.listing


def _context_remaining(queue: PlayQueue) -> int:
    context = queue.context
    if context is None:
        return 0
    if queue.repeat is Repeat.CONTEXT and context.order_id is None:
        return context.size
    return context.size - 1 - context.cursor
