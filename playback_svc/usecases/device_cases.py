"""What is done with devices, as more than one caller needs it."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.usecases.device.get_command import GetCommand
from playback_svc.usecases.device.get_device import GetDevice
from playback_svc.usecases.device.list_commands import ListCommands
from playback_svc.usecases.device.list_devices import ListDevices
from playback_svc.usecases.device.register_device import RegisterDevice
from playback_svc.usecases.device.remove_device import RemoveDevice
from playback_svc.usecases.device.report_applied import ReportApplied
from playback_svc.usecases.device.send_command import SendCommand
from playback_svc.usecases.device.transfer import Transfer
from playback_svc.usecases.device.update_device import UpdateDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCases:
    """The use cases of DeviceService, each by its call."""

    register_device: RegisterDevice
    list_devices: ListDevices
    get_device: GetDevice
    update_device: UpdateDevice
    remove_device: RemoveDevice
    send_command: SendCommand
    list_commands: ListCommands
    get_command: GetCommand
    transfer: Transfer
    report_applied: ReportApplied
