"""What every ``SignUpLimiter`` must do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge.identity.ports.sign_up_limiter import SignUpAllowance, SignUpLimiter

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ALLOWANCE = SignUpAllowance(burst=3, refill_s=30.0)
ONE, OTHER = "203.0.113.7", "203.0.113.8"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class SignUpLimiterContract:
    """Give the fixture ``limiter``: nobody took anything of it, and it is made by ``ALLOWANCE``."""

    async def empty(self, limiter: SignUpLimiter, now: datetime = NOW) -> None:
        for _ in range(ALLOWANCE.burst):
            assert await limiter.take(ONE, now) == 0

    async def test_a_bucket_gives_its_burst_and_then_says_when_more_comes(
        self, limiter: SignUpLimiter
    ) -> None:
        await self.empty(limiter)
        assert await limiter.take(ONE, NOW) == 30.0
        assert await limiter.take(ONE, after(12.5)) == 17.5

    async def test_a_token_comes_back_at_its_time_and_not_before(
        self, limiter: SignUpLimiter
    ) -> None:
        await self.empty(limiter)
        assert await limiter.take(ONE, after(29.999)) == 0.001
        assert await limiter.take(ONE, after(30)) == 0
        assert await limiter.take(ONE, after(30)) == 30.0

    async def test_refused_attempts_take_nothing(self, limiter: SignUpLimiter) -> None:
        await self.empty(limiter)
        for _ in range(10):
            await limiter.take(ONE, NOW)
        assert await limiter.take(ONE, after(30)) == 0

    async def test_a_bucket_is_never_fuller_than_full(self, limiter: SignUpLimiter) -> None:
        await self.empty(limiter)
        await self.empty(limiter, after(3600))
        assert await limiter.take(ONE, after(3600)) > 0

    async def test_addresses_have_buckets_of_their_own(self, limiter: SignUpLimiter) -> None:
        await self.empty(limiter)
        assert await limiter.take(OTHER, NOW) == 0

    async def test_a_clock_that_is_behind_is_told_to_wait_longer(
        self, limiter: SignUpLimiter
    ) -> None:
        await self.empty(limiter)
        assert await limiter.take(ONE, after(-5)) == 35.0
