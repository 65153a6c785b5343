"""Pages of a list, as AIP-158 asks: a clamped size, and a token that belongs to one request.

A token carries the sort key of the last item served and a digest over the method and every
field of the request but ``page_size`` and ``page_token``: asking for something else with it is
refused. It is no secret and grants nothing, since authorisation looks at the request. The digest
has no key, so that pages go on at any instance; whoever makes a token of their own is answered as
for one of ours, or ``PageTokenInvalid``, so consumers check the types and ranges of ``after``::

    page = Page.of(request)
    rows = await tracks.list(after=page.after, limit=page.size + 1)
    shown, answer.next_page_token = page.cut(rows, sort_key_of)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias, TypeVar

from google.protobuf.descriptor import Descriptor

from meshkit import validation
from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.principal import current_method

T = TypeVar("T")

SortKey: TypeAlias = tuple[str | int, ...]
"""The values that place an item in its list, such as (created_at in µs, id).

At most ``MOST_VALUES``: integers of 64 bits, and texts without NUL and lone surrogates.
"""

MOST_VALUES = 8

_VERSION = b"\x01"
_DIGEST_SIZE = 12
# A path of 4 KiB in hexadecimal is the longest key.
_BODY_SIZE = 16_384
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class SizedRequest(Protocol):
    """What a request for so many items has; its contract says how the number is taken."""

    page_size: int

    @property
    def DESCRIPTOR(self) -> Descriptor:  # noqa: N802
        """What the contract says of the message."""
        ...


class ListRequest(SizedRequest, Protocol):
    """What a list request's message has, whatever else it asks for."""

    page_token: str

    def MergeFrom(self, other: Self, /) -> None:  # noqa: N802
        """Copy the other message's fields into this one."""
        ...

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """The message's wire form."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list to serve: ``size`` items after the one that ``after`` places.

    ``after`` is None for the first page.
    """

    size: int
    after: SortKey | None
    _scope: bytes

    @classmethod
    def of(cls, request: ListRequest) -> Page:
        """The page that ``request`` asks for, which is that of the call being served.

        Its size is :func:`size_of`. A token of another request is ``PageTokenInvalid``.
        """
        scope = _scope_of(current_method(), request)
        after = _decode(request.page_token, scope) if request.page_token else None
        return cls(size_of(request), after, scope)

    def next_token(self, last: SortKey) -> str:
        """The token of the page after the item that ``last`` places."""
        body = json.dumps(last, separators=(",", ":")).encode()
        return _encode(_VERSION + _digest(self._scope, body) + body)

    def cut(self, found: Sequence[T], key: Callable[[T], SortKey]) -> tuple[Sequence[T], str]:
        """The items to serve of ``found``, which has one more if there is a next page, and the
        token of that page; empty: there is none. ``key`` places an item."""
        shown = found[: self.size]
        return shown, self.next_token(key(shown[-1])) if len(found) > self.size else ""


def size_of(request: SizedRequest) -> int:
    """How many items to serve: what is asked for, within what the contract takes."""
    taken = validation.page_size(request.DESCRIPTOR)
    return min(request.page_size or taken.default_size, taken.max_size)


def _scope_of(method: str, request: ListRequest) -> bytes:
    asked = type(request)()
    asked.MergeFrom(request)
    asked.page_size = 0
    asked.page_token = ""
    return method.encode() + b"\0" + asked.SerializeToString(deterministic=True)


def _digest(scope: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(
        body, digest_size=_DIGEST_SIZE, person=b"segue.page", key=hashlib.sha256(scope).digest()
    ).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str, scope: bytes) -> SortKey:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise foreign_token() from None
    body = raw[1 + _DIGEST_SIZE :]
    if raw[: 1 + _DIGEST_SIZE] != _VERSION + _digest(scope, body) or _encode(raw) != token:
        raise foreign_token()
    return _key_of(body)


def _key_of(body: bytes) -> SortKey:
    if len(body) > _BODY_SIZE:
        raise foreign_token()
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise foreign_token() from None
    if not isinstance(values, list) or len(values) > MOST_VALUES or not all(map(_sorts, values)):
        raise foreign_token()
    return tuple(values)


def _sorts(value: object) -> bool:
    # Not isinstance: True and False are integers to it.
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    return type(value) is str and not _UNSTORABLE.search(value)


def foreign_token() -> InvalidArgument:
    """The fault for a page token that says what this list never said."""
    return PageTokenInvalid.field("page_token", "was not made for this request")
