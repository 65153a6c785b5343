"""Capabilities verified by the keys of a file that may be replaced at any time."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from meshkit.capability import Capability, KeyFile, KeysUnusable

_REFRESH_S = 1.0


class KeyFileVerifier:
    """Verifies by the keys of a file, looked at for changes at most once a second.

    When the file becomes unusable, the last good keys stay in force and a warning is logged: media
    that plays goes on playing.
    """

    def __init__(self, file: KeyFile, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._looked_at = clock()

    def verify(self, text: str, resource: str) -> Capability:
        """See ports.CapabilityVerifier."""
        now = self._clock()
        if abs(now - self._looked_at) >= _REFRESH_S:
            self._looked_at = now
            self._refresh()
        return self._file.keys.verify(text, resource, now)

    def _refresh(self) -> None:
        log = structlog.get_logger()
        try:
            if self._file.refresh():
                log.info("capability_keys_replaced")
        except KeysUnusable as error:
            log.warning("capability_keys_unusable", problem=str(error))
