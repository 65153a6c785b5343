"""A fault tells callers over gRPC and over HTTP the same."""

from __future__ import annotations

import pytest

from meshkit.faults import ResourceExhausted
from meshkit.http_status import error_response


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, "1"), (0.4, "1"), (1.0, "1"), (1.2, "2"), (2.5, "3")]
)
def test_who_comes_back_when_told_does_not_come_too_early(seconds: float, told: str) -> None:
    fault = ResourceExhausted("full", retry_after_s=seconds)
    assert fault.retry_after == told
    assert error_response(fault).headers["retry-after"] == told


def test_who_is_not_told_when_to_come_back_gets_no_header() -> None:
    fault = ResourceExhausted("full")
    assert fault.retry_after is None
    assert "retry-after" not in error_response(fault).headers
