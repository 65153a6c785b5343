"""Suites of playback's ports, and what its tests share."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    f"{__name__}.player_states", f"{__name__}.positions", f"{__name__}.wakeups"
)
