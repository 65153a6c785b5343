"""Byte ranges and validators of HTTP (RFC 9110, sections 13 and 14). Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SINGLE = re.compile(
    r"bytes=\s*(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``end`` (exclusive) of ``total``; ``partial`` when so asked."""

    start: int
    end: int
    total: int
    partial: bool = False

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The header Content-Range of a 206."""
        return f"bytes {self.start}-{self.end - 1}/{self.total}"


class RangeUnsatisfiable(Exception):
    """The range lies outside of the ``total`` bytes that there are: 416."""

    def __init__(self, total: int) -> None:
        super().__init__(f"the range lies outside of the {total} bytes")
        self.total = total


def select(range_header: str | None, if_range: str | None, etag: str, total: int) -> Span:
    """The part of ``total`` bytes that a request's headers ask for.

    A range that is malformed, in another unit or a list, or whose If-Range names another ``etag``,
    is ignored, as section 14.2 allows, and the whole is selected. Raises RangeUnsatisfiable.
    """
    whole = Span(0, total, total)
    if range_header is None or (if_range is not None and if_range.strip() != etag):
        return whole
    match = _SINGLE.fullmatch(range_header.strip())
    if match is None:
        return whole
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, total - int(suffix)), total
    else:
        start = int(first)
        end = total if last is None else min(int(last) + 1, total)
        if last is not None and int(last) < start:
            return whole
    if start >= end:
        raise RangeUnsatisfiable(total)
    return Span(start, end, total, partial=True)


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match names ``etag``, compared weakly as section 13.1.2 says."""
    if if_none_match is None:
        return False
    strong = etag.removeprefix("W/")
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", strong) for tag in tags)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether Accept-Encoding allows gzip with a weight above zero."""
    for item in (accept_encoding or "").lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        if coding in ("gzip", "x-gzip"):
            return not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return False
