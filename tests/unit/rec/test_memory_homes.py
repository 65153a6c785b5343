"""Homes in memory keep what the stores of homes promise."""

from __future__ import annotations

import itertools

import pytest

from rec_svc.adapters.memory.homes import MemoryHomeCopies, MemoryHomes
from tests.contracts.rec.homes_suite import HomeCopiesContract, HomesContract, HomesUnderTest


class TestMemoryHomes(HomesContract):
    @pytest.fixture
    def world(self) -> HomesUnderTest:
        erased: set[str] = set()
        homes = MemoryHomes(erased, itertools.count().__next__)

        async def change(user_id: str) -> None:
            homes.change(user_id)

        async def erase(user_id: str) -> None:
            erased.add(user_id)
            await homes.erase(user_id)

        return HomesUnderTest(homes, change, erase)


class TestMemoryHomeCopies(HomeCopiesContract):
    @pytest.fixture
    def copies(self) -> MemoryHomeCopies:
        return MemoryHomeCopies()
