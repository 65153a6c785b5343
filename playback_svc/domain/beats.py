"""One heartbeat: what a device claims, what of it is absurd, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass

NETWORKS = ("unknown", "wired", "wifi", "cellular", "other")
"""The kinds of links, by their numbers in the contract."""


def network_of(number: int) -> str:
    """The kind of link of that number; one that a newer contract knows counts as other."""
    return NETWORKS[number] if 0 <= number < len(NETWORKS) else "other"


@dataclass(frozen=True, slots=True)
class Measurements:
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
