"""What signed paths grant."""

from __future__ import annotations

from typing import Protocol

from meshkit.capability import Capability


class CapabilityVerifier(Protocol):
    """Tells genuine capabilities from others."""

    def verify(self, text: str, resource: str) -> Capability:
        """What the text grants on the resource now.

        Must raise meshkit.capability.CapabilityInvalid or CapabilityExpired otherwise.
        """
        ...
