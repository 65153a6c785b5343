"""How files of events are named: a day, a shard of its users, and an id of the file's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from rec_svc.domain.events import Event, day_of, shard_of

PREFIX: Final = "rec/events/"
SHARDS: Final = 8
"""Into so many shards the users of a day are cut: what is read or put together at a time."""

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)/(\d\d-of-\d\d)-[0-9A-Z]{26}\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """Some users' events of a day; ``part`` is as in ``03-of-08``."""

    day: date
    part: str

    def file_name(self, file_id: str) -> str:
        """The name of the file with this ULID."""
        return f"{self.day.isoformat()}/{self.part}-{file_id}.parquet"


def shard_of_event(event: Event) -> Shard:
    """Where an event belongs."""
    return Shard(day_of(event.at_ms), part_of_user(event.user_id))


def part_of_user(user_id: str) -> str:
    """In which part of each day a user's events are."""
    return f"{shard_of(user_id, SHARDS):02}-of-{SHARDS:02}"


def shard_of_file(name: str) -> Shard | None:
    """The shard that a file is of; None for a name that no file of events has."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return Shard(date.fromisoformat(found[1]), found[2])
    except ValueError:
        return None
