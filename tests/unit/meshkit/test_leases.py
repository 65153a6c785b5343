"""The memory leases keep the contract, and a lease asks its store no more than it must."""

from __future__ import annotations

import pytest

from meshkit.faults import Unavailable
from meshkit.leases import Lease, MemoryLeases
from meshkit.testing.lease_suite import LeasesContract


class TestMemoryLeases(LeasesContract):
    @pytest.fixture
    def leases(self) -> MemoryLeases:
        return MemoryLeases()


class Counted(MemoryLeases):
    """Counts what it is asked, and is away when told."""

    def __init__(self) -> None:
        super().__init__()
        self.claims = 0
        self.away = False

    async def claim(self, name: str, holder: str, ttl_s: float) -> bool:
        self.claims += 1
        if self.away:
            raise Unavailable("away")
        return await super().claim(name, holder, ttl_s)


async def test_a_held_lease_is_claimed_again_only_when_that_is_due() -> None:
    leases = Counted()
    lease = Lease(leases, "feed", ttl_s=3600.0)
    assert [await lease.held() for _ in range(5)] == [True] * 5
    assert leases.claims == 1


async def test_a_lease_of_another_is_claimed_at_every_question() -> None:
    leases = Counted()
    assert await leases.claim("feed", "another", 3600.0)
    lease = Lease(leases, "feed", ttl_s=3600.0)
    assert not await lease.held()
    await leases.release("feed", "another")
    assert await lease.held()


async def test_a_lease_that_could_not_be_renewed_is_not_held() -> None:
    leases = Counted()
    lease = Lease(leases, "feed", ttl_s=0.0)
    assert await lease.held()
    leases.away = True
    with pytest.raises(Unavailable):
        await lease.held()


async def test_a_held_lease_is_renewed_twice_in_its_life_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("meshkit.leases.time.monotonic", lambda: clock[0])
    leases = Counted()
    lease = Lease(leases, "feed", ttl_s=30.0)
    for clock[0] in (0.0, 9.9, 10.0, 19.9, 20.0, 29.9):
        assert await lease.held()
    assert leases.claims == 3
