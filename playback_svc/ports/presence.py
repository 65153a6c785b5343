"""Which devices are connected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Presence(Protocol):
    """Which devices hold a stream, on whichever instance. Forgets an instance that died."""

    async def connect(self, user_id: str, device_id: str) -> None:
        """The device has a stream here. Counted. Returns as ``EventBus.watch`` does."""
        ...

    def disconnect(self, user_id: str, device_id: str) -> None:
        """The device's stream here is gone."""
        ...

    async def connected_devices(self, user_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """The devices with a stream, for each of the users. Raises Unavailable."""
        ...
