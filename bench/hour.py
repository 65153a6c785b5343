"""An hour of listening in minutes: thousands of devices while instances drain, die and come back.

Three instances are processes over durable stores. The first is left alone, so that its memory can
be watched; the others are drained (SIGTERM) and killed (SIGKILL) in turn and started again. All
devices beat, are controlled from elsewhere, leave and come back.

    python -m bench.hour --devices 500 --minutes 0.5
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from ulid import ULID

from bench.hour_clients import Crowd
from bench.hour_devices import Habits
from bench.playback_stand import Stand, cpu_s, playback_stand, resident_kib
from bench.report import Figure, quantile

DEVICES = 5_000
MINUTES = 6.0
# How many times faster devices live: a beat is due every 10 s. What two cores carry, the clients
# and the stores included.
COMPRESSION = 4.0
CLIENT_PROCESSES = 2
INSTANCES = 3
ROWS = 12
# The first rows fill the mesh, and the last one has no blow to recover from.
BLOWS_FROM, BLOWS_TO = 4, 11
FLAT = 1.1
BACK_S = 35
_BLOWS = ((1, signal.SIGKILL), (2, signal.SIGTERM), (2, signal.SIGKILL), (1, signal.SIGTERM))


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen in one part of the run; ``cores`` are of all instances, KiB of the first."""

    minute: float
    playing: int
    beats: float
    commands: float
    cores: float
    stores: float
    kib: float
    blow: str
    load: float


class Processor:
    """Adds up the processor time of processes that come and go."""

    def __init__(self) -> None:
        self._last: dict[int, float] = {}
        self.used_s = 0.0

    def look(self, pids: Sequence[int]) -> None:
        """Adds what these have used since they were seen last."""
        for pid in pids:
            used = cpu_s(pid)
            self.used_s += used - self._last.get(pid, 0.0)
            self._last[pid] = used


class Hour:
    """One run on a stand."""

    def __init__(self, stand: Stand, crowd: Crowd, length_s: float) -> None:
        self._stand = stand
        self._crowd = crowd
        self._row_s = length_s / ROWS
        self._began = time.monotonic()
        self._instances, self._stores = Processor(), Processor()
        self._blows = itertools.cycle(_BLOWS)
        self._blow = ""
        self.rows: list[Row] = []

    async def run(self) -> None:
        """Looks on, and strikes once in each of the middle rows."""
        self._look()
        print(_HEAD, file=sys.stderr)
        for number in range(ROWS):
            if BLOWS_FROM <= number < BLOWS_TO:
                await self._strike()
            await self._row(self._began + (number + 1) * self._row_s)
        while self._crowd.listen():  # noqa: ASYNC110 - a pipe has no event
            await asyncio.sleep(0.2)

    async def _strike(self) -> None:
        number, how = next(self._blows)
        struck = await self._stand.strike(number, how)
        self._blow = f"{how.name} {number}" if struck else f"{number} is not back yet"

    async def _row(self, until: float) -> None:
        seen, began = self._crowd.seen, time.monotonic()
        before = (seen.beats, seen.commands, self._instances.used_s, self._stores.used_s)
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            self._look()
        after = (seen.beats, seen.commands, self._instances.used_s, self._stores.used_s)
        took_s = time.monotonic() - began
        beats, commands, cores, stores = (
            (one - other) / took_s for one, other in zip(after, before, strict=True)
        )
        kib = resident_kib(self._stand.pid(0))
        minute = (time.monotonic() - self._began) / 60
        load = os.getloadavg()[0]
        row = Row(minute, seen.playing, beats, commands, cores, stores, kib, self._blow, load)
        self._blow = ""
        self.rows.append(row)
        print(_line(row), file=sys.stderr)

    def _look(self) -> None:
        self._crowd.listen()
        pids = [self._stand.pid(number) for number in range(INSTANCES)]
        self._instances.look([pid for pid in pids if pid])
        self._stores.look(self._stand.store_pids())


_HEAD = "  minute  playing  beats/s  commands/s  cores  stores  RSS of 0, MiB   load  struck"


def _line(row: Row) -> str:
    rates = f"{row.beats:8.0f} {row.commands:11.1f} {row.cores:6.2f} {row.stores:7.2f}"
    memory = f"{row.kib / 1024:14.1f} {row.load:6.1f}"
    return f"  {row.minute:6.1f} {row.playing:8} {rates} {memory}  {row.blow}"


def _figures(hour: Hour, crowd: Crowd, devices: int) -> list[Figure]:
    seen, rows = crowd.seen, hour.rows
    middle, last = rows[ROWS // 2 - 1], rows[-1]
    steady = rows[BLOWS_FROM:]
    beats, cores, stores = (
        sum(getattr(row, name) for row in steady) / len(steady)
        for name in ("beats", "cores", "stores")
    )
    memory = ", ".join(f"{row.kib / 1024:.0f}" for row in (rows[0], middle, last))
    words = f"aim ≤ {FLAT}; {memory} MiB at start, middle, end"
    errors = ", ".join(f"{count} {name}" for name, count in seen.errors.most_common()) or "none"
    wrong = ", ".join(f"{count} {name}" for name, count in seen.wrong.most_common())
    return [
        Figure(f"beats of {devices:,} devices", beats, "/s", _a_core(beats, cores)),
        Figure("processor of the instances", cores, "cores", f"{stores:.2f} of the stores"),
        Figure("memory of an instance, end ÷ middle", last.kib / middle.kib, "", words),
        Figure("commands acknowledged", seen.commands, "", _p95("p95 {:.0f} ms", seen.answer_ms)),
        Figure("commands delivered", seen.delivered, "", _p95("p95 {:.0f} ms", seen.delivery_ms)),
        Figure("sessions wrongly ended", sum(seen.wrong.values()), "", f"must be 0. {wrong}"),
        Figure("errors met and outlived", sum(seen.errors.values()), "", errors),
        _back("a killed", seen.back_s),
        _back("a drained", seen.drained_s),
    ]


def _a_core(beats: float, cores: float) -> str:
    """How many beats a second a core of the instances had, commands and churn included."""
    return f"{beats / cores:,.0f} for each core of the instances" if cores else ""


def _p95(words: str, values: Sequence[float]) -> str | None:
    return words.format(quantile(values, 0.95)) if values else None


def _back(what: str, times: Sequence[float]) -> Figure:
    value = quantile(times, 0.95) if times else 0.0
    slowest = f", slowest {max(times):.1f} s" if times else ""
    return Figure(
        f"streams of {what} instance back, p95",
        value,
        "s",
        f"must < {BACK_S} s; {len(times):,} streams{slowest}",
    )


async def _measure(folder: Path, devices: int, minutes: float, compression: float) -> list[Figure]:
    length_s = minutes * 60
    habits = Habits(
        beat_every_s=10 / compression,
        command_every_s=600 / compression,
        stay_s=3_000 / compression,
        away_s=100 / compression,
        ramp_s=length_s * (BLOWS_FROM - 1) / ROWS,
        length_s=length_s,
    )
    async with playback_stand(folder, INSTANCES) as stand:
        users = [str(ULID()) for _ in range(devices)]
        tokens = [stand.issuer.token(user, tier="premium", life_s=7_200) for user in users]
        crowd = Crowd(stand.tls, stand.ports, tokens, habits, CLIENT_PROCESSES)
        try:
            await crowd.ready()
            hour = Hour(stand, crowd, length_s)
            await hour.run()
        finally:
            crowd.close()
        return _figures(hour, crowd, devices)


def run(
    devices: int = DEVICES, minutes: float = MINUTES, compression: float = COMPRESSION
) -> list[Figure]:
    """Measures; as long as ``minutes`` says and half a minute more."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(Path(folder), devices, minutes, compression))


if __name__ == "__main__":
    from bench.report import table

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long it takes")
    parser.add_argument(
        "--compression", type=float, default=COMPRESSION, help="how many times faster they live"
    )
    options = parser.parse_args()
    print(table(run(options.devices, options.minutes, options.compression)))
