"""What a device says to people of what happens to its session."""

from __future__ import annotations

from math import ceil

from meshkit.faults import Fault
from player.device.targets import Order

_DETAIL_CHARACTERS = 200


def words_of_end(order: Order) -> str:
    """Why nothing plays any more."""
    if order.ended_by == "FINISHED":
        return "everything was played"
    return "stopped" if order.ended_by else "plays elsewhere now"


def detail_of(error: Exception) -> str:
    """What went wrong, as the service takes it for people."""
    cut = str(error)[:_DETAIL_CHARACTERS]
    return "".join(one if one.isprintable() else " " for one in cut)


def words_of_limit(limit: Fault) -> str:
    """Why it does not go on by itself, and when it can: from SKIP_LIMIT_REACHED."""
    seconds = limit.metadata.get("seconds_until_reset", "")
    when = f"; more in {ceil(int(seconds) / 60)} min" if seconds.isdecimal() else ""
    return f"held at the end: {limit.message.rstrip('.')}{when}"
