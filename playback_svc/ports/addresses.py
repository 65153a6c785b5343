"""The signing of the addresses of streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from playback_svc.ports.answers import Answer


@dataclass(frozen=True, slots=True)
class StreamAddresses:
    """Where a session is streamed from, until ``expires_at_s`` (Unix seconds). Secrets."""

    hls: str
    dash: str
    expires_at_s: int


class Addresses(Protocol):
    """Signs the addresses of a session's stream."""

    def of(self, answer: Answer) -> StreamAddresses:
        """The addresses that an answer of Play or Resume gives, until ``urls_expire_at_s``, or as
        long as its track is heard, which may be later.

        Equal answers must get equal addresses while the signing key stays.
        """
        ...
