"""Radios in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from meshkit.idempotency import MemoryAnswers, RequestKey
from rec_svc.adapters.codecs import radio_blocks
from rec_svc.domain.radios import NOT_TWICE_MS, Block, Given, Radio, Station
from rec_svc.ports.radios import MOST_GIVEN, MOST_RADIOS, RadioPlay, RadioSave, Started


@dataclass(slots=True)
class _Held:
    radio: Radio
    revision: int = 0
    given: dict[str, Given] = field(default_factory=dict)


class MemoryRadios:
    """``Radios`` and ``RadioFeedback`` of one process."""

    def __init__(self, most_radios: int = MOST_RADIOS, most_given: int = MOST_GIVEN) -> None:
        self._most_radios = most_radios
        self._most_given = most_given
        self._held: dict[str, _Held] = {}
        self._started: dict[str, Started] = {}
        self._erased: set[str] = set()
        self._answers = MemoryAnswers()

    async def start(self, radio: Radio, key: RequestKey | None = None) -> Started:
        async def produce() -> bytes:
            if radio.user_id not in self._erased:
                self._held[radio.radio_id] = _Held(radio)
            beyond = self._of_user(radio.user_id)[self._most_radios :]
            for one in beyond:
                del self._held[one.radio_id]
            self._started[radio.radio_id] = Started(radio, len(beyond))
            return radio.radio_id.encode()

        return self._started[(await self._answers.answer_once(None, key, produce)).decode()]

    async def find(self, user_id: str, radio_id: str) -> Radio | None:
        held = self._held.get(radio_id)
        return held.radio if held is not None and held.radio.user_id == user_id else None

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Radio]:
        known = self._of_user(user_id)
        behind = [one for one in known if after is None or _place(one) < after]
        return behind[:limit]

    async def delete(self, user_id: str, radio_id: str, key: RequestKey | None = None) -> None:
        async def produce() -> bytes:
            if await self.find(user_id, radio_id) is not None:
                del self._held[radio_id]
            return b""

        await self._answers.answer_once(None, key, produce)

    async def station(self, user_id: str, radio_id: str, since_ms: int) -> Station | None:
        if await self.find(user_id, radio_id) is None:
            return None
        held = self._held[radio_id]
        told = [
            one
            for one in held.given.values()
            if one.given_at_ms >= since_ms or one.skipped or one.saved_at_ms
        ]
        return Station(held.radio, held.revision, tuple(told))

    async def answered(self, key: RequestKey | None) -> Block | None:
        kept = await self._answers.answer_of(None, key)
        return None if kept is None else radio_blocks.decode(kept)

    async def give(
        self, station: Station, block: Block, key: RequestKey | None = None
    ) -> Block | None:
        async def produce() -> bytes:
            held = self._held.get(station.radio.radio_id)
            if held is None or held.revision != station.revision:
                raise _RaceLostError
            held.revision += 1
            for place, pick in enumerate(block.picks, 1):
                known = held.given.get(pick.track_id, Given(pick.track_id, 0))
                at_ms = block.given_at_ms + place
                held.given[pick.track_id] = replace(known, given_at_ms=at_ms)
            latest = sorted(held.given.values(), key=lambda one: -one.given_at_ms)
            held.given = {one.track_id: one for one in latest[: self._most_given]}
            return radio_blocks.encode(block)

        try:
            return radio_blocks.decode(await self._answers.answer_once(None, key, produce))
        except _RaceLostError:
            return None

    async def play(self, plays: Sequence[RadioPlay]) -> None:
        for one in sorted(plays, key=lambda one: one.at_ms):
            held = self._held.get(one.radio_id)
            if held is None or held.radio.user_id != one.user_id:
                continue
            given = held.given.get(one.track_id)
            if given is not None and given.played_at_ms < one.at_ms:
                held.given[one.track_id] = replace(
                    given, played_at_ms=one.at_ms, skipped=one.skipped
                )

    async def save(self, saves: Sequence[RadioSave]) -> None:
        for one in saves:
            own = [
                held
                for held in self._held.values()
                if held.radio.user_id == one.user_id and one.track_id in held.given
            ]
            if one.saved:
                self._save(one, own)
            else:
                for held in own:
                    given = held.given[one.track_id]
                    if given.saved_at_ms <= one.at_ms:
                        held.given[one.track_id] = replace(given, saved_at_ms=0)

    def _save(self, one: RadioSave, own: Sequence[_Held]) -> None:
        gave = [
            held
            for held in own
            if 0 <= one.at_ms - held.given[one.track_id].given_at_ms < NOT_TWICE_MS
        ]
        if gave:
            held = max(gave, key=lambda held: held.given[one.track_id].given_at_ms)
            given = held.given[one.track_id]
            latest = max(given.saved_at_ms, one.at_ms)
            held.given[one.track_id] = replace(given, saved_at_ms=latest)

    async def prune(self, before_ms: int) -> int:
        """See ``RadioFeedback.prune``."""
        went = 0
        for held in self._held.values():
            kept = {
                one.track_id: one
                for one in held.given.values()
                if one.given_at_ms >= before_ms or one.skipped or one.saved_at_ms
            }
            went += len(held.given) - len(kept)
            held.given = kept
        return went

    async def erase(self, user_id: str) -> None:
        """Drops all radios of a user."""
        self._erased.add(user_id)
        for one in self._of_user(user_id):
            del self._held[one.radio_id]

    def _of_user(self, user_id: str) -> list[Radio]:
        own = [one.radio for one in self._held.values() if one.radio.user_id == user_id]
        return sorted(own, key=_place, reverse=True)


class _RaceLostError(Exception):
    """Another block was given first, or the radio is gone."""


def _place(radio: Radio) -> tuple[int, str]:
    return radio.created_at_ms, radio.radio_id
