"""What every ``ToldPlans`` must do, beside the store in whose partitions it is read."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.ports.accounts import ToldPlans
from playback_svc.ports.player_states import PlayerStateStore
from tests.contracts.playback.samples import NOW, new_id


@dataclass(frozen=True, slots=True)
class ToldUnderTest:
    """Both empty, over the same users."""

    told: ToldPlans
    store: PlayerStateStore

    async def tier(self, user_id: str, claimed: str) -> str:
        """The plan that a command of the user goes by."""
        return (await self.store.read(user_id, None, NOW)).tier(claimed)


class ToldPlansContract:
    """Subclass it with a fixture ``under_test``."""

    async def test_what_a_token_claims_counts_until_something_was_told(
        self, under_test: ToldUnderTest
    ) -> None:
        ada, bob = new_id(), new_id()
        await under_test.told.put(ada, "free")
        assert await under_test.tier(ada, "premium") == "free"
        assert await under_test.tier(bob, "premium") == "premium"

    async def test_what_was_told_last_counts(self, under_test: ToldUnderTest) -> None:
        user = new_id()
        for tier in ("free", "premium", "premium", "free"):
            await under_test.told.put(user, tier)
            assert await under_test.tier(user, "other") == tier

    async def test_what_is_forgotten_counts_no_more(self, under_test: ToldUnderTest) -> None:
        user = new_id()
        await under_test.told.put(user, "free")
        for _ in range(2):
            await under_test.told.forget_all()
        assert await under_test.tier(user, "premium") == "premium"
