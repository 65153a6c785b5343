"""Between preferences and their document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from playback_svc.domain.preferences import BitratePreference, Preferences


def preferences_document(preferences: Preferences) -> dict[str, Any]:
    """Preferences as JSON keeps them; the version stands beside."""
    document = asdict(preferences)
    del document["version"]
    return document


def preferences_of(version: int, document: dict[str, Any]) -> Preferences:
    """The preferences that ``preferences_document`` made; what it lacks is as by default."""
    known = {
        name: value
        for name, value in document.items()
        if name in Preferences.__dataclass_fields__ and name != "version"
    }
    bitrate = BitratePreference(known.pop("bitrate", BitratePreference.UNLIMITED))
    return Preferences(bitrate=bitrate, version=version, **known)
