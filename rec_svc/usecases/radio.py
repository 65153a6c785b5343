"""``RadioService``: radios of the user who calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshkit.idempotency import RequestKey
from rec_svc.domain.radios import Radio, Seed
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.ports.radios import Radios, Started
from rec_svc.usecases.radio_blocks import NextBlock, RadioBlocks, Served
from rec_svc.usecases.radio_seeds import RadioSeeds
from rec_svc.usecases.recommending import Listener


class StartRadio:
    """Starts a radio."""

    def __init__(
        self,
        radios: Radios,
        seeds: RadioSeeds,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._radios = radios
        self._seeds = seeds
        self._clock = clock
        self._new_id = new_id

    async def __call__(
        self, listener: Listener, seed: Seed, key: RequestKey | None = None
    ) -> Started:
        """The radio, and how many older ones were dropped for it.

        Raises NotFound, PermissionDenied (PLAN_REQUIRED), RadioSeedUnplayable, RequestIdReused,
        Unavailable.
        """
        resolved = await self._seeds.resolve(listener, seed)
        radio = Radio(
            self._new_id(),
            listener.user_id,
            resolved.title,
            seed,
            tuple(resolved.track_ids),
            self._clock(),
        )
        return await self._radios.start(radio, key)


class ReadRadios:
    """Reads radios."""

    def __init__(self, radios: Radios) -> None:
        self._radios = radios

    async def get_radio(self, user_id: str, radio_id: str) -> Radio:
        """One. Raises NotFound, Unavailable."""
        found = await self._radios.find(user_id, radio_id)
        if found is None:
            raise unknown_error("radio", radio_id)
        return found

    async def list_radios(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Radio]:
        """The newest first, at most ``limit`` behind ``after``. Raises Unavailable."""
        return await self._radios.page(user_id, after, limit)


class DeleteRadio:
    """Deletes a radio."""

    def __init__(self, radios: Radios) -> None:
        self._radios = radios

    async def __call__(self, user_id: str, radio_id: str, key: RequestKey | None = None) -> None:
        """One that there is not makes no difference. Raises RequestIdReused, Unavailable."""
        await self._radios.delete(user_id, radio_id, key)


class ListNextTracks:
    """Gives the next tracks of a radio."""

    def __init__(self, blocks: RadioBlocks) -> None:
        self._blocks = blocks

    async def __call__(
        self, listener: Listener, radio_id: str, limit: int, key: RequestKey | None = None
    ) -> Served:
        """At most ``limit`` tracks. Raises NotFound, RequestIdReused, Aborted, Unavailable."""
        return await self._blocks.next_block(listener, NextBlock(radio_id, limit), key)
