"""Live views over stores in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from meshkit.faults import Unavailable
from meshkit.principal import Principal
from meshkit.streams import OpenStreams
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.domain.player_state import EndReason, PlayerState, Version, end, pause, seek
from playback_svc.streams.playback_views import WOKEN_A_TICK, PlaybackView, PlaybackViews
from playback_svc.usecases.decisions import playback_changed
from playback_svc.usecases.playback.get_playback import Playing
from tests.contracts.playback.metrics import NoMetrics
from tests.contracts.playback.samples import NOW, new_id, playing

USER = new_id()
HOLDER = Principal(USER, "sid", "free", frozenset(), NOW / 1000 + 300, "token")


@dataclass
class Rig:
    """Views of one state, which can be read unless the store is ``away``."""

    state: PlayerState | None = None
    away: bool = False
    derived: bool = False
    asked: list[int] = field(default_factory=list)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)

    def __post_init__(self) -> None:
        self.playback_views = PlaybackViews(
            self.read,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self.events,
            streams=OpenStreams(None, spread_s=1, clock=lambda: NOW / 1000),
            metrics=NoMetrics(),
            clock=lambda: NOW,
        )
        self.events.listen(self.playback_views.handle_event, self.playback_views.handle_gap)

    async def read(self, user_id: str, tier: str) -> Playing | None:
        if self.away:
            raise Unavailable("The store cannot answer now.")
        return Playing(self.state, 0, self.derived) if self.state else None

    async def versions(self, user_ids: Collection[str]) -> Mapping[str, Version]:
        if self.away:
            raise Unavailable("The store cannot answer now.")
        self.asked.append(len(user_ids))
        stored = self.state
        if stored is None or self.derived:
            return {}
        return dict.fromkeys(user_ids, stored.version)

    async def opened(self) -> PlaybackView:
        view = await self.playback_views.open(HOLDER)
        await self.playback_views.first(view)
        return view

    def change(self, state: PlayerState) -> None:
        self.state = state
        self.events.send(playback_changed(USER, state))


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def shown(rig: Rig, view: PlaybackView) -> PlayerState | None:
    assert view.behind
    playing = await rig.playback_views.newer(view)
    return playing.state if playing else None


async def test_changes_that_come_together_are_shown_once(rig: Rig) -> None:
    view = await rig.opened()
    rig.change(first := playing())
    rig.change(second := seek(first, 5, NOW))
    assert await shown(rig, view) == second
    assert not view.behind
    rig.events.send(playback_changed(USER, first))
    assert not view.behind


async def test_where_the_last_view_of_a_user_is_closed_nothing_more_is_heard_of_them(
    rig: Rig,
) -> None:
    heard = list[object]()
    first, last = await rig.opened(), await rig.opened()
    rig.events.listen(heard.append)
    elsewhere = MemoryEventBus(rig.events.switchboard)
    for view, count in ((first, 1), (last, 1)):
        rig.playback_views.close(view)
        elsewhere.send(playback_changed(USER, playing()))
        await asyncio.sleep(0)
        assert len(heard) == count


async def test_what_is_read_older_than_it_was_shown_is_not_shown(rig: Rig) -> None:
    rig.state = playing()
    view = await rig.opened()
    after = pause(rig.state, NOW)
    rig.events.send(playback_changed(USER, after))
    assert await shown(rig, view) is None
    rig.change(after)
    assert await shown(rig, view) == after


async def test_an_end_by_silence_that_is_taken_back_hides_no_change(rig: Rig) -> None:
    state = playing()
    rig.state, rig.derived = end(state, EndReason.EXPIRED, 0, NOW), True
    view = await rig.opened()
    rig.derived = False
    rig.change(after := pause(state, NOW))
    assert await shown(rig, view) == after


async def test_what_cannot_be_read_is_read_later(rig: Rig) -> None:
    view = await rig.opened()
    rig.away = True
    rig.change(state := playing())
    assert await shown(rig, view) is None
    rig.away = False
    running = asyncio.create_task(rig.playback_views.run())
    async with asyncio.timeout(10):
        await view.idle()
    assert await shown(rig, view) == state
    running.cancel()


async def test_a_change_without_news_is_found_by_the_check_and_one_that_is_shown_is_not(
    rig: Rig,
) -> None:
    rig.state = playing()
    view = await rig.opened()
    running = asyncio.create_task(rig.playback_views.run())
    await rig.playback_views.check()
    assert not rig.playback_views._doubted
    rig.state = pause(rig.state, NOW)
    async with asyncio.timeout(10):
        await rig.playback_views.check()
        await view.idle()
    assert await shown(rig, view) == rig.state
    running.cancel()


async def test_an_end_by_silence_that_is_stored_is_shown_but_once(rig: Rig) -> None:
    rig.state = end(playing(), EndReason.EXPIRED, 0, NOW)
    await rig.opened()
    await rig.playback_views.check()
    assert not rig.playback_views._doubted


async def test_after_a_gap_views_that_are_behind_look_again_some_at_a_time(rig: Rig) -> None:
    views = []
    for _ in range(WOKEN_A_TICK + 1):
        view = await rig.playback_views.open(replace(HOLDER, user_id=new_id()))
        view.behind = False
        views.append(view)
    rig.state = playing()
    rig.events.gap()
    works = (rig.playback_views.run, rig.playback_views.keep_checked)
    running = [asyncio.create_task(work()) for work in works]
    async with asyncio.timeout(10):
        await views[0].idle()
        assert not views[-1].behind
        await views[-1].idle()
    assert all(view.behind for view in views)
    assert rig.asked == [len(views)]
    for task in running:
        task.cancel()


async def test_a_check_that_the_store_does_not_answer_is_made_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback_svc.streams.playback_views._RETRY_S", 0.01)
    view = await rig.opened()
    rig.state, rig.away = playing(), True
    running = [asyncio.create_task(rig.playback_views.keep_checked())]
    with capture_logs() as logs:
        rig.events.gap()
        async with asyncio.timeout(10):
            while not logs:
                await asyncio.sleep(0)
    rig.away = False
    running.append(asyncio.create_task(rig.playback_views.run()))
    async with asyncio.timeout(10):
        await view.idle()
    assert await shown(rig, view) == rig.state
    for task in running:
        task.cancel()
