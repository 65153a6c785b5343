"""A process of clients of the compressed hour: many devices, and what they saw each second."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from bench.hour_devices import Device, Habits, Instances, Seen

TELLS_EVERY_S = 1.0


async def _devices(
    tls: Path, ports: tuple[int, ...], tokens: Sequence[str], habits: Habits, pipe: Connection
) -> None:
    instances, seen = Instances(tls, ports), Seen()
    # It is there: to import all this takes seconds on a busy machine.
    pipe.send(None)
    living = [asyncio.create_task(Device(instances, habits, seen, one).live()) for one in tokens]
    loop = asyncio.get_running_loop()
    until = loop.time() + habits.length_s
    while loop.time() < until:
        await asyncio.sleep(TELLS_EVERY_S)
        pipe.send(seen)
        seen.forget()
        # One that has failed would make the others look better than they were.
        failed = next((one for one in living if one.done()), None)
        if failed is not None:
            failed.result()
    for one in living:
        one.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    pipe.send(None)


def _process(
    tls: Path, ports: tuple[int, ...], tokens: Sequence[str], habits: Habits, pipe: Connection
) -> None:
    # Streams are cut off by the thousand, and gRPC would tell of each.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    gc.freeze()
    uvloop.run(_devices(tls, ports, tokens, habits, pipe))


class Crowd:
    """Processes of clients that run, and the sum of what they saw."""

    def __init__(
        self,
        tls: Path,
        ports: tuple[int, ...],
        tokens: Sequence[str],
        habits: Habits,
        processes: int,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.seen = Seen()
        self._playing: dict[int, int] = {}
        self._pipes: dict[int, Connection] = {}
        self.children = []
        for number in range(processes):
            here, there = context.Pipe(duplex=False)
            share = tokens[number::processes]
            child = context.Process(
                target=_process, args=(tls, ports, share, habits, there), daemon=True
            )
            child.start()
            there.close()
            self._pipes[number] = here
            self.children.append(child)

    async def ready(self) -> None:
        """Returns when the processes begin."""
        for pipe in self._pipes.values():
            await asyncio.to_thread(pipe.recv)

    def listen(self) -> bool:
        """Adds up what the processes have told since; False once all are done.

        Raises EOFError where one has died.
        """
        for number, pipe in list(self._pipes.items()):
            while number in self._pipes and pipe.poll():
                told = pipe.recv()
                if told is None:
                    del self._pipes[number]
                else:
                    self._add(number, told)
        return bool(self._pipes)

    def _add(self, number: int, told: Seen) -> None:
        self._playing[number] = told.playing
        for each in fields(Seen):
            ours, theirs = getattr(self.seen, each.name), getattr(told, each.name)
            if isinstance(ours, list):
                ours.extend(theirs)
            elif isinstance(ours, Counter):
                ours.update(theirs)
            else:
                setattr(self.seen, each.name, ours + theirs)
        self.seen.playing = sum(self._playing.values())

    def close(self) -> None:
        """Ends the processes, those that still run by force."""
        for child in self.children:
            child.join(10)
            if child.is_alive():
                child.kill()
                child.join(10)
