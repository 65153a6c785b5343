"""``segue device run`` and ``segue devices``."""

from __future__ import annotations

import asyncio
import re
import signal
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from segue.device.v1 import device_pb2, device_service_pb2

from meshkit.ulids import new_id
from player.commands.device_names import DeviceName, find_device, list_devices
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.performing import Stage, first_of, leave_quietly, linked, quit_by_key
from player.commands.playlist_names import folded
from player.commands.terminal_text import cell, plain, say, show_table, when
from player.device.device import Device
from player.device.link import Description, LinkEnd
from player.listening import open_device
from player.mesh_client import MeshClient, acting_as
from player.wiring import PlayerOptions

device_app = App(name="device", help="Make this computer a device that others control.")
devices_app = App(name="devices", help="Show, rename and remove your devices.")

KindName = Literal["computer", "phone", "tablet", "speaker", "tv", "car", "web", "other"]
_KIND = device_pb2.Device.Kind
_LONGEST_ID = 64


@device_app.command(name="run")
def run_device(
    *,
    name: str,
    device_id: Annotated[str | None, Parameter(name="--id")] = None,
    kind: KindName = "speaker",
    sink: Literal["auto", "sound", "null"] = "auto",
    user: User = None,
    folder: Folder = None,
) -> int:
    """Be a device: play what is sent here, obey, and report, until Ctrl-C or q.

    Space pauses, the arrows move by 10 s, n and b go to the next and the previous track.

    Parameters
    ----------
    name
        What people call it, such as Kitchen.
    device_id
        Its id, unique among your devices. Default: made of the name.
    kind
        What it is.
    sink
        sound needs a sound device, null plays silence in real time, auto takes what there is.
    """

    async def work() -> int:
        chosen = device_id or id_of_name(name)
        async with acting_as(folder, user) as client:
            end = await _be(client, chosen, Description(name, _KIND.Value(kind.upper())), sink)
        if end is not None:
            raise CommandFailed(_words_of_end(end, name))
        return 0

    return run(work())


def id_of_name(name: str) -> str:
    """An id made of a name: its letters and digits, in small letters. Raises CommandFailed."""
    made = re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")[:_LONGEST_ID]
    if not made:
        raise CommandFailed("the name has no plain letters to make an id of; say one with --id")
    return made


async def _be(
    client: MeshClient, device_id: str, description: Description, sink: str
) -> LinkEnd | None:
    """The device until q or SIGTERM (None), or until the service says that it is over."""
    stages: list[Stage] = []
    options = PlayerOptions(sink=sink)
    async with open_device(client, device_id, options, lambda words: stages[0].tell(words)) as it:
        stage = Stage(Console(highlight=False), it.deck.description, f"{plain(description.name)}")
        stages.append(stage)
        with stage.lit():
            stage.show(None)
            async with linked(client, it, description, stage.tell) as link:
                try:
                    await first_of(
                        _over(link),
                        _show(it, stage),
                        quit_by_key(client, it, stage.tell),
                        _terminated(),
                    )
                finally:
                    await leave_quietly(it)
                return link.result() if link.done() else None


async def _show(device: Device, stage: Stage) -> None:
    async for showing in device.watch():
        stage.show(showing)


async def _terminated() -> None:
    """Returns at SIGTERM, by which a service is stopped."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await told.wait()


async def _over(link: asyncio.Task[LinkEnd]) -> None:
    """Returns when the service says that it is over."""
    await asyncio.wait((link,))


def _words_of_end(end: LinkEnd, name: str) -> str:
    if end.reason == "TAKEN_OVER":
        return f"another program runs the device {plain(name)} now; give this one another --id"
    if end.reason == "TOKEN_REVOKED":
        return "your sign-in was revoked; start the command again"
    return end.message or end.reason


@devices_app.default
@devices_app.command(name="list")
def list_all(*, user: User = None, folder: Folder = None) -> int:
    """Show your devices, the one that plays first."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            found = await list_devices(client)
        if not found:
            say("You have no devices yet. Make one: segue device run --name Kitchen")
            return 0
        show_table(device_table(found))
        return 0

    return run(work())


def device_table(devices: Any) -> Table:
    """Devices with what they are and do."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Name", "Kind", "Id", "", "Volume", "Last seen"):
        table.add_column(heading)
    for each in devices:
        volume = f"{each.volume_percent} %" if each.HasField("volume_percent") else ""
        table.add_row(
            cell(each.name or each.device_id, "bold" if each.active else ""),
            _KIND.Name(each.kind).lower() if each.kind else "",
            cell(each.device_id, "dim"),
            _doing(each),
            volume,
            cell(when(each.last_seen_at), "dim") if each.HasField("last_seen_at") else "",
        )
    return table


def _doing(device: Any) -> str:
    if device.active:
        return "plays" if device.online else "plays, offline"
    if not device.controllable:
        return "takes no commands"
    return "online" if device.online else "offline"


@devices_app.command
def rename(device: DeviceName, name: str, /, *, user: User = None, folder: Folder = None) -> int:
    """Give a device another name."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            chosen = await find_device(client, device)
            request = device_service_pb2.UpdateDeviceRequest(
                device_id=chosen.device_id,
                device=device_pb2.Device(name=name),
                request_id=new_id(),
            )
            await client.call(client.devices.UpdateDevice, request)
        say(f"{chosen.name} is called {name} now")
        return 0

    return run(work())


@devices_app.command
def remove(device: DeviceName, /, *, user: User = None, folder: Folder = None) -> int:
    """Forget a device; what plays on it is stopped."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            chosen = await find_device(client, device)
            request = device_service_pb2.RemoveDeviceRequest(
                device_id=chosen.device_id, request_id=new_id()
            )
            await client.call(client.devices.RemoveDevice, request)
        say(f"{chosen.name} is forgotten")
        return 0

    return run(work())
