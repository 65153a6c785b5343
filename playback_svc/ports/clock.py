"""Time and ids as the use cases are given them."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], int]
"""Unix milliseconds now."""

NewId = Callable[[], str]
"""A new ULID."""
