"""Time and ids as the use cases are given them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Now, in UTC."""

NewId = Callable[[], str]
"""A new ULID: 26 upper-case characters."""
