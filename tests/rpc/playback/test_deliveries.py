"""DeliveryInternalService: what media delivered, and what of it counts as heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from segue.playback.v1 import delivery_internal_service_pb2 as pb
from segue.playback.v1 import history_service_pb2
from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceStub

from meshkit import status
from meshkit.faults import InvalidArgument, PermissionDenied, Unavailable
from playback_svc.servicers.deliveries import MOST_BATCHES, MOST_CALLS
from playback_svc.servicers.delivery_messages import MOST_SEGMENTS
from tests.contracts.playback.samples import ASSET, PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import (
    Instance,
    User,
    World,
    a_batch,
    an_instance,
    refused,
    report,
)

SHORT_MS = 400
MOST_DELIVERIES = 1_000
HOUR_S = 3_600
YEAR_10000_S = 253_402_300_800


def sent(subject: str, *numbers: int, **changed: Any) -> pb.Delivery:
    """Whole segments of ten seconds."""
    parts = [
        pb.DeliveredSegment(number=number, delivered_ms=10_000, duration_ms=10_000)
        for number in numbers
    ]
    fields = {
        "subject": subject,
        "descriptor_sha256": ASSET.descriptor,
        "rung": "128",
        "segments": parts,
        "bytes": 1_000,
    }
    return pb.Delivery(**{**fields, **changed})


def at(seconds_from_now: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMilliseconds(round((datetime.now(UTC).timestamp() + seconds_from_now) * 1000))
    return stamp


def this_month() -> date:
    return datetime.now(UTC).date().replace(day=1)


@pytest.fixture
def short(world: World) -> str:
    """A track of which half is heard soon."""
    track = replace(TRACK, track_id=new_id(), duration_ms=SHORT_MS)
    world.catalogue.known[track.track_id] = replace(PLAYABLE, track=track)
    return track.track_id


async def heard(user: User) -> list[int]:
    """How much of each play that counts was heard, in ms."""
    answer = await user._sent(user.history.ListHistory, history_service_pb2.ListHistoryRequest())
    return [entry.play.heard_ms for entry in answer.entries]


async def month_bytes(instance: Instance, user: User) -> int:
    return await instance.parts.deliveries.month_bytes(user.user_id, this_month())


async def test_a_play_that_fetched_nothing_counts_for_nothing(user: User, short: str) -> None:
    started = await user.play(track_id=short)
    await asyncio.sleep(SHORT_MS / 1000)
    await user.call("Stop", playback_id=started.playback_id)
    assert await heard(user) == []


async def test_a_player_without_beats_has_heard_what_it_fetched(user: User, short: str) -> None:
    started = await user.play(track_id=short)
    await user.fetch(started.playback_id, 1, duration_ms=250)
    await asyncio.sleep(SHORT_MS / 1000)
    await user.call("Stop", playback_id=started.playback_id)
    assert await heard(user) == [250]


async def test_a_batch_counts_once_at_whatever_instance_and_however_often(
    world: World, instance: Instance, user: User
) -> None:
    started = await user.play()
    batch = a_batch(sent(started.playback_id, 1))
    async with an_instance(world) as other:
        meshes = [instance.mesh, other.mesh] * 4
        answers = await asyncio.gather(*(report(mesh, batch, batch) for mesh in meshes))
    assert answers == [[batch.batch_id] * 2] * 8
    assert await month_bytes(instance, user) == 1_000


async def test_several_batches_are_answered_together_in_their_order(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    batches = [a_batch(sent(started.playback_id, number)) for number in range(1, 6)]
    assert await report(instance.mesh, *batches) == [one.batch_id for one in batches]
    assert await month_bytes(instance, user) == 5_000
    assert await report(instance.mesh) == []


async def test_deliveries_to_nobody_are_taken_and_belong_to_nobody(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    batch = a_batch(sent("a-grant", 1), sent(started.playback_id, 1))
    assert await report(instance.mesh, batch) == [batch.batch_id]
    assert await month_bytes(instance, user) == 1_000


async def test_a_call_takes_so_many_batches_and_leaves_the_rest(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    batches = [a_batch(sent(started.playback_id, 1)) for _ in range(MOST_BATCHES + 3)]
    stored_answer = await report(instance.mesh, *batches)
    assert stored_answer == [one.batch_id for one in batches[:MOST_BATCHES]]
    assert await report(instance.mesh, *batches[MOST_BATCHES:]) == [
        one.batch_id for one in batches[MOST_BATCHES:]
    ]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "s" * 65}, "subject"),
        ({"subject": "a.b"}, "subject"),
        ({"descriptor_sha256": "A" * 64}, "descriptor_sha256"),
        ({"descriptor_sha256": "a" * 63}, "descriptor_sha256"),
        ({"rung": "160"}, "rung"),
        ({"bytes": 0}, "bytes"),
        ({"bytes": -1}, "bytes"),
        ({"segments": [pb.DeliveredSegment(number=0)]}, "segments[0].number"),
        ({"segments": [pb.DeliveredSegment(number=1)] * 2}, "segments"),
        ({"segments": [pb.DeliveredSegment(number=1, delivered_ms=1)]}, "segments[0].delivered_ms"),
        (
            {"segments": [pb.DeliveredSegment(number=1, duration_ms=HOUR_S * 1000 + 1)]},
            "segments[0].duration_ms",
        ),
    ],
)
async def test_what_no_delivery_can_be_is_refused_by_its_field(
    instance: Instance, changed: dict[str, Any], field: str
) -> None:
    batch = a_batch(sent("fine"), sent(**{"subject": "s", **changed}))
    fault = await refused(report(instance.mesh, batch))
    assert isinstance(fault, InvalidArgument)
    assert fault.violations[0].field == f"deliveries[1].{field}"


async def test_batches_have_as_much_as_is_promised_and_no_more(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    few = [sent(f"grant-{number}") for number in range(MOST_DELIVERIES)]
    most = sent(started.playback_id, *range(1, MOST_SEGMENTS + 1))
    for fits in (few, [most]):
        assert len(await report(instance.mesh, a_batch(*fits))) == 1
    for too_many in ([*few, sent("one-more")], [most, sent("one-more", 1)], []):
        fault = await refused(report(instance.mesh, a_batch(*too_many)))
        assert fault.violations[0].field == "deliveries"


@pytest.mark.parametrize(("seconds", "fits"), [(-23.9, True), (-24.1, False)])
async def test_a_batch_is_reported_within_a_day(
    instance: Instance, seconds: float, fits: bool
) -> None:
    batch = a_batch(sent("a-grant"))
    batch.delivered_at.CopyFrom(at(seconds * HOUR_S))
    if fits:
        assert await report(instance.mesh, batch) == [batch.batch_id]
    else:
        fault = await refused(report(instance.mesh, batch))
        assert fault.violations[0].field == "delivered_at"


async def test_a_batch_has_an_id_and_a_time_that_is_one(instance: Instance) -> None:
    timeless, nameless = a_batch(sent("a-grant")), a_batch(sent("a-grant"))
    timeless.delivered_at.seconds = YEAR_10000_S
    nameless.batch_id = "x"
    for batch, field in ((timeless, "delivered_at"), (nameless, "batch_id")):
        fault = await refused(report(instance.mesh, batch))
        assert fault.violations[0].field == field


@pytest.mark.parametrize("ahead_s", [301, 100 * 24 * HOUR_S, None])
async def test_a_clock_that_is_ahead_loses_nothing_and_counts_once_and_now(
    instance: Instance, user: User, short: str, ahead_s: int | None
) -> None:
    started = await user.play(track_id=short)
    part = pb.DeliveredSegment(number=1, delivered_ms=250, duration_ms=250)
    batch = a_batch(sent(started.playback_id, segments=[part]))
    if ahead_s is None:
        batch.delivered_at.FromSeconds(YEAR_10000_S - 1)
    else:
        batch.delivered_at.CopyFrom(at(ahead_s))
    assert await report(instance.mesh, batch, batch) == [batch.batch_id] * 2
    assert await month_bytes(instance, user) == 1_000
    await asyncio.sleep(SHORT_MS / 1000)
    await user.call("Stop", playback_id=started.playback_id)
    assert await heard(user) == [250]


async def test_what_came_before_a_refused_batch_is_counted_once(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    fine, bad = a_batch(sent(started.playback_id, 1)), a_batch()
    assert isinstance(await refused(report(instance.mesh, fine, bad)), InvalidArgument)
    assert await report(instance.mesh, fine) == [fine.batch_id]
    assert await month_bytes(instance, user) == 1_000


@pytest.mark.parametrize("caller", ["edge", "catalog", "playlist"])
async def test_only_media_reports_deliveries(instance: Instance, caller: str) -> None:
    stub: Any = DeliveryInternalServiceStub(instance.mesh.channel(caller, serves_as="playback"))
    with pytest.raises(Exception) as caught:
        await stub.ReportDeliveries(iter([a_batch(sent("a-grant"))]))
    assert isinstance(status.fault_of(caught.value), PermissionDenied)


class Held:
    """A report that has sent what it was given and does not end."""

    def __init__(self, instance: Instance, *batches: pb.ReportDeliveriesRequest) -> None:
        stub: Any = DeliveryInternalServiceStub(
            instance.mesh.channel("media", serves_as="playback")
        )
        self._batches = batches
        self.over = asyncio.Event()
        self.call = stub.ReportDeliveries(self._sent())

    async def _sent(self) -> AsyncIterator[pb.ReportDeliveriesRequest]:
        for batch in self._batches:
            yield batch
        await self.over.wait()


async def until_counted(instance: Instance, user: User, count: int) -> None:
    while await month_bytes(instance, user) < count:
        await asyncio.sleep(0.02)


async def test_a_drain_answers_what_was_counted_so_far(world: World) -> None:
    async with an_instance(world) as going:
        user = going.user()
        started = await user.play()
        batch = a_batch(sent(started.playback_id, 1))
        held = Held(going, batch)
        await until_counted(going, user, 1_000)
        draining = asyncio.ensure_future(going.mesh.server.drain())
        assert list((await held.call).batch_ids) == [batch.batch_id]
        await draining


async def test_reports_beyond_the_bound_are_refused_until_one_ends(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    all_held = [
        Held(instance, a_batch(sent(started.playback_id, number)))
        for number in range(1, MOST_CALLS + 1)
    ]
    await until_counted(instance, user, MOST_CALLS * 1_000)
    batch = a_batch(sent("a-grant"))
    fault = await refused(report(instance.mesh, batch))
    assert isinstance(fault, Unavailable)
    assert (fault.reason, fault.retry_after_s) == ("OVERLOADED", 1.0)
    all_held[0].over.set()
    assert len((await all_held[0].call).batch_ids) == 1
    assert await report(instance.mesh, batch) == [batch.batch_id]
    for held in all_held:
        held.over.set()
        await held.call
