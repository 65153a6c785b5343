"""A feed is consumed through every interruption, in batches, from the place that was stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from meshkit import telemetry
from meshkit.consuming import BATCH_LIMIT, Consumer, Step
from meshkit.faults import OutOfRange, Unavailable
from meshkit.leases import Lease, MemoryLeases
from meshkit.stream_ends import StreamEnded
from meshkit.testing.scripted_watch import ScriptedWatch

Told = Step[int] | Exception
SCRIPTED = {"feed": "scripted"}


class Notebook:
    """A replica that writes down what it is asked to do."""

    def __init__(self, *, token: str = "", refusals: Sequence[Exception] = ()) -> None:
        self.token = token
        self.refusals = list(refusals)
        self.calls: list[tuple[object, ...]] = []

    async def resume_token(self) -> str:
        return self.token

    async def begin_listing(self) -> None:
        self.calls.append(("begin",))

    async def apply(self, changes: Sequence[int], resume_token: str) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.calls.append((tuple(changes), resume_token))
        self.token = resume_token or self.token

    async def end_listing(self) -> None:
        self.calls.append(("end",))


async def consume(script: ScriptedWatch[int], notebook: Notebook) -> list[int]:
    """Runs a consumer through the script; the numbers of its tries."""
    tries = list[int]()

    def pause_s(number: int) -> float:
        tries.append(number)
        return 0.0

    consumer = Consumer("scripted", script, notebook, gather_s=0.001, pause_s=pause_s)
    running = asyncio.create_task(consumer.run())
    await script.exhausted.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return tries


async def test_what_is_there_is_applied_in_one_batch_with_the_last_token() -> None:
    notebook = Notebook(token="t0")
    await consume(ScriptedWatch([Step("t1", 1), Step("t2"), Step("t3", 3)]), notebook)
    assert notebook.calls == [((1, 3), "t3")]


async def test_a_batch_is_bounded() -> None:
    notebook = Notebook(token="t0")
    many = [Step(f"t{number}", number) for number in range(1, 2 * BATCH_LIMIT + 2)]
    await consume(ScriptedWatch(many), notebook)
    assert [len(changes) for changes, _ in notebook.calls if isinstance(changes, tuple)] == [
        BATCH_LIMIT,
        BATCH_LIMIT,
        1,
    ]
    assert notebook.token == many[-1].resume_token


async def test_steps_without_changes_move_the_place() -> None:
    notebook = Notebook(token="t0")
    await consume(ScriptedWatch([Step("t1")]), notebook)
    assert notebook.calls == [((), "t1")]


async def test_what_came_before_an_interruption_is_applied_and_the_watch_goes_on_after_it() -> None:
    script, notebook = (
        ScriptedWatch([Step("t1", 1), Unavailable("gone")], [Step("t2", 2)]),
        Notebook(token="t0"),
    )
    await consume(script, notebook)
    assert script.asked == ["t0", "t1", "t2"]
    assert notebook.calls == [((1,), "t1"), ((2,), "t2")]


async def test_what_was_not_stored_is_watched_again() -> None:
    script = ScriptedWatch([Step("t1", 1)], [Step("t1", 1)])
    notebook = Notebook(token="t0", refusals=[Unavailable("the store is away")])
    await consume(script, notebook)
    assert script.asked == ["t0", "t0", "t1"]
    assert notebook.calls == [((1,), "t1")]


async def test_a_source_without_a_token_is_listed_until_its_first_token() -> None:
    notebook = Notebook()
    await consume(ScriptedWatch([Step("", 1), Step("", 2), Step("t1"), Step("t2", 3)]), notebook)
    assert notebook.calls == [("begin",), ((1, 2), ""), ("end",), ((3,), "t2")]


async def test_an_empty_source_ends_its_listing() -> None:
    notebook = Notebook()
    await consume(ScriptedWatch([Step("t1")]), notebook)
    assert notebook.calls == [("begin",), ("end",), ((), "t1")]


async def test_a_listing_that_was_interrupted_begins_again_and_drops_nothing_before_its_end() -> (
    None
):
    script = ScriptedWatch([Step("", 1), Unavailable("gone")], [Step("", 1), Step("t1")])
    notebook = Notebook()
    await consume(script, notebook)
    assert script.asked == ["", "", "t1"]
    assert notebook.calls == [
        ("begin",),
        ((1,), ""),
        ("begin",),
        ((1,), ""),
        ("end",),
        ((), "t1"),
    ]


async def test_a_token_that_is_too_old_lists_again() -> None:
    script = ScriptedWatch([OutOfRange("old")], [Step("", 1), Step("t9")])
    notebook = Notebook(token="t1")
    await consume(script, notebook)
    assert script.asked == ["t1", "", "t9"]
    assert notebook.calls == [("begin",), ((1,), ""), ("end",), ((), "t9")]


async def test_a_token_that_is_too_old_is_not_asked_again_while_the_listing_is_interrupted() -> (
    None
):
    script = ScriptedWatch([OutOfRange("old")], [Step("", 1), Unavailable("gone")], [Step("t9")])
    await consume(script, Notebook(token="t1"))
    assert script.asked == ["t1", "", "", "t9"]


async def test_a_source_that_drains_is_consumed_elsewhere_and_counted_as_no_failure() -> None:
    counter = telemetry.degraded.labels(part="scripted", mode="stale")
    before = counter._value.get()
    script = ScriptedWatch([Step("t1", 1), StreamEnded("DRAINING", 0.0)], [Step("t2", 2)])
    notebook = Notebook(token="t0")
    tries = await consume(script, notebook)
    assert script.asked == ["t0", "t1", "t2"]
    assert notebook.calls == [((1,), "t1"), ((2,), "t2")]
    # The second watch of the script ends without a word, which is a failure.
    assert counter._value.get() == before + 1
    assert tries == [1]


@pytest.mark.parametrize(
    "error", [Unavailable("gone"), RuntimeError("unforeseen"), StreamEnded("UNAVAILABLE", 0.0)]
)
async def test_no_failure_ends_the_consumer_and_each_is_counted(error: Exception) -> None:
    counter = telemetry.degraded.labels(part="scripted", mode="stale")
    before, notebook = counter._value.get(), Notebook(token="t0")
    await consume(ScriptedWatch([error], [Step("t1", 1)]), notebook)
    assert notebook.calls == [((1,), "t1")]
    assert counter._value.get() == before + 2


async def test_tries_are_counted_from_the_last_step() -> None:
    gone = Unavailable("gone")
    script = ScriptedWatch([gone], [gone], [Step("t1"), gone], [gone])
    assert await consume(script, Notebook(token="t0")) == [1, 2, 1, 2]


def caught_up_at() -> float:
    """Up to when the scripted feed is told to be applied."""
    found = REGISTRY.get_sample_value("segue_feed_caught_up_timestamp_seconds", SCRIPTED)
    assert found is not None
    return found


async def test_a_feed_that_was_told_whole_says_up_to_when_and_writes_nothing() -> None:
    notebook = Notebook(token="t0")
    beats: list[Told] = [Step("t1", None, 1_000.5), Step("t1", None, 1_010.5)]
    await consume(ScriptedWatch([Step("t1", 1), *beats]), notebook)
    assert notebook.calls == [((1,), "t1")]
    assert caught_up_at() == 1_010.5
    await consume(ScriptedWatch([Step("t1", None, 1_020.5)]), notebook)
    assert notebook.calls == [((1,), "t1")]
    assert caught_up_at() == 1_020.5


async def test_what_could_not_be_stored_is_not_told_as_applied() -> None:
    notebook = Notebook(token="t0")
    await consume(ScriptedWatch([Step("t0", None, 1_000.0)]), notebook)
    away = Notebook(token="t0", refusals=[Unavailable("the store is away")])
    await consume(ScriptedWatch([Step("t1", 1), Step("t1", None, 2_000.0)]), away)
    assert caught_up_at() == 1_000.0


async def test_a_feed_that_was_never_told_whole_is_told_as_such() -> None:
    Consumer("never", ScriptedWatch(), Notebook())
    found = REGISTRY.get_sample_value("segue_feed_caught_up_timestamp_seconds", {"feed": "never"})
    assert found == 0


async def test_a_watch_is_left_when_the_consumer_is_cancelled() -> None:
    script = ScriptedWatch()
    await consume(script, Notebook(token="t0"))
    assert script.left.is_set()


async def test_a_consumer_works_once_its_lease_is_free() -> None:
    leases, script, notebook = MemoryLeases(), ScriptedWatch(), Notebook(token="t0")
    assert await leases.claim("scripted", "another", ttl_s=3600.0)
    lease = Lease(leases, "scripted", ttl_s=0.01)
    running = asyncio.create_task(Consumer("scripted", script, notebook, lease=lease).run())
    await asyncio.sleep(0.05)
    assert script.asked == []
    await leases.release("scripted", "another")
    await script.exhausted.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await leases.claim("scripted", "another", ttl_s=1.0), "the lease was not released"


async def test_a_consumer_that_lost_its_lease_leaves_the_watch() -> None:
    now_s = 0.0
    leases, script = MemoryLeases(lambda: now_s), ScriptedWatch()
    consumer = Consumer(
        "scripted", script, Notebook(token="t0"), lease=Lease(leases, "scripted", ttl_s=0.01)
    )
    running = asyncio.create_task(consumer.run())
    await script.exhausted.wait()
    now_s = 1.0
    assert await leases.claim("scripted", "another", ttl_s=3600.0)
    await script.left.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert script.asked == ["t0"]
