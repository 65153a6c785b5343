"""What people write for a device of theirs, and how a command to one went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from segue.device.v1 import device_pb2, device_service_pb2

from player.commands.outcome import CommandFailed
from player.commands.playlist_names import folded
from player.commands.terminal_text import plain, say
from player.mesh_client import MeshClient

DeviceName = Annotated[
    str,
    Parameter(name="DEVICE", help="A device: its name, how the name begins, or its id."),
]

_STATUS = device_pb2.Command.Status


class DeviceNotFound(CommandFailed):
    """A word names none of the caller's devices, or several."""


def choose_device(word: str, devices: Sequence[Any]) -> Any:
    """The one Device that a word means: by its id, else its name, else how the name begins.

    Raises DeviceNotFound, with the candidates where there are several.
    """
    wanted = folded(word)
    by_id = [each for each in devices if each.device_id == word]
    same = [each for each in devices if folded(each.name) == wanted]
    begun = [each for each in devices if wanted and folded(each.name).startswith(wanted)]
    for found in (by_id, same, begun):
        if len(found) == 1:
            return found[0]
        if found:
            lines = [f"{len(found)} devices go by {plain(word)!r}; say which by its id:"]
            lines += [f"  {plain(each.device_id)}  {plain(each.name)}" for each in found]
            raise DeviceNotFound("\n".join(lines))
    raise DeviceNotFound(
        f"none of your devices is called {plain(word)!r}; see them all: segue devices"
    )


async def list_devices(client: MeshClient) -> Sequence[Any]:
    """The caller's Devices, the active one first."""
    request = device_service_pb2.ListDevicesRequest()
    devices: Sequence[Any] = (await client.call(client.devices.ListDevices, request)).devices
    return devices


async def find_device(client: MeshClient, word: str) -> Any:
    """The Device of the caller that a word means. Raises DeviceNotFound."""
    return choose_device(word, await list_devices(client))


def tell_outcome(command: Any, device: str, done: str) -> None:
    """Prints how far a Command is. Raises CommandFailed where its device could not obey."""
    if command.status == _STATUS.FAILED:
        raise CommandFailed(f"{plain(device)} could not: {plain(command.detail) or 'no reason'}")
    if command.status in (_STATUS.DONE, _STATUS.SUPERSEDED):
        say(done)
    else:
        say(f"told {device}, which has not answered yet")
