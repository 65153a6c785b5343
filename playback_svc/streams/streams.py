"""All streams that a process holds: they hear the same events."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from playback_svc.ports.events import Event
from playback_svc.streams.activity_views import ActivityViews
from playback_svc.streams.device_streams import DeviceStreams
from playback_svc.streams.heartbeats import Heartbeats
from playback_svc.streams.playback_views import PlaybackViews


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of beats, of devices, and of live views of oneself and of friends."""

    heartbeats: Heartbeats
    devices: DeviceStreams
    playback_views: PlaybackViews
    activity: ActivityViews

    @property
    def background(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """What runs as long as streams are held."""
        playback_views = (self.playback_views.run, self.playback_views.keep_checked)
        return self.heartbeats.run, self.devices.run, *playback_views, self.activity.run

    def handle_event(self, event: Event) -> None:
        """Events of a user. Never raises."""
        self.heartbeats.handle_event(event)
        self.devices.handle_event(event)
        self.playback_views.handle_event(event)
        self.activity.handle_event(event)

    def handle_gap(self) -> None:
        """Events may have been missed. Beats notice by themselves, at their checkpoints."""
        self.devices.handle_gap()
        self.playback_views.handle_gap()
        self.activity.handle_gap()
