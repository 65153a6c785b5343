"""The log of exposures: which lists users were shown, and what they did with them.

A list is *recorded* when it is made and *shown* when the client says so, or when a play names it.
Only what was shown counts: what is computed and never seen can change nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from rec_svc.domain.arm_statistics import ArmSums
from rec_svc.domain.experiments import Experiment
from rec_svc.domain.exposure_outcomes import CountedOutcome, Exposure, Outcome

ACTED_ON_MS: Final = 7 * 24 * 3_600_000
"""How long a list that was made can still be shown, and one that was shown still be acted on."""
KEPT_MS: Final = 2 * ACTED_ON_MS
"""How long a list is kept: nothing can happen to it any more."""
MOST_OF_USER: Final = 500
"""So many lists of a user are kept: the newest."""
CAME_BACK_FROM_MS: Final = 24 * 3_600_000
"""Who sees a list or plays from one so long after the first one, and before ``ACTED_ON_MS`` after
it, has come back."""


class Exposures(Protocol):
    """Lists that were made for users, and those that were shown."""

    async def record(self, *exposures: Exposure) -> None:
        """Must keep those lists of one user, all or none, as not shown yet; of several with one
        shown_id the first counts.

        Of a user's lists at most ``MOST_OF_USER`` must be kept, and none of one who is erased.
        Raises Unavailable.
        """
        ...

    async def show(self, user_id: str, shown_ids: Sequence[str], at_ms: int) -> int:
        """Must mark those lists as shown at ``at_ms`` that are the user's, were not shown
        before and were made less than ``ACTED_ON_MS`` ago; the others must make no
        difference. Returns how many were marked. ``shown_ids`` are at most 100.

        The user counts in the arms that the lists were made in, from the first one on, as
        far as those experiments run. Raises Unavailable.
        """
        ...

    async def erase(self, user_id: str) -> None:
        """Must forget the user's lists, what they did with them, and their part in experiments."""
        ...

    async def prune(self, now_ms: int) -> int:
        """Must drop what was made ``KEPT_MS`` ago; returns how many lists went. What users did with
        them stays in the sums of their arms."""
        ...


class Outcomes(Protocol):
    """What users did with lists."""

    async def count(self, outcomes: Sequence[Outcome]) -> Sequence[CountedOutcome]:
        """Must count each outcome once, however often and by however many instances it is told, and
        return those that it counted now. At most 500.

        A play counts where it names a list of the user, which it also shows; a save where
        the user was shown a list with its track; either less than ``ACTED_ON_MS`` after the
        list was shown. They count in the arms that the list was made in, of users who count
        in those. Raises Unavailable.
        """
        ...


class ArmCounts(Protocol):
    """The sums of an experiment, a user being the unit."""

    async def of(self, experiment: Experiment, now_ms: int) -> Sequence[ArmSums]:
        """The sums of each arm, in the experiment's order; must read a row a user and no more.

        The return rate is that of users first shown a list ``ACTED_ON_MS`` ago or more.
        Raises Unavailable.
        """
        ...
