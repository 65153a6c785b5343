"""Events as the bytes of a Parquet file, and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rec_svc.domain.events import COLUMNS, Event, EventBatch

_MARK = {b"segue.events": b"1"}
_TYPES = {"at_ms": pa.int64(), "heard_ms": pa.int32(), "completed": pa.bool_()}
SCHEMA: Any = pa.schema(
    [pa.field(name, _TYPES.get(name, pa.string()), nullable=False) for name in COLUMNS],
    metadata=_MARK,
)
"""The columns of every file; a file without the mark is not ours."""
BATCH_ROWS = 65_536
"""So many events are in a batch at most."""


class UnreadableFileError(Exception):
    """A file is cut short or damaged, or holds something else than events."""


def table_of(events: Sequence[Event]) -> Any:
    """The events as a table."""
    columns = {name: [getattr(event, name) for event in events] for name in COLUMNS}
    return pa.table(columns, schema=SCHEMA)


def encode(table: Any) -> bytes:
    """The bytes of a file with the events of ``table``; its pages have checksums."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def decode(content: bytes) -> Any:
    """The table in a file, read to its end. Raises UnreadableFileError."""
    try:
        source = pa.BufferReader(content)
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(SCHEMA) or not _is_marked(file):
                raise UnreadableFileError("it has other columns than events")
            return file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFileError(str(error)) from error


def _is_marked(file: Any) -> bool:
    told = file.schema_arrow.metadata or {}
    return all(told.get(name) == value for name, value in _MARK.items())


def without_users(table: Any, user_ids: Collection[str]) -> Any:
    """The events that are of none of these users."""
    if not user_ids:
        return table
    named = pc.is_in(table["user_id"], value_set=pa.array(sorted(user_ids), pa.string()))
    return table.filter(pc.invert(named))


def unseen(table: Any, seen: set[str]) -> Any:
    """The events whose ids are not in ``seen`` yet, each once; enters them."""
    fresh = []
    for event_id in table["event_id"].to_pylist():
        fresh.append(event_id not in seen)
        seen.add(event_id)
    return table.filter(pa.array(fresh, pa.bool_()))


def batches_of(table: Any) -> list[EventBatch]:
    """The events of a table in batches of at most ``BATCH_ROWS``."""
    return [_batch(table.slice(at, BATCH_ROWS)) for at in range(0, table.num_rows, BATCH_ROWS)]


def _batch(table: Any) -> EventBatch:
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in COLUMNS}
    columns["completed"] = columns["completed"].astype(np.bool_)
    return EventBatch(**columns)
