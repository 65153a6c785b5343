"""The copy follows the catalogue's feed through interruptions, listings and late changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from meshkit.consuming import Consumer, Step
from meshkit.faults import OutOfRange, Unavailable
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain.rules import Ordering, Rule, RuleMatch
from playlist_svc.ports.tracks import TrackChange
from playlist_svc.usecases.replicate_catalogue import ReplicateCatalogue
from tests.contracts.playlist.tracks_world import (
    NOW,
    OWNER,
    ScriptedCatalogue,
    a_track,
    removed,
    told,
)

Told = Step[TrackChange] | Exception


class Script:
    """Watches that end as told; the last one stays open."""

    def __init__(self, *watches: Sequence[Told]) -> None:
        self._watches = list(watches)
        self.asked: list[str] = []
        self.exhausted = asyncio.Event()

    async def __call__(self, resume_token: str, /) -> AsyncIterator[Step[TrackChange]]:
        self.asked.append(resume_token)
        if not self._watches:
            self.exhausted.set()
            await asyncio.Event().wait()
        for step in self._watches.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


async def follow(copy: MemoryTracks, *watches: Sequence[Told]) -> list[str]:
    """Follows the watches; the tokens that were asked with."""
    script = Script(*watches)
    consumer = Consumer(
        "catalogue", script, ReplicateCatalogue(copy), gather_s=0.001, pause_s=lambda _: 0.0
    )
    running = asyncio.create_task(consumer.run())
    await script.exhausted.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return script.asked


async def titles(copy: MemoryTracks) -> list[str]:
    """The titles of what is available."""
    rule = Rule(RuleMatch.ALL, (), 10_000, Ordering.TITLE, descending=False)
    ids = [id_ for id_, _ in await copy.chosen(rule, OWNER, NOW)]
    named = await copy.named(ids)
    return [named[id_].title for id_ in ids]


def listed(*changes: TrackChange) -> list[Step[TrackChange]]:
    """Steps of a listing: without tokens."""
    return [Step("", change) for change in changes]


async def test_what_is_listed_and_what_changes_then_is_copied() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    one, two = a_track("One"), a_track("Two")
    await follow(
        copy,
        [
            *listed(told(one), told(two)),
            Step("t1"),
            Step("t2", told(replace(one, title="Eins"), 2)),
            Step("t3", removed(two, 2)),
        ],
    )
    assert await titles(copy) == ["Eins"]
    assert await copy.resume_token() == "t3"


async def test_of_one_batch_the_newest_version_of_a_track_is_stored() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    track = a_track("Three")
    changes = [told(replace(track, title="Two"), 2), told(track, 3), removed(track, 1)]
    await ReplicateCatalogue(copy).apply(changes, "t")
    assert await titles(copy) == ["Three"]


async def test_a_token_too_old_starts_over_and_what_is_not_told_again_is_gone() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    stays, leaves = a_track("Stays"), a_track("Leaves")
    asked = await follow(
        copy,
        [*listed(told(stays), told(leaves)), Step("t1")],
        [OutOfRange("too old")],
        [*listed(told(stays)), Step("t9")],
    )
    assert asked == ["", "t1", "", "t9"]
    assert await titles(copy) == ["Stays"]


async def test_a_listing_that_is_interrupted_drops_nothing() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    one, two = a_track("One"), a_track("Two")
    asked = await follow(
        copy,
        [*listed(told(one), told(two)), Step("t1")],
        [OutOfRange("too old")],
        [*listed(told(one)), Unavailable("gone")],
    )
    assert asked == ["", "t1", "", ""]
    assert await titles(copy) == ["One", "Two"]


async def test_a_listing_begun_again_has_to_tell_all() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    one, two = a_track("One"), a_track("Two")
    await follow(
        copy,
        [*listed(told(one)), Unavailable("gone")],
        [*listed(told(two)), Step("t1")],
    )
    assert await titles(copy) == ["Two"]


async def test_changes_after_an_interruption_go_on_at_the_stored_place() -> None:
    copy = MemoryTracks(ScriptedCatalogue())
    one = a_track("One")
    asked = await follow(
        copy,
        [Step("t1"), Step("t2", told(one)), Unavailable("gone")],
        [Step("t2", told(one)), Step("t3", removed(one, 2))],
    )
    assert asked == ["", "t2", "t3"]
    assert await titles(copy) == []
