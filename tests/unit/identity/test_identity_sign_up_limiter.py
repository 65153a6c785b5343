"""Buckets of sign-ups inside one process."""

from __future__ import annotations

import pytest

from edge.identity.adapters.memory.sign_up_limiter import MemorySignUpLimiter
from tests.contracts.identity.sign_up_limiter_suite import ALLOWANCE, SignUpLimiterContract


class TestMemorySignUpLimiter(SignUpLimiterContract):
    @pytest.fixture
    def limiter(self) -> MemorySignUpLimiter:
        return MemorySignUpLimiter(ALLOWANCE)
