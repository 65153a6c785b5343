"""What commands answered, as it is kept for their retries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import DeviceView
from playback_svc.domain.mailbox import Command
from playback_svc.domain.player_state import Asset, PlayerState, Track, Version
from playback_svc.domain.preferences import Preferences


@dataclass(frozen=True, slots=True)
class SkipsLeft:
    """How a user's window of skips stood; ``remaining`` is None where nothing limits them."""

    remaining: int | None
    resets_in_s: int


@dataclass(frozen=True, slots=True)
class Played:
    """What plays: of Play, and of all commands on a session.

    ``urls_expire_at_s`` is Unix seconds; None for commands that give no addresses. ``ended`` says
    that everything was played.
    """

    track: Track
    asset: Asset
    play_id: str = ""
    urls_expire_at_s: int | None = None
    skips: SkipsLeft | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class QueueEdited:
    """The entries of the queue, or those that were added, and how many fewer there are."""

    item_ids: tuple[str, ...]
    removed_count: int = 0


@dataclass(frozen=True, slots=True)
class PreferencesUpdated:
    """All preferences after a change."""

    preferences: Preferences


@dataclass(frozen=True, slots=True)
class DeviceDescribed:
    """A device, with what held of it then."""

    view: DeviceView


@dataclass(frozen=True, slots=True)
class Transferred:
    """Playback as it was told, kept without its queue of ``queue_count`` entries."""

    played: Played
    playing: PlayerState
    queue_count: int


@dataclass(frozen=True, slots=True)
class Done:
    """A command of which there is nothing to tell."""


Result = Played | QueueEdited | PreferencesUpdated | DeviceDescribed | Transferred | Done
"""What a command tells, by what it does."""

R = TypeVar("R", Played, QueueEdited, PreferencesUpdated, DeviceDescribed, Transferred, Done)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered, without secrets: addresses are signed anew from it, and equal.

    ``number`` is that of the command in the mailbox of ``device_id``, 0 where there is none;
    ``sent`` is that command where it was stored with this answer just now, and is not kept.
    """

    session_id: str
    version: Version
    position_ms: int
    device_id: str = ""
    number: int = 0
    sent: Command | None = field(default=None, compare=False)
    result: Result = Done()

    @property
    def played(self) -> Played:
        """What plays. Raises ValueError for an answer that does not tell it."""
        result = self.result
        return result.played if isinstance(result, Transferred) else self.result_as(Played)

    def result_as(self, kind: type[R]) -> R:
        """The result of a command that answers with that kind. Raises ValueError for another."""
        if not isinstance(self.result, kind):
            raise ValueError(f"the answer tells {self.result!r}")
        return self.result


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer under its request's key, kept until ``expires_at_ms``."""

    key: RequestKey
    answer: Answer
    expires_at_ms: int
