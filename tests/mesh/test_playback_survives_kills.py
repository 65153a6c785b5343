"""What was acknowledged stays true however often instances of playback are killed under load.

The SIGKILLs of a thorough run take some 15 min on two busy cores.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from segue.playback.v1 import history_service_pb2, playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import rows
from tests.mesh.playback_kills import beside, kill_at_random, playback_instances
from tests.mesh.playlist_lists import until_answered
from tests.mesh.remote_controls import Controller, Listener, Skipped, Told, skip_too_often
from tests.mesh.remote_devices import RemoteDevice, connected
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

KILLS = repeated(4, 300)
INSTANCES = 3
ACCOUNTS = 2
CONTROLLERS = 2
LISTENERS = 3
ROOMS = ("kitchen", "attic")
SKIPS_A_WINDOW = 3
TRIES = 5
LOOK_EVERY_S = 0.25
# Tracks that are left sooner than this can be heard for half.
SHORT_MS = 10_000

pytestmark = pytest.mark.timeout(300 + 10 * KILLS)


@dataclass(slots=True)
class Household:
    """An account with two devices and several people who control them."""

    client: MeshClient
    devices: list[RemoteDevice]
    told: Told = field(default_factory=Told)


@dataclass(slots=True)
class Load:
    """Everybody who uses the mesh while instances die."""

    households: list[Household] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    clients: list[MeshClient] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    looks: int = 0
    several_open: list[Any] = field(default_factory=list)


@asynccontextmanager
async def everybody(mesh: RunningMesh, track_ids: Sequence[str]) -> AsyncIterator[Load]:
    """Accounts whose devices are connected."""
    load = Load()
    async with AsyncExitStack() as stack:

        async def at_home(user: str, *rooms: str) -> Household:
            client = await stack.enter_async_context(MeshClient(mesh.folder, LocalUser(user)))
            devices = [RemoteDevice(client, room, [client.devices]) for room in rooms]
            for device in devices:
                await stack.enter_async_context(connected(device))
            load.clients.append(client)
            return Household(client, devices)

        for number in range(ACCOUNTS):
            load.households.append(await at_home(f"household-{number}", *ROOMS))
        for number in range(LISTENERS):
            home = await at_home(f"alone-{number}", "radio")
            load.listeners.append(Listener(home.client, home.devices[0], track_ids))
        yield load


async def use_under_fire(
    mesh: RunningMesh, load: Load, names: list[str], tracks: list[str]
) -> None:
    """Has everybody use the mesh until so many instances were killed."""
    stop = asyncio.Event()
    looking = asyncio.create_task(look_at_sessions(mesh.folder, load))
    async with beside(looking), asyncio.TaskGroup() as group:
        for home in load.households:
            rooms = [device.device_id for device in home.devices]
            for _ in range(CONTROLLERS):
                controller = Controller(home.client, rooms, tracks, home.told)
                group.create_task(controller.command_until(stop))
        for listener in load.listeners:
            group.create_task(listener.listen_until(stop))
        group.create_task(skip_until(stop, mesh.folder, load, tracks))
        try:
            await kill_at_random(mesh.folder, names, KILLS)
        finally:
            stop.set()


async def look_at_sessions(folder: Path, load: Load) -> None:
    """Looks again and again for users with more than one session that is not over."""
    query = (
        "SELECT user_id, count(*) FROM sessions WHERE ended_by IS NULL"
        " GROUP BY user_id HAVING count(*) > 1"
    )
    while True:
        load.several_open += await rows(folder, "playback", query)
        load.looks += 1
        await asyncio.sleep(LOOK_EVERY_S)


async def skip_until(stop: asyncio.Event, folder: Path, load: Load, tracks: list[str]) -> None:
    """One user after the other tries to skip too often at once."""
    for number in itertools.count():
        if stop.is_set():
            return
        async with MeshClient(folder, LocalUser(f"impatient-{number}")) as client:
            load.skipped.append(await skip_too_often(client, tracks, TRIES))


async def test_what_was_acknowledged_stays_true_though_instances_die(mesh: RunningMesh) -> None:
    begun_at = time.monotonic()
    async with MeshClient(mesh.folder, LocalUser("librarian")) as client:
        found = await all_tracks(client)
    tracks = [track.id for track in found if track.duration_ms < SHORT_MS]
    async with (
        playback_instances(mesh.folder, INSTANCES) as names,
        everybody(mesh, tracks) as load,
    ):
        await use_under_fire(mesh, load, names, tracks)
        print(f"{KILLS} kills in {time.monotonic() - begun_at:.0f} s; {load.looks} looks")
        assert load.looks > 0
        assert load.several_open == []
        for home in load.households:
            await assert_nothing_is_missing(mesh.folder, home)
        for listener, client in zip(load.listeners, load.clients[ACCOUNTS:], strict=True):
            await assert_plays_are_kept(client, listener)
        assert sum(play.counts for each in load.listeners for play in each.listened) > 0
        await assert_skips_count_once(mesh.folder, load.skipped)


async def assert_nothing_is_missing(folder: Path, home: Household) -> None:
    """Each command reached its device once, in order, and each change was acknowledged once."""
    user_id = (await home.client.token()).user_id
    query = "SELECT device_id, last_number FROM devices WHERE user_id = %s"
    last_numbers = dict(await rows(folder, "playback", query, user_id))
    for device in home.devices:
        await device.caught_up(last_numbers[device.device_id])
        assert_all_in_order(device, last_numbers[device.device_id])
        assert_as_told(device, home.told)
    state = await until_answered(home.client, home.client.playback.GetPlayback, _GET)
    revision = state.playback.revision
    changes = [each for device in home.devices for each in device.log if each.HasField("target")]
    # Each change went to the device that plays, and to the one that lost it.
    assert {each.target.revision for each in changes} == set(range(1, revision + 1))
    assert max(home.told.revisions) <= revision
    # Commands are repeated until they are acknowledged: what nobody was told of was done twice.
    moved = {each.target.revision for each in changes if each.kind == each.TRANSFER}
    silent = playback_pb2.SessionEnd.EXPIRED
    expired = {each.target.revision for each in changes if each.target.ended_by == silent}
    assert set(range(1, revision + 1)) - home.told.revisions <= moved | expired
    assert len(moved) <= home.told.transfers
    print(
        f"{home.told.acknowledged} acknowledged, {home.told.refused} refused, revision {revision},"
        f" {sum(device.last_applied for device in home.devices)} obeyed,"
        f" {sum(len(device.welcomes) for device in home.devices)} streams"
    )


def assert_all_in_order(device: RemoteDevice, last_number: int) -> None:
    """The device obeyed every command of its mailbox once, each newer than the one before."""
    assert [command.number for command in device.log] == list(range(1, last_number + 1))
    targets = [command.target for command in device.log if command.HasField("target")]
    assert all(before.revision < after.revision for before, after in pairwise(targets))


def assert_as_told(device: RemoteDevice, told: Told) -> None:
    """The device obeyed what the controllers were told that it was given."""
    volumes = {
        (device.device_id, command.number): command.volume_percent
        for command in device.log
        if command.kind == command.VOLUME
    }
    assert volumes == {key: at for key, at in told.volumes.items() if key[0] == device.device_id}
    for (device_id, number), command in told.commands.items():
        # One that asked for what was so already has no number of its own.
        if device_id == device.device_id and command.status == command.PENDING:
            obeyed = device.log[number - 1]
            assert obeyed.kind == command.kind
            assert obeyed.target.revision == command.target.revision


async def assert_plays_are_kept(client: MeshClient, listener: Listener) -> None:
    """The history has each play that counts once, and none that does not."""
    entered = await history_of(client)
    assert len(entered) == len(set(entered))
    by_id = {play.play_id: play for play in listener.listened}
    counts = {play.play_id for play in listener.listened if play.counts}
    print(f"{len(by_id)} plays, {len(counts)} surely counted, {len(entered)} in the history")
    assert counts <= set(entered)
    assert set(entered) <= set(by_id)
    assert not [each for each in entered if by_id[each].cannot_count]


async def history_of(client: MeshClient) -> list[str]:
    """The ids of all plays in the history of a user."""
    request = history_service_pb2.ListHistoryRequest(page_size=500)
    plays: list[str] = []
    while True:
        answer = await until_answered(client, client.history.ListHistory, request)
        plays += [entry.play.play_id for entry in answer.entries]
        if not answer.next_page_token:
            return plays
        request.page_token = answer.next_page_token


async def assert_skips_count_once(folder: Path, skipped: Sequence[Skipped]) -> None:
    """Everybody got exactly as many skips as there are, and moved on once for each."""
    within = [each for each in skipped if each.within_a_window]
    print(f"{len(within)} users skipped {sum(len(each.answers) for each in within)} times")
    query = (
        "SELECT revision, sessions.skips_count FROM player_state"
        " JOIN sessions USING (user_id) WHERE user_id = %s"
    )
    for each in within:
        assert len(each.answers) == SKIPS_A_WINDOW
        assert min(one.skips_remaining for one in each.answers) == 0
        stored = await rows(folder, "playback", query, each.user_id)
        assert stored == [(SKIPS_A_WINDOW + 2, SKIPS_A_WINDOW)]
    assert within


_GET = pb.GetPlaybackRequest()
