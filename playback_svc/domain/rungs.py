"""Which rung a device hears: by its name, or by the rate that the device measured."""

from __future__ import annotations

from collections.abc import Sequence

from playback_svc.domain.player_state import Rung

AAC = ("128", "192", "256", "320")
"""The AAC rungs, by rising quality: each is named by its rate in kbps."""

NAMES = (*AAC, "flac")
"""Every rung, by rising quality."""

_LADDER = tuple(Rung(name, int(name)) for name in AAC)


def rung_named(rungs: Sequence[Rung], name: str) -> Rung:
    """The rung of that name. One that is not of ``rungs`` is told by its name, FLAC at 0 kbps.

    That is no mistake: what was fetched before the session changed its track is still heard.
    """
    for rung in rungs:
        if rung.name == name:
            return rung
    return Rung(name, int(name) if name.isdecimal() else 0)


def nearest_rung(rungs: Sequence[Rung], kbps: int) -> Rung:
    """The rung whose rate is nearest to ``kbps``, the lower of two.

    A rate that a device measured, or read in a manifest, lies some percent above the rung's own.
    """
    return min(
        rungs or _LADDER, key=lambda rung: (abs(rung.bitrate_kbps - kbps), rung.bitrate_kbps)
    )
