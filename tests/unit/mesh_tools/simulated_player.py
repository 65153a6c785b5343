"""A player in one piece that clients talk to over a slow and lossy wire, in simulated time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.mesh import playback_calls as calls
from tests.mesh.history import Operation
from tests.mesh.playback_calls import Answer, Refused

TRACKS = tuple(f"t{number}" for number in range(6))
DURATION_MS = 240_000
DURATIONS_MS = dict.fromkeys(TRACKS, DURATION_MS)
DEVICES = ("phone", "kitchen", "desk")


class SimulatedPlayer:
    """Takes one call after another, in place, as a player that knows its whole shuffled order."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.epoch = self.revision = self.position_ms = self.at = 0
        self.status = "STOPPED"
        self.device_id = ""
        self.repeat = "OFF"
        self.shuffle = False
        self.queue: list[str] = []
        self.context: list[str] = []
        self.order: list[str] = []
        self.single = self.queued = ""

    def take(self, call: Any, now_ms: int) -> Answer | Refused:
        """Does what is asked at ``now_ms``."""
        if self.status == "PLAYING":
            self.position_ms = min(self.position_ms + now_ms - self.now_ms, DURATION_MS)
        self.now_ms = now_ms
        named = getattr(call, "playback_id", None)
        if named not in (None, f"s{self.epoch}"):
            if isinstance(call, calls.Stop):
                return Answer(self.revision, playback_id=named, position_ms=17)
            return Refused(calls.SESSION_NOT_CURRENT)
        refused = getattr(self, type(call).__name__.lower())(call)
        return refused or self.answer(call)

    now_ms = 0

    def answer(self, call: Any) -> Answer:
        if not self.epoch:
            return calls.NOTHING_PLAYED
        if isinstance(call, calls.Pause | calls.Seek | calls.Stop):
            return Answer(self.revision, position_ms=self.position_ms)
        if isinstance(call, calls.SetRepeat):
            return Answer(self.revision, repeat=call.repeat)
        if isinstance(call, calls.AddToQueue | calls.SetShuffle | calls.Resume | calls.EditQueue):
            return Answer(self.revision)
        state: dict[str, Any] = {"epoch": self.epoch, "playback_id": f"s{self.epoch}"}
        state |= {"track_id": self.track, "position_ms": self.position_ms}
        if isinstance(call, calls.Get):
            state |= {"status": self.status, "device_id": self.device_id, "shuffle": self.shuffle}
            state |= {"repeat": self.repeat, "queue": tuple(self.queue)}
        return Answer(self.revision, **state)

    @property
    def track(self) -> str:
        return self.queued or self.single or self.order[self.at]

    def get(self, call: calls.Get) -> None:
        pass

    def play(self, call: calls.Play) -> None:
        self.epoch += 1
        self.revision += 1
        self.status, self.device_id = "PLAYING", call.device_id
        self.position_ms = call.position_ms
        self.repeat = call.repeat or self.repeat
        self.shuffle = self.shuffle if call.shuffle is None else call.shuffle
        self.context = list(call.context)
        self.queued = ""
        self.single = "" if call.context else call.track_id or ""
        self.order, self.at = list(self.context), 0
        if call.context and self.shuffle:
            self.reorder(call.track_id)
        elif call.context and call.track_id:
            self.at = self.order.index(call.track_id)

    def reorder(self, first: str | None) -> None:
        self.rng.shuffle(self.order)
        if first is not None:
            self.order.remove(first)
            self.order.insert(0, first)
        self.at = 0

    def move(self) -> Refused | None:
        if self.status == "STOPPED":
            return Refused(calls.SESSION_NOT_CURRENT)
        self.revision += 1
        return None

    def pause(self, call: calls.Pause) -> Refused | None:
        if self.status != "PAUSED":
            refused = self.move()
            self.status = self.status if refused else "PAUSED"
            return refused
        return None

    def resume(self, call: calls.Resume) -> Refused | None:
        if self.status != "PLAYING":
            refused = self.move()
            self.status = self.status if refused else "PLAYING"
            return refused
        return None

    def seek(self, call: calls.Seek) -> Refused | None:
        refused = self.move()
        if not refused:
            self.position_ms = min(call.position_ms, DURATION_MS)
        return refused

    def stop(self, call: calls.Stop) -> None:
        if not self.move():
            self.status = "STOPPED"

    def begin(self) -> None:
        self.revision += 1
        self.status, self.position_ms = "PLAYING", 0

    def skip(self, call: calls.Skip) -> Refused | None:
        if self.status == "STOPPED":
            return Refused(calls.SESSION_NOT_CURRENT)
        if self.queue:
            self.queued = self.queue.pop(0)
        elif self.at + 1 < len(self.order):
            self.queued, self.at = "", self.at + 1
        elif self.repeat == "CONTEXT" and self.order:
            last = self.order[-1]
            self.queued, self.at = "", 0
            while self.shuffle and (self.order[0] == last or self.rng.random() < 0.5):
                self.rng.shuffle(self.order)
        else:
            return Refused(calls.QUEUE_ENDED)
        self.begin()
        return None

    def previous(self, call: calls.Previous) -> Refused | None:
        if self.status == "STOPPED":
            return Refused(calls.SESSION_NOT_CURRENT)
        if self.position_ms <= 3000 and self.order:
            if self.queued:
                self.queued = ""
            elif self.at:
                self.at -= 1
            elif self.repeat == "CONTEXT" and not self.shuffle:
                self.at = len(self.order) - 1
        self.begin()
        return None

    def setrepeat(self, call: calls.SetRepeat) -> Refused | None:
        if self.status == "STOPPED" or self.repeat != call.repeat:
            refused = self.move()
            self.repeat = self.repeat if refused else call.repeat
            return refused
        return None

    def setshuffle(self, call: calls.SetShuffle) -> Refused | None:
        if self.status == "STOPPED" or self.shuffle != call.shuffle:
            if refused := self.move():
                return refused
            self.shuffle = call.shuffle
            here = self.order[self.at] if self.order else None
            if call.shuffle:
                self.reorder(here)
            elif here:
                self.order = list(self.context)
                self.at = self.order.index(here)
        return None

    def addtoqueue(self, call: calls.AddToQueue) -> Refused | None:
        if not self.epoch:
            return Refused(calls.SESSION_NOT_CURRENT)
        self.queue = [*call.tracks, *self.queue] if call.next else [*self.queue, *call.tracks]
        self.revision += 1
        return None

    def transfer(self, call: calls.Transfer) -> Refused | None:
        if not self.epoch:
            return Refused(calls.SESSION_NOT_CURRENT)
        plays = self.status == "PLAYING" if call.plays is None else call.plays
        status = "PLAYING" if plays else "PAUSED"
        here = self.device_id == call.device_id and self.status != "STOPPED"
        if not here or status != self.status:
            self.revision += 1
        self.epoch += not here
        self.status, self.device_id = status, call.device_id
        return None


def any_call(rng: random.Random, session: str | None) -> Any:
    """What one of many people may want, knowing of this session."""
    if session is None or rng.random() < 0.06:
        chosen = rng.choice([None, *TRACKS])
        context = TRACKS if chosen is None or rng.random() < 0.7 else ()
        return calls.Play(rng.choice(DEVICES), chosen, context)
    return rng.choice(
        [
            calls.Get(),
            calls.Get(),
            calls.Pause(session),
            calls.Resume(session),
            calls.Seek(session, rng.randrange(0, DURATION_MS, 10)),
            calls.Skip(),
            calls.Previous(session),
            calls.SetRepeat(rng.choice(["OFF", "TRACK", "CONTEXT"])),
            calls.SetShuffle(rng.random() < 0.5),
            calls.AddToQueue((rng.choice(TRACKS),), rng.random() < 0.3),
            calls.Transfer(rng.choice(DEVICES), rng.choice([None, True, False])),
            calls.Stop(session) if rng.random() < 0.2 else calls.Get(),
        ]
    )


@dataclass
class Simulation:
    """Clients with one call at a time each; some calls lose their answers, done, late or never."""

    rng: random.Random
    take: Callable[[Any, int], Any]
    unknown: float = 0.1
    settles_within_s: float | None = None
    choose: Callable[[random.Random, str | None], Any] = any_call
    _events: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def run(self, clients: int, total: int) -> list[Operation]:
        """A history of ``total`` operations."""
        history: list[Operation] = []
        sessions: list[str | None] = [None] * clients

        def begin(client: int, now: float) -> None:
            if len(history) >= total:
                return
            index = len(history)
            call = self.choose(self.rng, sessions[client])
            results: list[Any] = []
            takes_effect = self.rng.expovariate(200)
            lost = self.rng.random() < self.unknown
            ends = takes_effect + self.rng.expovariate(200)
            until = None if self.settles_within_s is None else now + ends + self.settles_within_s
            if not lost or self.rng.random() < 0.5:
                late = self.rng.random() * (self.settles_within_s or 0.5) if lost else 0.0
                at = now + takes_effect + late
                self._at(at, lambda then: results.append(self.take(call, int(then * 1000))))
            history.append(Operation(client, call, None, now, until))
            self._at(
                now + ends, lambda then: end(client, index, lost=lost, results=results, now=then)
            )

        def end(client: int, index: int, *, lost: bool, results: list[Any], now: float) -> None:
            if not lost:
                asked = history[index]
                history[index] = Operation(client, asked.call, results[0], asked.invoked_at, now)
                named = getattr(results[0], "playback_id", None)
                sessions[client] = named or sessions[client]
            self._at(now + self.rng.expovariate(200), lambda then: begin(client, then))

        for client in range(clients):
            self._at(self.rng.random() / 100, lambda now, client=client: begin(client, now))  # type: ignore[misc]
        while self._events:
            now, _, happen = heapq.heappop(self._events)
            happen(now)
        return history

    def _at(self, at: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._order), happen))
