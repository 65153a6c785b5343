"""What friends listen to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from meshkit.faults import Unavailable
from playback_svc.domain.activity import Listening, shared_listening
from playback_svc.domain.liveness import UNKNOWN, Liveness, derive_state
from playback_svc.domain.player_state import PlayerState, Status, Version
from playback_svc.ports.clients import Friend, Friends
from playback_svc.ports.clock import Clock
from playback_svc.ports.positions import PositionStore
from playback_svc.ports.user_snapshots import UserSnapshots

MOST_FRIENDS = 200
"""So many friends are looked at, the latest followed."""

_NO_VERSION = Version(0, 0)


class ActivityVersion(NamedTuple):
    """Of what a look is: of two looks at one user, the one with the lower stamp is the older."""

    state: Version
    preferences: int


@dataclass(frozen=True, slots=True)
class ActivitySnapshot:
    """What a user shares, None for nothing, as of a stamp."""

    stamp: ActivityVersion
    listening: Listening | None


@dataclass(frozen=True, slots=True)
class FriendListening:
    """A friend and what that friend shares; None: to be shown no more."""

    friend: Friend
    listening: Listening | None


class ActivityReader:
    """Looks at what users listen to, as far as they share it."""

    def __init__(self, snapshots: UserSnapshots, positions: PositionStore, clock: Clock) -> None:
        self._snapshots = snapshots
        self._positions = positions
        self._clock = clock

    async def read(self, user_ids: Collection[str]) -> Mapping[str, ActivitySnapshot]:
        """A look at each, at most 500 at a time. Raises Unavailable."""
        if not user_ids:
            return {}
        snapshots = await self._snapshots.read(user_ids)
        states = [snapshot.state for snapshot in snapshots.values() if snapshot.state]
        liveness_by_session = await self._liveness(states)
        now_ms = self._clock()
        looks = {}
        for user_id, snapshot in snapshots.items():
            state, preferences = snapshot.state, snapshot.preferences
            version = state.version if state else _NO_VERSION
            current = state and derive_state(
                state, liveness_by_session.get(state.session_id, UNKNOWN), now_ms
            )
            stamp = ActivityVersion(version, preferences.version)
            looks[user_id] = ActivitySnapshot(stamp, shared_listening(current, preferences, now_ms))
        return looks

    async def _liveness(self, states: Sequence[PlayerState]) -> Mapping[str, Liveness]:
        """Fails OPEN: without live positions nothing is derived."""
        going = [state.session_id for state in states if state.status is not Status.STOPPED]
        if not going:
            return {}
        try:
            return dict(zip(going, await self._positions.get(going), strict=True))
        except Unavailable:
            return {}


class ListActivity:
    """What the friends of the calling user listen to."""

    def __init__(self, friends: Friends, activity_reader: ActivityReader) -> None:
        self._friends = friends
        self._reader = activity_reader

    async def __call__(self) -> Sequence[FriendListening]:
        """Who shares something, in the order to show it. Raises Unavailable."""
        friends = await self._friends.friends(MOST_FRIENDS)
        looks = await self._reader.read({friend.user_id for friend in friends})
        return order_activity(friends, looks)


def order_activity(
    friends: Sequence[Friend], looks: Mapping[str, ActivitySnapshot]
) -> Sequence[FriendListening]:
    """Friends who share something: those who play now first, then the latest first."""
    found = [
        (listening, friend)
        for friend in friends
        if (listening := looks[friend.user_id].listening) is not None
    ]
    found.sort(key=lambda one: (not one[0].playing, -one[0].at_ms))
    return [FriendListening(friend, listening) for listening, friend in found]
