"""Of which sign-in a session is that another device began."""

from __future__ import annotations

import pytest
from test_devices_in_memory import USER, Rig, Shared

from playback_svc.usecases.device_orders import Order, PlayAction
from playback_svc.usecases.device_views import Registration
from playback_svc.usecases.playback.play import PlayOrder
from playback_svc.usecases.session_checks import Caller
from tests.contracts.playback.samples import TRACK


@pytest.fixture
def rig() -> Rig:
    return Rig(Shared())


async def test_what_another_device_plays_there_is_of_the_sign_in_of_the_device_that_plays(
    rig: Rig,
) -> None:
    await rig.begin()
    await rig.devices.register_device(USER, Registration("tv", sid="the tv's"), None)
    await rig.events.connect(USER, "tv")
    order = Order("tv", PlayAction(PlayOrder("tv", TRACK.track_id)))
    phone = Caller(USER, "free", "phone", "the phone's")
    await rig.devices.send_command(phone, order, None)
    assert rig.store.states[USER].sid == "the tv's"
    renamed = Registration("tv", name="Television")
    await rig.devices.update_device(USER, renamed, None)
    assert rig.store.devices[USER]["tv"].sid == "the tv's"
