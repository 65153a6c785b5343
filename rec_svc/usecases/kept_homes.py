"""Homes from where they are kept, or made and then kept: each once, whoever asks at once."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from meshkit.single_flight import SingleFlight
from rec_svc.domain.home import Home
from rec_svc.ports.experiments import RunningExperiments
from rec_svc.ports.homes import KEPT_MS, HomeCopies, Homes, KeptHome, StoredHome
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.making_home import MakeHome

DROP_EVERY_S = 1.0
"""How often copies of what changed are dropped, in seconds."""
PRUNED_AFTER_MS = 7 * KEPT_MS

_DROPPED_AT_ONCE = 1_000


class Origin(enum.Enum):
    """Where a home comes from, as the contract says."""

    CACHE = enum.auto()
    DATABASE = enum.auto()
    COMPUTED = enum.auto()
    POPULAR = enum.auto()


class FoundHome(NamedTuple):
    """A home, where it comes from, and whether the store has it."""

    kept: KeptHome
    origin: Origin
    is_kept: bool = True


class KeptHomes:
    """Finds a user's home in the store, or makes it."""

    def __init__(
        self,
        homes: Homes,
        make: MakeHome,
        models: ChosenModels,
        running: RunningExperiments,
        clock: Callable[[], int],
    ) -> None:
        self._homes = homes
        self._make = make
        self._models = models
        self._running = running
        self._clock = clock
        self._flights: SingleFlight[str, FoundHome] = SingleFlight()

    async def of(self, user_id: str) -> FoundHome:
        """The home that is kept and still holds, or a new one. Raises Unavailable.

        A caller who gives up leaves it being made: the next one finds it.
        """
        return await self._flights(user_id, partial(self._of, user_id))

    async def make_ahead(self, user_id: str) -> bool:
        """Makes and keeps a home unless one holds for half of its time yet; whether one was kept.

        Raises Unavailable.
        """
        stored = await self._homes.find(user_id)
        if stored.kept is not None:
            home = stored.kept.home
            if self.left_ms(home) > KEPT_MS // 2 and await self.holds(user_id, home):
                return False
        return (await self._made(user_id, stored)).is_kept

    def left_ms(self, home: Home) -> int:
        """For how long yet it is shown at most."""
        return home.made_at_ms + KEPT_MS - self._clock()

    async def holds(self, user_id: str, home: Home) -> bool:
        """Whether it is young enough and made as the user is served now: by the same model, where
        one is loaded here, and in the same arms."""
        assigned = self._running.current().assignments(user_id)
        if self.left_ms(home) <= 0 or home.arms != assigned.arms:
            return False
        model = await self._models.of(assigned.parameters.model_id)
        known = model is None or model.model_id == home.model_id
        return known and home.held_back == assigned.held_back

    async def _of(self, user_id: str) -> FoundHome:
        stored = await self._homes.find(user_id)
        if stored.kept is not None and await self.holds(user_id, stored.kept.home):
            return FoundHome(stored.kept, Origin.DATABASE)
        return await self._made(user_id, stored)

    async def _made(self, user_id: str, stored: StoredHome) -> FoundHome:
        made = await self._make(user_id)
        kept = await self._homes.keep(
            user_id, made, changed=stored.changed, replaces_ms=stored.made_at_ms
        )
        # Where something changed meanwhile it is shown once, as far as it still may be.
        shown = kept or KeptHome(made, stored.changed)
        return FoundHome(shown, Origin.COMPUTED, is_kept=kept is not None)


class DropCopies:
    """Drops the copies of homes of which something changed; one instance at a time does."""

    def __init__(self, homes: Homes, copies: HomeCopies) -> None:
        self._homes = homes
        self._copies = copies

    async def __call__(self) -> None:
        """Makes a round. Raises Unavailable; then the next one drops the same."""
        if users := await self._homes.dropped(_DROPPED_AT_ONCE):
            await self._copies.drop(users)
            await self._homes.gone(users)
