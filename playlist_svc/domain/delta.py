"""One edit as operations by index, in a few bytes, and many edits replayed on one buffer."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import common_ends, moved
from playlist_svc.domain.order import RECORD, Order

FORMAT = 1
"""The first byte of an encoded delta."""

_SIZE = RECORD.size
_VARINT_BYTES = 5


class _Code(IntEnum):
    """The byte that begins an operation."""

    INSERT = 1
    REMOVE = 2
    MOVE = 3
    PERMUTE = 4
    TITLE = 5
    DESCRIPTION = 6


class DeltaDamaged(ValueError):
    """Bytes that are no delta, or a delta that does not fit the list it is applied to."""


@dataclass(frozen=True, slots=True)
class Insert:
    """Put packed ``records`` in before index ``at``."""

    at: int
    records: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    """Take ``count`` records out from index ``at`` on."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Move:
    """Take ``count`` records out from index ``start`` on; put them in at ``to`` of what is left."""

    start: int
    count: int
    to: int


@dataclass(frozen=True, slots=True)
class Permute:
    """Reorder the records from index ``at`` on: the n-th becomes the one at ``at + indices[n]``.

    ``indices`` is an array of unsigned 16-bit numbers, each of 0 … len - 1 once.
    """

    at: int
    indices: array[int]


@dataclass(frozen=True, slots=True)
class SetTitle:
    """Give the list another title."""

    new: str


@dataclass(frozen=True, slots=True)
class SetDescription:
    """Give the list another description."""

    new: str


Operation = Insert | Remove | Move | Permute | SetTitle | SetDescription
Delta = tuple[Operation, ...]


def encode(delta: Delta) -> bytes:
    """The delta as bytes: the format, then of each operation a code and numbers in LEB128."""
    out = bytearray((FORMAT,))
    for operation in delta:
        match operation:
            case Insert(at, records):
                _put(out, _Code.INSERT, at, len(records) // _SIZE)
                out += records
            case Remove(at, count):
                _put(out, _Code.REMOVE, at, count)
            case Move(start, count, to):
                _put(out, _Code.MOVE, start, count, to)
            case Permute(at, indices):
                _put(out, _Code.PERMUTE, at, len(indices))
                out += _big_endian(indices).tobytes()
            case SetTitle(new):
                _put_text(out, _Code.TITLE, new)
            case SetDescription(new):
                _put_text(out, _Code.DESCRIPTION, new)
    return bytes(out)


def decode(encoded: bytes) -> Delta:
    """The delta of these bytes; DeltaDamaged for anything malformed."""
    if not encoded or encoded[0] != FORMAT:
        raise DeltaDamaged("not a delta of a known format")
    reader = _Reader(encoded)
    operations = []
    while reader.at < len(encoded):
        operations.append(_operation(reader))
    return tuple(operations)


def apply(content: Content, delta: Delta) -> Content:
    """The content after the delta. DeltaDamaged when an index lies outside of the list."""
    return _applied(content, (delta,))


def replay(content: Content, deltas: Sequence[bytes]) -> Content:
    """The content after each of the encoded deltas in turn. DeltaDamaged."""
    return _applied(content, map(decode, deltas))


def difference(old: Content, new: Content) -> Delta:
    """A compact delta that turns ``old`` into ``new``: the texts that differ, then `between`."""
    operations: list[Operation] = []
    if old.title != new.title:
        operations.append(SetTitle(new.title))
    if old.description != new.description:
        operations.append(SetDescription(new.description))
    return (*operations, *between(old.order, new.order))


def between(old: Order, new: Order) -> Delta:
    """A compact delta that turns ``old`` into ``new``.

    One run removed, inserted or moved is one operation of a few bytes; another order of the same
    entries is at most two bytes for each; else runs are taken out and put in.
    """
    a, b = old.packed, new.packed
    head, tail = common_ends(old, new)
    a = a[head * _SIZE : len(a) - tail * _SIZE]
    b = b[head * _SIZE : len(b) - tail * _SIZE]
    if a == b:
        return ()
    if not a:
        return (Insert(head, b),)
    if not b:
        return (Remove(head, len(a) // _SIZE),)
    return _rotation(a, b, head) or _rewrite(Order(a).records(), Order(b).records(), head)


def _rotation(a: bytes, b: bytes, offset: int) -> Delta:
    """One move, when one run went elsewhere; nothing otherwise."""
    at = Order(b).index_of(a[:16]) if len(a) == len(b) else None
    if not at:
        return ()
    front = len(a) - at * _SIZE
    if a[:front] != b[at * _SIZE :] or a[front:] != b[: at * _SIZE]:
        return ()
    if front // _SIZE <= at:
        return (Move(offset, front // _SIZE, offset + at),)
    return (Move(offset + front // _SIZE, at, offset),)


def _rewrite(a: list[bytes], b: list[bytes], offset: int) -> Delta:
    places = {record: place for place, record in enumerate(a)}
    going = moved(a, b)
    if len(a) == len(b) and len(going) * _SIZE > 2 * len(a) and all(r in places for r in b):
        return (Permute(offset, array("H", [places[record] for record in b])),)
    wanted = set(b)
    out = [place for place, r in enumerate(a) if r in going or r not in wanted]
    into = [place for place, r in enumerate(b) if r in going or r not in places]
    operations: list[Operation] = [
        Remove(offset + start, stop - start) for start, stop in reversed(_runs(out))
    ]
    operations += [Insert(offset + start, b"".join(b[start:stop])) for start, stop in _runs(into)]
    return tuple(operations)


def _runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Rising places as runs (start, stop)."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _applied(content: Content, deltas: Iterable[Delta]) -> Content:
    title, description = content.title, content.description
    rows = bytearray(content.order.packed)
    for delta in deltas:
        for operation in delta:
            match operation:
                case SetTitle(new):
                    title = new
                case SetDescription(new):
                    description = new
                case _:
                    _edit(rows, operation)
    return Content(title, description, Order(bytes(rows)))


def _edit(rows: bytearray, operation: Insert | Remove | Move | Permute) -> None:
    length = len(rows) // _SIZE
    match operation:
        case Insert(at, records):
            _require_fit(0 <= at <= length)
            rows[at * _SIZE : at * _SIZE] = records
        case Remove(at, count):
            _require_fit(0 <= at <= at + count <= length)
            del rows[at * _SIZE : (at + count) * _SIZE]
        case Move(start, count, to):
            _require_fit(0 <= start <= start + count <= length and 0 <= to <= length - count)
            run = rows[start * _SIZE : (start + count) * _SIZE]
            del rows[start * _SIZE : (start + count) * _SIZE]
            rows[to * _SIZE : to * _SIZE] = run
        case Permute(at, indices):
            _require_fit(0 <= at <= at + len(indices) <= length)
            begin, end = at * _SIZE, (at + len(indices)) * _SIZE
            window = bytes(rows[begin:end])
            rows[begin:end] = b"".join([window[n * _SIZE : n * _SIZE + _SIZE] for n in indices])


def _require_fit(fits: bool) -> None:
    if not fits:
        raise DeltaDamaged("an operation lies outside of the list")


def _put(out: bytearray, code: int, *numbers: int) -> None:
    out.append(code)
    for number in numbers:
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)


def _put_text(out: bytearray, code: int, text: str) -> None:
    encoded = text.encode()
    _put(out, code, len(encoded))
    out += encoded


def _big_endian(indices: array[int]) -> array[int]:
    """The array in network order, or one in network order in the machine's."""
    swapped = array("H", indices)
    if sys.byteorder == "little":
        swapped.byteswap()
    return swapped


class _Reader:
    """Takes numbers and bytes off an encoded delta; DeltaDamaged where it ends too early."""

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded
        self.at = 1

    def number(self) -> int:
        value = 0
        for group in range(_VARINT_BYTES):
            (byte,) = self.take(1)
            value |= (byte & 127) << 7 * group
            if byte < 128:
                return value
        raise DeltaDamaged("a number is too long")

    def take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self.encoded):
            raise DeltaDamaged("a delta ends within an operation")
        return self.encoded[start : self.at]

    def text(self) -> str:
        try:
            return self.take(self.number()).decode()
        except UnicodeDecodeError as error:
            raise DeltaDamaged("a text is not UTF-8") from error

    def indices(self) -> array[int]:
        count = self.number()
        indices = _big_endian(array("H", self.take(2 * count)))
        if len(set(indices)) != count or (count and max(indices) >= count):
            raise DeltaDamaged("indices are no permutation")
        return indices


def _operation(reader: _Reader) -> Operation:
    (code,) = reader.take(1)
    match code:
        case _Code.INSERT:
            return Insert(reader.number(), reader.take(reader.number() * _SIZE))
        case _Code.REMOVE:
            return Remove(reader.number(), reader.number())
        case _Code.MOVE:
            return Move(reader.number(), reader.number(), reader.number())
        case _Code.PERMUTE:
            return Permute(reader.number(), reader.indices())
        case _Code.TITLE:
            return SetTitle(reader.text())
        case _Code.DESCRIPTION:
            return SetDescription(reader.text())
        case _:
            raise DeltaDamaged("an operation is of no known kind")
