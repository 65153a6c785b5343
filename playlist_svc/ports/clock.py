"""Time and new names."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], int]
"""Unix milliseconds now."""

NewId = Callable[[], str]
"""A new ULID, 26 upper-case characters."""
