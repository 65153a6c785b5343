"""Which track can be played next: the plan, the device and the wishes of the user have a say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshkit.faults import DeadlineExceeded, Fault, Unavailable
from playback_svc.domain.devices import find_device
from playback_svc.domain.listing import Entry
from playback_svc.domain.plans import Playable, admit
from playback_svc.domain.play_queue import PlayQueue, Step
from playback_svc.domain.player_state import Asset, PlayerState, Start
from playback_svc.domain.preferences import preferred_rungs
from playback_svc.ports.clients import Catalogue, Plans
from playback_svc.ports.clock import NewId
from playback_svc.ports.player_states import Partition

MOST_PASSED_OVER = 20
"""So many tracks that cannot be played are passed over before a command gives up."""

_PASSED_OVER = ("NOT_FOUND", "PLAN_REQUIRED", "AUDIO_UNDECODABLE")
_AWAY = ("STORE_UNAVAILABLE", "DEADLINE_EXCEEDED", "OVERLOADED")


@dataclass(frozen=True, slots=True)
class SelectedTrack:
    """A step of which the track can be played, and the bodies to store with it."""

    start: Start
    blobs: dict[str, bytes]


class TrackSelection:
    """Finds out what may be streamed of a track, on a device, by a user.

    ``tier`` is what the user's token claims everywhere; what was told of the user goes before it.
    """

    def __init__(self, catalogue: Catalogue, plans: Plans, new_id: NewId) -> None:
        self._catalogue = catalogue
        self._plans = plans
        self._new_id = new_id

    async def start(
        self, tier: str, partition: Partition, device_id: str, entry: Entry, queue: PlayQueue
    ) -> Start:
        """The beginning of a play of that entry. Raises what the plan and the track raise."""
        playable = await self._catalogue.playable(entry.track_id)
        asset = await self._admitted(tier, partition, device_id, playable)
        private = partition.preferences.private_session
        return Start(self._new_id(), playable.track, asset, queue, private)

    async def first(
        self,
        tier: str,
        partition: Partition,
        device_id: str,
        step: Step,
        then: Callable[[Step], Step | None],
    ) -> SelectedTrack | None:
        """The first step from ``step`` on of which the track can be played; None at the end.

        ``then`` gives the step after one that was passed over. Raises the fault of the last one
        where too many cannot be played, Unavailable (TRACK_NOT_READY).
        """
        blobs: dict[str, bytes] = {}
        for passed_over in range(MOST_PASSED_OVER):
            if step.stored is not None:
                blobs = dict([step.stored])
            try:
                start = await self.start(tier, partition, device_id, step.entry, step.queue)
            except Fault as fault:
                after = then(step) if fault.reason in _PASSED_OVER else None
                if fault.reason not in _PASSED_OVER or passed_over + 1 == MOST_PASSED_OVER:
                    raise
                if after is None:
                    return None
                step = after
            else:
                return SelectedTrack(start, blobs)
        return None

    async def asset(
        self, tier: str, partition: Partition, known: PlayerState, device_id: str
    ) -> Asset:
        """What may be streamed of the track that plays.

        Fails OPEN: a catalogue that is down leaves what was known.
        """
        try:
            playable = await self._catalogue.playable(known.track.track_id)
        except (Unavailable, DeadlineExceeded) as fault:
            if fault.reason not in _AWAY:
                raise
            playable = Playable(known.track, known.asset.descriptor, known.asset.rungs)
        return await self._admitted(tier, partition, device_id, playable)

    async def _admitted(
        self, tier: str, partition: Partition, device_id: str, playable: Playable
    ) -> Asset:
        device = find_device(partition.devices, device_id)
        able = frozenset(device.capabilities.rungs) if device else frozenset[str]()
        preferred = preferred_rungs(partition.preferences.bitrate)
        plan = await self._plans.plan(partition.tier(tier))
        return admit(plan, playable, (able or None, preferred))
