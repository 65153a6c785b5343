"""Radios in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from meshkit import postgres
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.radio_feedback import PostgresRadioFeedback
from rec_svc.adapters.postgres.radios import PostgresRadios
from tests.contracts.rec.radios_suite import GIVEN, MOST, RadiosContract


class Both(PostgresRadios, PostgresRadioFeedback):
    """Both ports over one schema."""


class TestPostgresRadios(RadiosContract):
    @pytest.fixture
    def radios(self, pool: postgres.Pool) -> Both:
        return Both(pool, most_radios=MOST, most_given=GIVEN)

    @pytest.fixture
    def erase(self, radios: Both, pool: postgres.Pool) -> Callable[[str], Awaitable[None]]:
        async def erase(user_id: str) -> None:
            await PostgresPendingEvents(pool).erase(user_id)
            await radios.erase(user_id)

        return erase
