"""How long something lasts, for people."""

from __future__ import annotations

from datetime import timedelta


def lasting(seconds: float) -> str:
    """A time of whole ``seconds`` in its two largest units, such as 21m58s or 3d04h."""
    whole = timedelta(seconds=int(seconds))
    hours, rest = divmod(whole.seconds, 3_600)
    minutes, left = divmod(rest, 60)
    if whole.days:
        return f"{whole.days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{left:02}s" if minutes else f"{left}s"
