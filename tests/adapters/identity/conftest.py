"""The contract suites of identity explain what failed, as any test does."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.contracts.identity")
