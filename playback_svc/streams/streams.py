"""All streams that a process holds: they hear the same events."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from playback_svc.ports.events import Event
from playback_svc.streams.activity_views import ActivityViews
from playback_svc.streams.device_streams import DeviceStreams
from playback_svc.streams.heartbeats import Heartbeats
from playback_svc.streams.live_view import Watchers


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of beats, of devices, and of live views of oneself and of friends."""

    heartbeats: Heartbeats
    devices: DeviceStreams
    watchers: Watchers
    activity: ActivityViews

    @property
    def background(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """What runs as long as streams are held."""
        watchers = (self.watchers.run, self.watchers.keep_checked)
        return self.heartbeats.run, self.devices.run, *watchers, self.activity.run

    def hear(self, event: Event) -> None:
        """Events of a user. Never raises."""
        self.heartbeats.hear(event)
        self.devices.hear(event)
        self.watchers.hear(event)
        self.activity.hear(event)

    def gap(self) -> None:
        """Events may have been missed. Beats notice by themselves, at their checkpoints."""
        self.devices.gap()
        self.watchers.gap()
        self.activity.gap()
