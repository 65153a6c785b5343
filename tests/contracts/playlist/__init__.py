"""Suites of the playlists' ports, and what their tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{file.stem}" for file in sorted(Path(__file__).parent.glob("[!_]*.py")))
)
