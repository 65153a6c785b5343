"""How a user wants to listen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from playback_svc.domain.rungs import AAC, NAMES


class BitratePreference(StrEnum):
    """The best rung to be offered; UNLIMITED is the best AAC, FLAC is offered where it is named."""

    UNLIMITED = "UNLIMITED"
    AAC_128 = "AAC_128"
    AAC_192 = "AAC_192"
    AAC_256 = "AAC_256"
    AAC_320 = "AAC_320"
    FLAC = "FLAC"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of a user; ``version`` is 0 where none were ever set."""

    bitrate: BitratePreference = BitratePreference.UNLIMITED
    offline_enabled: bool = True
    normalize: bool = True
    private_session: bool = False
    share_activity: bool = False
    version: int = 0


DEFAULT = Preferences()
"""What holds until something was set."""


def preferred_rungs(preference: BitratePreference) -> frozenset[str]:
    """The names of the rungs that a preference admits.

    Players climb to the best rung that is listed: into 1.6 Mbit/s of FLAC only for who wants that.
    """
    if preference is BitratePreference.UNLIMITED:
        return frozenset(AAC)
    best = preference.value.removeprefix("AAC_").lower()
    return frozenset(NAMES[: NAMES.index(best) + 1])
