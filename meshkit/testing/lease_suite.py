# ruff: noqa: D102 - the name of a test is its sentence
"""The contract of ``meshkit.leases.Leases``; subclass it with a fixture ``leases``."""

from __future__ import annotations

import asyncio

from meshkit.leases import Leases

LONG_S = 3600.0


class LeasesContract:
    """What every ``Leases`` must do."""

    async def test_one_holder_at_a_time(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", LONG_S)
        assert not await leases.claim("feed", "second", LONG_S)

    async def test_names_are_held_apart(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", LONG_S)
        assert await leases.claim("cleaning", "second", LONG_S)

    async def test_a_holder_renews(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", 0.0)
        assert await leases.claim("feed", "first", LONG_S)
        assert not await leases.claim("feed", "second", LONG_S)

    async def test_a_lease_that_ran_out_is_taken(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", 0.0)
        assert await leases.claim("feed", "second", LONG_S)
        assert not await leases.claim("feed", "first", LONG_S)

    async def test_a_released_lease_is_free(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", LONG_S)
        await leases.release("feed", "first")
        assert await leases.claim("feed", "second", LONG_S)

    async def test_only_the_holder_releases(self, leases: Leases) -> None:
        assert await leases.claim("feed", "first", LONG_S)
        await leases.release("feed", "second")
        assert not await leases.claim("feed", "second", LONG_S)

    async def test_of_claims_that_race_one_wins(self, leases: Leases) -> None:
        claims = (leases.claim("feed", f"holder {number}", LONG_S) for number in range(8))
        assert sorted(await asyncio.gather(*claims)) == [False] * 7 + [True]
