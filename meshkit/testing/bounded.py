"""Tests that are coroutines end when their time is over.

pytest-timeout raises from a signal's handler, which uvloop swallows: a coroutine that waits for
what never comes would hold the run for ever. Such tests are cancelled by their own loop; should
one not end by that either, or have its arguments from Hypothesis, pytest-timeout ends its process,
a minute later.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

GRACE_S = 60.0

Test = Callable[..., Coroutine[Any, Any, None]]


def bound(item: pytest.Item, default_s: float) -> None:
    """Cancel a test that is a coroutine after its marker's seconds, or those of the settings."""
    if not isinstance(item, pytest.Function):
        return
    generated = getattr(item.obj, "hypothesis", None)
    if not inspect.iscoroutinefunction(generated.inner_test if generated else item.obj):
        return
    marker = item.get_closest_marker("timeout")
    limit_s = float(marker.args[0]) if marker and marker.args else default_s
    if limit_s <= 0:
        return
    if not generated:
        item.obj = _cancelled_after(item.obj, limit_s)
    item.add_marker(pytest.mark.timeout(limit_s + GRACE_S, method="thread"), append=False)


def _cancelled_after(test: Test, limit_s: float) -> Test:
    @functools.wraps(test)
    async def bounded(*arguments: Any, **named: Any) -> None:
        async with asyncio.timeout(limit_s) as limit:
            await test(*arguments, **named)
        # A test that swallowed its cancellation and came to its end took too long all the same.
        if limit.expired():
            raise TimeoutError(f"the test took more than {limit_s:.0f} s")

    return bounded
