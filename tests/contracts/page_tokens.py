"""Page tokens that a caller made: their digests fit, their bodies say anything."""

from __future__ import annotations

from meshkit import paging
from meshkit.paging import ListRequest

FOREIGN = (
    b"",
    b"5",
    b"{",
    b"null",
    b"true",
    b'"text"',
    b"{}",
    b"[]",
    b"[" * 5_000,
    b"[[1]]",
    b"[null]",
    b"[true]",
    b'[true,"01JD4Q8Z7Y1V9K2M5N6P7R8S9T"]',
    b"[1.5]",
    b"[NaN]",
    b"[-1]",
    b"[9223372036854775808]",
    b"[9223372036854775807]",
    b'[9223372036854775807,"01JD4Q8Z7Y1V9K2M5N6P7R8S9T"]',
    b"[" + b"9" * 5_000 + b"]",
    b'["\\ud800"]',
    b'[1,"\\u0000"]',
    b'["zz"]',
    b'["1","1"]',
    b"[1,1]",
    b"[1,1,1]",
    b'[1,1,1,"zz"]',
    b"[" + b"1," * 2_000 + b"1]",
    b'["' + b"00" * 10_000 + b'"]',
    b"\xff\xfe",
)
"""Bodies that no list has made."""


def forged(method: str, request: ListRequest, body: bytes) -> str:
    """A token for this request, with the digest that ``body`` has."""
    digest = paging._digest(paging._scope_of(method, request), body)
    return paging._encode(paging._VERSION + digest + body)
