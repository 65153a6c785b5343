"""One heartbeat: what a device claims, what of it is absurd, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.faults import InvalidArgument

MOST_COUNTED = 10_000
LONGEST_MS = 600_000
HIGHEST_KBPS = 10_000_000


NETWORKS = ("unknown", "wired", "wifi", "cellular", "other")
"""The kinds of links, by their numbers in the contract."""


def network_of(number: int) -> str:
    """The kind of link of that number; one that a newer contract knows counts as other."""
    return NETWORKS[number] if 0 <= number < len(NETWORKS) else "other"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a device counted since its beat before; times in ms, 0 for nothing.

    ``network`` is one of NETWORKS.
    """

    underruns: int
    switches: int
    start_latency_ms: int
    slowest_fetch_ms: int
    fetch_errors: int
    fetch_retries: int = 0
    network: str = "unknown"


_COUNTED_BOUNDS = {
    "underruns": MOST_COUNTED,
    "switches": MOST_COUNTED,
    "start_latency_ms": LONGEST_MS,
    "slowest_fetch_ms": LONGEST_MS,
    "fetch_errors": MOST_COUNTED,
    "fetch_retries": MOST_COUNTED,
}


def check_counted(counted: Counted) -> None:
    """Raises InvalidArgument naming the first field outside of what can be."""
    for name, most in _COUNTED_BOUNDS.items():
        value: int = getattr(counted, name)
        if not 0 <= value <= most:
            field = f"heartbeat.measurements.{name}"
            raise InvalidArgument.field(field, f"must be between 0 and {most}")


def reject(**fields: int) -> InvalidArgument:
    """The fault for a beat of which at least one of ``fields`` is absurd."""
    for name, value in fields.items():
        if value < 0:
            return InvalidArgument.field(f"heartbeat.{name}", "must not be negative")
    return InvalidArgument.field("heartbeat.bitrate_kbps", f"must be at most {HIGHEST_KBPS}")
