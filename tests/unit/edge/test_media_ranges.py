"""Ranges and validators as RFC 9110 has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.media.domain.ranges import (
    RangeUnsatisfiable,
    Span,
    accepts_gzip,
    not_modified,
    select,
)

ETAG = '"abc"'
WHOLE = Span(0, 100, 100)


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("bytes=0-1000", 0, 100),
        ("bytes=99-99", 99, 100),
        ("BYTES=0-0", 0, 1),
    ],
)
def test_a_single_range_is_selected(header: str, start: int, end: int) -> None:
    assert select(header, None, ETAG, 100) == Span(start, end, 100, partial=True)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=9-3",
        "bytes=0-1,5-6",
        "items=0-1",
    ],
)
def test_what_is_no_single_range_selects_the_whole(header: str | None) -> None:
    assert select(header, None, ETAG, 100) == WHOLE


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeUnsatisfiable) as raised:
        select(header, None, ETAG, 100)
    assert raised.value.total == 100


def test_if_range_decides_between_part_and_whole() -> None:
    assert select("bytes=0-9", ETAG, ETAG, 100).length == 10
    assert select("bytes=0-9", '"old"', ETAG, 100) == WHOLE
    assert select("bytes=0-9", f"W/{ETAG}", ETAG, 100) == WHOLE


@given(st.text(max_size=40), st.integers(min_value=1, max_value=10_000))
def test_any_header_selects_bytes_that_exist(header: str, total: int) -> None:
    try:
        span = select(header, None, ETAG, total)
    except RangeUnsatisfiable:
        return
    assert 0 <= span.start < span.end <= total


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        (ETAG, True),
        (f"W/{ETAG}", True),
        (f'"x", {ETAG}', True),
        ("*", True),
        ('"x"', False),
        ("abc", False),
    ],
)
def test_if_none_match_compares_weakly(header: str | None, matches: bool) -> None:
    assert not_modified(header, ETAG) is matches


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.00, br", False),
        ("identity", False),
    ],
)
def test_gzip_is_used_where_it_is_accepted(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
