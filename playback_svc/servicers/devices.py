"""DeviceService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.device.v1 import device_service_pb2 as pb
from segue.device.v1.device_service_pb2_grpc import DeviceServiceServicer

from meshkit.deadline import budget
from meshkit.idempotency import request_key
from meshkit.paging import Page, foreign_token
from meshkit.principal import current_principal
from meshkit.server_context import Context
from playback_svc.ports.addresses import Addresses
from playback_svc.ports.clock import Clock
from playback_svc.servicers import device_messages, playback_messages
from playback_svc.servicers.device_streams import DeviceStreamCalls
from playback_svc.servicers.streams import stream
from playback_svc.usecases.device_cases import DeviceCases
from playback_svc.usecases.session_checks import Caller

_ANSWERED_WITHIN_S = 0.5
_LAST_NUMBER = (1 << 31) - 1


class DeviceServicer(DeviceServiceServicer):
    """The calling user's devices; the user is the token's subject."""

    def __init__(
        self,
        *,
        cases: DeviceCases,
        streams: DeviceStreamCalls,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._streams = streams
        self._addresses = addresses
        self._clock = clock

    async def RegisterDevice(
        self, request: pb.RegisterDeviceRequest, context: Context
    ) -> pb.RegisterDeviceResponse:
        principal = current_principal()
        key = request_key(request)
        registration = device_messages.registration(request, principal.sid)
        listed = await self._cases.register_device(principal.user_id, registration, key)
        return pb.RegisterDeviceResponse(device=device_messages.device(listed))

    async def ListDevices(
        self, request: pb.ListDevicesRequest, context: Context
    ) -> pb.ListDevicesResponse:
        listed = await self._cases.list_devices(current_principal().user_id)
        return pb.ListDevicesResponse(devices=map(device_messages.device, listed))

    async def GetDevice(
        self, request: pb.GetDeviceRequest, context: Context
    ) -> pb.GetDeviceResponse:
        device_id = request.device_id
        listed = await self._cases.get_device(current_principal().user_id, device_id)
        return pb.GetDeviceResponse(device=device_messages.device(listed))

    async def UpdateDevice(
        self, request: pb.UpdateDeviceRequest, context: Context
    ) -> pb.UpdateDeviceResponse:
        user_id = current_principal().user_id
        key = request_key(request)
        listed = await self._cases.update_device(user_id, device_messages.update(request), key)
        return pb.UpdateDeviceResponse(device=device_messages.device(listed))

    async def RemoveDevice(
        self, request: pb.RemoveDeviceRequest, context: Context
    ) -> pb.RemoveDeviceResponse:
        user_id = current_principal().user_id
        key = request_key(request)
        await self._cases.remove_device(user_id, request.device_id, key)
        return pb.RemoveDeviceResponse()

    async def SendCommand(
        self, request: pb.SendCommandRequest, context: Context
    ) -> pb.SendCommandResponse:
        caller = _caller(request.sender_device_id)
        order = device_messages.order(request)
        within_s = _within(device_messages.wait_s(request.wait))
        # A retry is the same command however long its sender is ready to wait.
        asked = pb.SendCommandRequest()
        asked.CopyFrom(request)
        asked.ClearField("wait")
        key = request_key(asked)
        sent = await self._cases.send_command(caller, order, key, within_s)
        return pb.SendCommandResponse(
            command=device_messages.command(sent.command, self._clock()),
            skips_remaining=sent.skips.remaining if sent.skips else None,
        )

    async def ListCommands(
        self, request: pb.ListCommandsRequest, context: Context
    ) -> pb.ListCommandsResponse:
        page = Page.of(request)
        device_id = request.device_id
        user_id = current_principal().user_id
        found = await self._cases.list_commands(user_id, device_id, _before(page), page.size + 1)
        shown, token = page.cut(found, lambda command: (command.number,))
        now_ms = self._clock()
        commands = [device_messages.command(command, now_ms) for command in shown]
        return pb.ListCommandsResponse(commands=commands, next_page_token=token)

    async def GetCommand(
        self, request: pb.GetCommandRequest, context: Context
    ) -> pb.GetCommandResponse:
        device_id = request.device_id
        number = request.number
        within_s = _within(device_messages.wait_s(request.wait))
        user_id = current_principal().user_id
        command = await self._cases.get_command(user_id, device_id, number, within_s)
        return pb.GetCommandResponse(command=device_messages.command(command, self._clock()))

    async def Transfer(self, request: pb.TransferRequest, context: Context) -> pb.TransferResponse:
        caller = _caller(request.sender_device_id)
        device_id = request.device_id
        key = request_key(request)
        plays = request.play if request.HasField("play") else None
        answer = await self._cases.transfer(caller, device_id, key, plays=plays)
        return pb.TransferResponse(
            playback=playback_messages.transferred(answer),
            stream=stream(answer, self._addresses),
            command_number=answer.number,
        )

    async def ReportApplied(
        self, request: pb.ReportAppliedRequest, context: Context
    ) -> pb.ReportAppliedResponse:
        device = await self._cases.report_applied(
            current_principal().user_id,
            request.device_id,
            device_messages.applied(request.applied),
            device_messages.volume_of(request.state),
        )
        return pb.ReportAppliedResponse(last_applied=device.last_applied)

    def Connect(
        self, request_iterator: AsyncIterator[pb.ConnectRequest], context: Context
    ) -> AsyncIterator[pb.ConnectResponse]:
        return self._streams.connect(request_iterator, context)

    def WatchCommands(
        self, request: pb.WatchCommandsRequest, context: Context
    ) -> AsyncIterator[pb.WatchCommandsResponse]:
        return self._streams.watch(request, context)


def _before(page: Page) -> int | None:
    """The command that the page comes after. PageTokenInvalid for a token that names none."""
    match page.after:
        case None:
            return None
        case (int(number),) if 1 <= number <= _LAST_NUMBER:
            return number
        case _:
            raise foreign_token()


def _caller(sender: str) -> Caller:
    principal = current_principal()
    return Caller(principal.user_id, principal.tier, sender, principal.sid)


def _within(wait_s: float) -> float:
    """How long to wait, so that the answer still comes before the caller gives up."""
    return max(0.0, budget(wait_s + _ANSWERED_WITHIN_S) - _ANSWERED_WITHIN_S)
