"""Buckets: where a user falls by a salted hash, the same at every instance and for ever.

No table says who is in an experiment: a bucket is a pure function of a salt and the user's id.
Every layer and every experiment has a salt of its own, so that where a user falls in one says
nothing of where they fall in another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

BUCKETS = 10_000
"""How many buckets a salt divides the users into: one is 0.01 % of them."""

_HASH_BYTES = 8


def bucket_of(salt: str, user_id: str) -> int:
    """The bucket of a user, from 0 to ``BUCKETS`` - 1."""
    hashed = blake2b(f"{salt}\0{user_id}".encode(), digest_size=_HASH_BYTES).digest()
    # The high bits, not a remainder: no bucket is larger than another by more than 1 in 2^50.
    return int.from_bytes(hashed, "big") * BUCKETS >> 8 * _HASH_BYTES


@dataclass(frozen=True, slots=True)
class BucketSet:
    """Some of the buckets, as half-open ranges that rise and do not touch."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, buckets: Iterable[int]) -> BucketSet:
        """Those buckets; each from 0 to ``BUCKETS`` - 1."""
        ranges: list[tuple[int, int]] = []
        for bucket in sorted(set(buckets)):
            if ranges and ranges[-1][1] == bucket:
                ranges[-1] = (ranges[-1][0], bucket + 1)
            else:
                ranges.append((bucket, bucket + 1))
        return cls(tuple(ranges))

    def __contains__(self, bucket: int) -> bool:
        return any(start <= bucket < end for start, end in self.ranges)

    def __or__(self, other: BucketSet) -> BucketSet:
        return BucketSet.of(self.all() | other.all())

    @property
    def size(self) -> int:
        """How many they are."""
        return sum(end - start for start, end in self.ranges)

    def all(self) -> set[int]:
        """Each of them."""
        return {bucket for start, end in self.ranges for bucket in range(start, end)}

    def grown(self, size: int, taken: BucketSet) -> BucketSet | None:
        """These and the lowest free ones, ``size`` in all; None where fewer than that are free.

        ``taken`` are the buckets of others. Whoever is in stays in: nothing is given back.
        """
        free = sorted(set(range(BUCKETS)) - taken.all() - self.all())
        wanted = size - self.size
        if wanted > len(free):
            return None
        return self | BucketSet.of(free[: max(0, wanted)])


NO_BUCKETS = BucketSet()
