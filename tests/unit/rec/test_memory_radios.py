"""Radios in memory: under the suite of the real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from rec_svc.adapters.memory.radios import MemoryRadios
from tests.contracts.rec.radios_suite import GIVEN, MOST, RadiosContract


class TestMemoryRadios(RadiosContract):
    @pytest.fixture
    def radios(self) -> MemoryRadios:
        return MemoryRadios(most_radios=MOST, most_given=GIVEN)

    @pytest.fixture
    def erase(self, radios: MemoryRadios) -> Callable[[str], Awaitable[None]]:
        return radios.erase
