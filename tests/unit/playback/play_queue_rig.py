"""A player's queue played by hand, with the orders that are stored for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random

from ulid import ULID

from playback_svc.domain import play_queue as playing
from playback_svc.domain import queue_edits as editing
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Blobs, PlayQueue, Repeat, Step

Ids = Callable[[], str]


def ulid(number: int) -> str:
    return str(ULID(number.to_bytes(16, "big")))


def track(number: int) -> str:
    return ulid((1 << 64) + number)


def entry(number: int) -> Entry:
    """The entry of a context at this index."""
    return Entry(track(number), ulid((2 << 64) + number))


class Rig:
    """A player's queue with the orders that were stored for it, played by hand."""

    def __init__(self, size: int, seed: int = 0, artists: list[bytes] | None = None) -> None:
        self.listing = Listing.of([entry(number) for number in range(size)])
        self.artists = artists
        self.rng = Random(seed)
        numbers = count(3 << 64)
        self.new_id: Ids = lambda: ulid(next(numbers))
        self.orders: dict[str, bytes] = {}
        self.queue = PlayQueue()
        self.current = Entry(track(999))

    @property
    def blobs(self) -> Blobs:
        context = self.queue.context
        order_id = context.order_id if context else None
        return Blobs(self.listing, None if order_id is None else self.orders[order_id])

    def take(self, step: Step) -> int:
        """The number of the track that plays now."""
        if step.stored is not None:
            self.orders[step.stored[0]] = step.stored[1]
            assert step.queue.context is not None
            assert step.queue.context.order_id == step.stored[0]
        self.queue, self.current = step.queue, step.entry
        return self.playing

    @property
    def playing(self) -> int:
        return ULID.from_str(self.current.track_id).bytes[-1]

    def begin(
        self,
        start: int | None = None,
        *,
        shuffle: bool | None = None,
        repeat: Repeat | None = None,
    ) -> int:
        return self.take(
            playing.begin(
                self.queue,
                ContextKind.ALBUM,
                ulid(5),
                ulid(6),
                self.listing,
                start=start,
                shuffle=shuffle,
                repeat=repeat,
                artists=self.artists,
                rng=self.rng,
                new_id=self.new_id,
            )
        )

    def on(self, *, ended: bool = False) -> int | None:
        step = playing.after(
            self.queue,
            self.blobs,
            ended=ended,
            current=self.current,
            rng=self.rng,
            new_id=self.new_id,
            artists=self.artists,
        )
        return None if step is None else self.take(step)

    def back(self, position_ms: int = 0) -> int:
        return self.take(
            playing.before(self.queue, self.blobs, position_ms=position_ms, current=self.current)
        )

    def shuffle(self, on: bool) -> None:
        self.queue, stored = playing.with_shuffle(
            self.queue, self.blobs, on=on, artists=self.artists, rng=self.rng, new_id=self.new_id
        )
        if stored is not None:
            self.orders[stored[0]] = stored[1]

    def repeat(self, repeat: Repeat) -> None:
        self.queue = playing.with_repeat(self.queue, repeat)

    def enqueue(self, *numbers: int) -> list[str]:
        """The item ids of these tracks, now last in the queue."""
        tracks = [track(number) for number in numbers]
        self.queue = editing.queue_last(self.queue, tracks, new_id=self.new_id)
        return [e.item_id for e in Listing(self.queue.queued).slice(0)][-len(tracks) :]

    def queued(self) -> list[int]:
        entries = Listing(self.queue.queued).slice(0)
        return [ULID.from_str(e.track_id).bytes[-1] for e in entries]

    def coming(self, offset: int = 0, limit: int = 100) -> list[int]:
        found = playing.upcoming(self.queue, self.blobs, offset=offset, limit=limit)
        return [ULID.from_str(one.entry.track_id).bytes[-1] for one in found]

    def cursor(self) -> int:
        assert self.queue.context is not None
        return self.queue.context.cursor
