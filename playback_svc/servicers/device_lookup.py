"""DeviceInternalService on the wire: what other services ask of a user's devices."""

from __future__ import annotations

from segue.device.v1 import device_internal_service_pb2 as pb
from segue.device.v1.device_internal_service_pb2_grpc import DeviceInternalServiceServicer

from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.timestamps import timestamp_of_ms
from playback_svc.servicers import device_messages
from playback_svc.usecases.device_internal import LookupDevice


class DeviceLookupServicer(DeviceInternalServiceServicer):
    """Devices of the user whose token the calling service passes on."""

    def __init__(self, lookup_device: LookupDevice) -> None:
        self._lookup_device = lookup_device

    async def LookupDevice(
        self, request: pb.LookupDeviceRequest, context: Context
    ) -> pb.LookupDeviceResponse:
        device_id = request.device_id
        device = await self._lookup_device(current_principal().user_id, device_id)
        return pb.LookupDeviceResponse(
            device_id=device.device_id,
            name=device.name,
            kind=device_messages.kind_of(device),
            capabilities=device_messages.capabilities_of(device),
            controllable=device.controllable,
            registered_at=timestamp_of_ms(device.registered_at_ms),
        )
