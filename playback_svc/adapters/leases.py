"""What an instance holds, user by user, and what of it a store has yet to be told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence

WATCH = ""
"""Stands where a device would: the instance itself hears of the user."""

Holding = tuple[str, Sequence[str]]
"""A user, and each device of theirs with a stream here, or ``WATCH``."""


class LeaseTable:
    """Counts holdings, and gathers changes and renewals until they are taken.

    Renewals go by turns: a user is due in the same one of ``turns`` every time around, so that
    they spread evenly.
    """

    def __init__(self, turns: int) -> None:
        self._held: dict[str, dict[str, int]] = {}
        self._turns: list[set[str]] = [set() for _ in range(turns)]
        self._turn = 0
        self._fresh: set[str] = set()
        self._due: set[str] = set()
        self._gone: dict[str, set[str]] = {}
        self._unstored: dict[tuple[str, str], asyncio.Future[None]] = {}

    def join(self, user_id: str, device_id: str) -> asyncio.Future[None] | None:
        """Holds it once more. What to wait for until the lease is stored, None if it is."""
        devices = self._held.get(user_id)
        if devices is None:
            devices = self._held[user_id] = {}
            self._turn_of(user_id).add(user_id)
        devices[device_id] = devices.get(device_id, 0) + 1
        if devices[device_id] == 1:
            self._gone.get(user_id, set()).discard(device_id)
            self._fresh.add(user_id)
            self._unstored[user_id, device_id] = asyncio.get_running_loop().create_future()
        return self._unstored.get((user_id, device_id))

    def leave(self, user_id: str, device_id: str) -> bool:
        """Holds it once less. Whether it holds it no longer at all."""
        devices = self._held[user_id]
        devices[device_id] -= 1
        if devices[device_id]:
            return False
        del devices[device_id]
        if not devices:
            del self._held[user_id]
            self._turn_of(user_id).discard(user_id)
        self._unstored.pop((user_id, device_id), None)
        self._gone.setdefault(user_id, set()).add(device_id)
        return True

    def holds(self, user_id: str, device_id: str) -> bool:
        """Whether it is held."""
        return device_id in self._held.get(user_id, ())

    def devices(self, user_id: str) -> set[str]:
        """The user's devices with a stream here."""
        return set(self._held.get(user_id, ())) - {WATCH}

    def next_turn(self) -> None:
        """The users of the next turn are due."""
        self._due |= self._turns[self._turn]
        self._turn = (self._turn + 1) % len(self._turns)

    def store_all(self) -> None:
        """Everything held is to be stored, as if it were new."""
        self._fresh = set(self._held)

    def take_fresh(self, most: int) -> list[Holding]:
        """Users of whom something is to be stored, with all that is held of them."""
        return self._taken(self._fresh, most)

    def take_due(self, most: int) -> list[Holding]:
        """Users all of whose leases are stored and to be renewed."""
        self._due -= self._fresh
        return self._taken(self._due, most)

    def _taken(self, users: set[str], most: int) -> list[Holding]:
        chosen = list(itertools.islice(users, most))
        users.difference_update(chosen)
        return [(user, tuple(self._held[user])) for user in chosen if user in self._held]

    def take_gone(self, most: int) -> list[Holding]:
        """What was left and is not held again."""
        chosen = list(itertools.islice(self._gone, most))
        taken = [(user, tuple(self._gone.pop(user))) for user in chosen]
        return [holding for holding in taken if holding[1]]

    def everything(self) -> Iterable[Holding]:
        """All that is held."""
        return [(user, tuple(devices)) for user, devices in self._held.items()]

    def stored(self, holdings: Iterable[Holding]) -> None:
        """The leases of these are stored: nobody waits for them any longer."""
        for user_id, devices in holdings:
            for device_id in devices:
                waiting = self._unstored.pop((user_id, device_id), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    def _turn_of(self, user_id: str) -> set[str]:
        return self._turns[hash(user_id) % len(self._turns)]
