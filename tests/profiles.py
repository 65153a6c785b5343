"""How often tests repeat what they repeat: ``SEGUE_TEST_PROFILE`` is ``ci`` or ``thorough``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("SEGUE_TEST_PROFILE", "ci")
_EXAMPLES = {"ci": 50, "thorough": 1000}


def load_profile() -> None:
    """Set what holds for every property; none is judged by how long it takes."""
    for name, count in _EXAMPLES.items():
        untimed = [HealthCheck.too_slow]
        settings.register_profile(
            name, max_examples=count, deadline=None, suppress_health_check=untimed
        )
    settings.load_profile(PROFILE)


def examples(usual: int) -> int:
    """For a property that needs more examples than others, or fewer: ``usual`` where it is 100."""
    return usual * _EXAMPLES[PROFILE] // 100


def repeated(few: int, many: int) -> int:
    """How often a thing is done that takes long: ``few`` times at merge, ``many`` if thorough."""
    return few if PROFILE == "ci" else many
