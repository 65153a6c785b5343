"""How a user wants to listen: read, and changed beside what plays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from meshkit.faults import Aborted
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.preferences import BitratePreference, Preferences
from playback_svc.ports.answers import PreferencesUpdated
from playback_svc.ports.clock import Clock
from playback_svc.ports.player_states import PlayerStateStore
from playback_svc.ports.preferences import PreferencesCache
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot


@dataclass(frozen=True, slots=True)
class PreferencesPatch:
    """What shall be other; None stays as it is."""

    bitrate: BitratePreference | None = None
    offline_enabled: bool | None = None
    normalize: bool | None = None
    private_session: bool | None = None
    share_activity: bool | None = None

    def applied(self, present: Preferences) -> Preferences:
        """``present`` with what is given, of the version after; the same where nothing changes."""
        wished = {field.name: getattr(self, field.name) for field in fields(self)}
        changed = replace(present, **{k: v for k, v in wished.items() if v is not None})
        return present if changed == present else replace(changed, version=present.version + 1)


class GetPreferences:
    """Reads a user's preferences, from the cache where it has them."""

    def __init__(self, store: PlayerStateStore, cache: PreferencesCache, clock: Clock) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock

    async def __call__(self, user_id: str) -> Preferences:
        """The preferences; the defaults where none were set. Raises Unavailable."""
        kept = await self._cache.get(user_id)
        if kept is not None:
            return kept
        preferences = (await self._store.read(user_id, None, self._clock())).preferences
        await self._cache.put(user_id, preferences)
        return preferences


class UpdatePreferences:
    """Changes a user's preferences; what plays becomes private with them."""

    def __init__(self, commander: Commander, cache: PreferencesCache) -> None:
        self._commander = commander
        self._cache = cache

    async def __call__(
        self,
        user_id: str,
        patch: PreferencesPatch,
        key: RequestKey | None,
        based_on: int | None = None,
    ) -> Preferences:
        """All preferences after the change.

        Raises Aborted (CONFLICT), also where there is something to change in another version than
        ``based_on``, and RequestIdReused.
        """

        async def decide(snapshot: Snapshot) -> Decision:
            present = snapshot.partition.preferences
            after = patch.applied(present)
            if after is not present:
                _require_version(present, based_on)
                await self._cache.announce(user_id, after.version)
            return Decision(
                _hidden(snapshot) if patch.private_session else snapshot.partition.state,
                replace(NO_ANSWER, result=PreferencesUpdated(after)),
                preferences=after if after is not present else None,
            )

        answer = await self._commander.execute(user_id, key, decide)
        preferences = answer.result_as(PreferencesUpdated).preferences
        await self._cache.put(user_id, preferences)
        return preferences


def _require_version(present: Preferences, based_on: int | None) -> None:
    if based_on is not None and based_on != present.version:
        raise Aborted("the preferences have changed since that version; read them again")


def _hidden(snapshot: Snapshot) -> PlayerState | None:
    """The state with its play made private; the row as it was read where that changes nothing."""
    if snapshot.state is None:
        return None
    hidden = player_state.hide(snapshot.state)
    return snapshot.partition.state if hidden is snapshot.state else hidden
