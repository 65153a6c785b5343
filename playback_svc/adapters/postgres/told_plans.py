"""The plans that identity told, in PostgreSQL, schema ``playback``."""

from __future__ import annotations

from meshkit import postgres
from meshkit.postgres import Pool

READ = "SELECT tier FROM told_plans WHERE user_id = %(user_id)s"
_PUT = """
INSERT INTO told_plans (user_id, tier) VALUES (%(user_id)s, %(tier)s)
ON CONFLICT (user_id) DO UPDATE SET tier = excluded.tier
"""


class PostgresToldPlans:
    """The ``ToldPlans`` of one schema."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, user_id: str, tier: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_PUT, {"user_id": user_id, "tier": tier})

    async def forget_all(self) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute("DELETE FROM told_plans")
