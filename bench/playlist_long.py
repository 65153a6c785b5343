"""One list of 10,000 entries: loads, edits, its history and what that takes, and rules."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from bench.playlist_calls import AsJson, Direct
from bench.report import Figure, quantile
from meshkit import postgres

LONG = 10_000
TIMES = 200
HISTORY = 1_500
MUST_MS = 200
AIM_MS = 20
_LIMIT = f"must < {MUST_MS} ms, aim < {AIM_MS}"
_BY = playlist_service_pb2.SortTracksRequest.By
_RULE = playlist_pb2.Rule

Call = Callable[[], Awaitable[Any]]


async def times_ms(call: Call, times: int = TIMES) -> list[float]:
    """How long each of ``times`` calls took, one after the other."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def figure(what: str, times: Sequence[float], beside: str | None = _LIMIT) -> Figure:
    """The p95 of some times, beside a limit."""
    words = f"p50 {quantile(times, 0.5):.1f} ms" + (f"; {beside}" if beside else "")
    print(f"  {what:<50} {quantile(times, 0.95):8.1f} ms p95, {words}", file=sys.stderr)
    return Figure(f"{what}, p95", quantile(times, 0.95), "ms", words)


@dataclass(slots=True)
class Long:
    """The list, and what is measured on it. Edits keep it at 9,999 or 10,000 entries."""

    direct: Direct
    edge: AsJson
    tracks: Sequence[str]
    dsn: str
    rng: random.Random = field(default_factory=lambda: random.Random(3))
    figures: list[Figure] = field(default_factory=list)

    async def measure(self) -> list[Figure]:
        """Loads, edits, history, storage."""
        began = time.perf_counter()
        long = await self.direct.make(self.tracks[:LONG])
        added_ms = (time.perf_counter() - began) * 1000
        self.figures.append(Figure("10,000 tracks added in one call", added_ms, "ms", None))
        self._note("load of 10,000, RPC", await times_ms(lambda: self.direct.load(long)))
        self._note("load of 10,000, JSON, edge", await times_ms(lambda: self.edge.load(long)))
        self._note(
            "all of 10,000 in pages of 500, RPC",
            await times_ms(lambda: self.direct.whole(long), 10),
            None,
        )
        items = [track.item_id for track in await self.direct.whole(long)]
        self.rng.shuffle(items)
        await self._edits(long, items)
        await self._history(long)
        await self._ways_back(long, items)
        return self.figures

    def _note(self, what: str, times: Sequence[float], beside: str | None = _LIMIT) -> None:
        self.figures.append(figure(what, times, beside))

    async def _edits(self, long: str, items: list[str]) -> None:
        gone = [items.pop() for _ in range(2 * TIMES)]
        removed, added, added_as_json = [], [], []
        for n, item_id in enumerate(gone):
            track_id, at = self.rng.choice(self.tracks), self.rng.randrange(LONG - 1)
            removed += await times_ms(lambda: self.direct.remove(long, [item_id]), 1)  # noqa: B023
            if n % 2:
                added += await times_ms(lambda: self.direct.add(long, [track_id], at), 1)  # noqa: B023
            else:
                added_as_json += await times_ms(lambda: self.edge.add(long, track_id, at), 1)  # noqa: B023
        self._note("a track added to 9,999, RPC", added)
        self._note("a track added to 9,999, JSON, edge", added_as_json)
        self._note("a track removed from 10,000, RPC", removed)
        pairs = iter(zip(items, items[TIMES:], strict=False))
        self._note(
            "a track moved in 10,000, RPC",
            await times_ms(lambda: self.direct.move(long, *next(pairs))),
        )

    async def _history(self, long: str) -> None:
        before = await _stored(self.dsn, long)
        snapshots = []
        last = (await self.direct.page(long, 1, "")).tracks[0].item_id
        for _ in range(HISTORY):
            await self.direct.remove(long, [last])
            at = self.rng.randrange(LONG - 1)
            made = await self.direct.add(long, [self.rng.choice(self.tracks)], at)
            last = made.item_ids[0]
            snapshots.append(made.snapshot_id)
        edits = 2 * HISTORY
        self.figures.append(
            Figure(
                "stored for an edit of 10,000 entries",
                (await _stored(self.dsn, long) - before) / edits,
                "bytes",
                f"over {edits:,} edits with their full copies; a copy alone is 520,000",
            )
        )
        old = iter(self.rng.sample(snapshots, 100))
        self._note(
            "first page of an old version, RPC",
            await times_ms(lambda: self.direct.page(long, 100, "", next(old)), 100),
        )
        back = iter(self.rng.sample(snapshots, 50))
        self._note(
            "an old version restored, RPC",
            await times_ms(lambda: self.direct.restore(long, next(back)), 50),
        )

    async def _ways_back(self, long: str, items: Sequence[str]) -> None:
        standing = {track.item_id for track in await self.direct.whole(long)}
        items = [item_id for item_id in items if item_id in standing]
        base = (await self.direct.page(long, 1, "")).snapshot_id
        pairs = iter(zip(items[::2], items[1::2], strict=False))
        self._note(
            "a move based on a version 1 to 200 edits old, RPC",
            await times_ms(lambda: self.direct.move(long, *next(pairs), base)),
        )
        self._note("an undo, RPC", await times_ms(lambda: self.direct.undo(long), 100))
        orders = iter((_BY.TITLE, _BY.DURATION) * 10)
        self._note(
            "10,000 sorted, RPC", await times_ms(lambda: self.direct.sort(long, next(orders)), 20)
        )


async def rules(direct: Direct) -> list[Figure]:
    """Smart lists made and loaded for the first time: their rule chooses from 100,000 tracks."""
    fields, operators = _RULE.Condition.Field, _RULE.Condition.Operator

    def condition(field: Any, operator: Any, *values: str) -> Any:
        return _RULE.Condition(field=field, comparison=operator, values=values)

    kinds: dict[str, Callable[[int], playlist_pb2.Rule]] = {
        "a genre and years, 100 tracks": lambda n: _RULE(
            conditions=[
                condition(fields.GENRE, operators.IS, f"genre {n}"),
                condition(fields.YEAR, operators.BETWEEN, "1980", "1999"),
            ]
        ),
        "a word in the title, by artist, 1,000": lambda n: _RULE(
            conditions=[condition(fields.TITLE, operators.CONTAINS, "abcdefghijklmnopqrst"[n])],
            order=_RULE.Order.ARTIST,
            limit=1_000,
        ),
        "by chance, 10,000": lambda n: _RULE(order=_RULE.Order.RANDOM, limit=LONG - n),
    }
    figures = []
    for what, rule in kinds.items():
        wanted = iter([rule(n) for n in range(20)])

        async def made_and_loaded() -> None:
            await direct.load(await direct.make_smart(next(wanted)))  # noqa: B023

        times = await times_ms(made_and_loaded, 20)
        figures.append(figure(f"smart, from 100,000: {what}", times, f"must < {MUST_MS} ms"))
    return figures


async def _stored(dsn: str, playlist_id: str) -> int:
    """Bytes of the history's rows; what indexes and pages add is not counted."""
    query = """
    SELECT (SELECT coalesce(sum(pg_column_size(one.*)), 0) FROM snapshots AS one
            WHERE playlist_id = %(id)s)
      + (SELECT coalesce(sum(octet_length(records)), 0) FROM snapshot_copies
         WHERE playlist_id = %(id)s)
    """
    target = postgres.conninfo(dsn, schema="playlist")
    async with await psycopg.AsyncConnection.connect(target) as connection:
        row = await (await connection.execute(query, {"id": playlist_id})).fetchone()
    return int(row[0]) if row else 0
