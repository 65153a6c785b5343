"""Keep smart playlists up with what their rules choose."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

import structlog

from meshkit import telemetry
from meshkit.faults import Fault
from meshkit.single_flight import SingleFlight
from meshkit.ulids import to_text
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.new_playlists import chosen_order
from playlist_svc.usecases.writing import Edited, Revisions, Writer

FRESH_MS = 60_000
"""How long what a rule chose is taken for what it would choose, in milliseconds."""

_REMEMBERED = 10_000

_log = structlog.get_logger("smart")


class Refresh:
    """Evaluates rules when a smart playlist is read, once a minute and instance at most.

    A rule that chooses what it chose before writes nothing. When it cannot be evaluated, the
    newest version stays: fails STALE.
    """

    def __init__(self, writer: Writer, revisions: Revisions, tracks: Tracks, clock: Clock) -> None:
        self._writer = writer
        self._revisions = revisions
        self._tracks = tracks
        self._clock = clock
        self._evaluated: OrderedDict[tuple[str, Rule], int] = OrderedDict()
        self._flights: SingleFlight[str, Head] = SingleFlight()

    async def __call__(self, head: Head) -> Head:
        """The playlist with what its rule chooses, at most a minute old; any other as it is."""
        if head.rule is None or self._fresh(head, head.rule):
            return head
        evaluate = partial(self._evaluate, head, head.rule)
        return await self._flights(head.playlist_id, evaluate)

    def _fresh(self, head: Head, rule: Rule) -> bool:
        known_ms = self._evaluated.get((head.playlist_id, rule), 0)
        return self._clock() - max(known_ms, head.rule_evaluated_at_ms) < FRESH_MS

    async def _evaluate(self, head: Head, rule: Rule) -> Head:
        now_ms = self._clock()
        try:
            chosen = await self._tracks.select(rule, head.owner_id, now_ms)
            after = await self._stored(head, rule, chosen, now_ms)
        except Fault as fault:
            telemetry.degraded.labels(part="smart playlists", mode="stale").inc()
            _log.warning("rule not evaluated", playlist=head.playlist_id, reason=fault.reason)
            return head
        self._evaluated[head.playlist_id, rule] = now_ms
        while len(self._evaluated) > _REMEMBERED:
            self._evaluated.popitem(last=False)
        return after

    async def _stored(
        self, head: Head, rule: Rule, chosen: list[tuple[str, int]], now_ms: int
    ) -> Head:
        """The playlist with these tracks in a new version, where they are others."""

        async def decide(writing: Writing) -> Edited:
            held = writing.head
            if held.deleted_at_ms is not None or held.rule != rule:
                return Edited("")
            current = await writing.content(held.revision)
            if [to_text(raw) for raw in current.order.track_ids()] == [one for one, _ in chosen]:
                return Edited("")
            order = chosen_order(chosen, held.owner_id, now_ms, current.order)
            content = Content(current.title, current.description, order)
            await self._revisions.record(
                writing, current, content, held.owner_id, kind=Kind.EVALUATION
            )
            writing.change(replace(writing.head, rule_evaluated_at_ms=now_ms))
            return Edited("")

        _, after = await self._writer.write(head.playlist_id, None, decide)
        return head if after is None else after
