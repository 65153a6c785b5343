"""One account's playback as a sequential player, to check histories of many clients against.

A session is known by its epoch: what a history calls it is learnt from all of its answers first.
Positions are followed while the session is held or over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.mesh.history import Operation
from tests.mesh.linearizable import Model
from tests.mesh.playback_calls import (
    NOT_FOUND,
    QUEUE_ENDED,
    SESSION_NOT_CURRENT,
    SKIP_LIMIT_REACHED,
    AddToQueue,
    Answer,
    EditQueue,
    Expire,
    Get,
    Pause,
    Play,
    Previous,
    Refused,
    Repeat,
    Resume,
    Seek,
    SetRepeat,
    SetShuffle,
    Skip,
    Status,
    Stop,
    Transfer,
)

RESTART_ABOVE_MS = 3_000


class Player(NamedTuple):
    """What commands see of a player.

    ``order`` is the play order of the context as far as it is known, as indices of ``context``;
    ``cursor`` the place in it of the track that was played last. ``apart`` is what plays instead:
    a track of the queue, or one that is played by itself, without a context. ``position_ms`` is
    None while it moves or is not known.
    """

    epoch: int = 0
    revision: int = 0
    status: Status = "STOPPED"
    device_id: str = ""
    repeat: Repeat = "OFF"
    shuffle: bool = False
    queue: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    cursor: int = 0
    apart: str | None = None
    position_ms: int | None = None

    @property
    def track_id(self) -> str:
        return self.apart or self.context[self.order[self.cursor]]

    @property
    def is_open(self) -> bool:
        return self.status != "STOPPED"

    def changed(self, **changes: Any) -> Player:
        """The player after a command that changes this, one revision on."""
        return self._replace(revision=self.revision + 1, **changes)

    def started(self, **changes: Any) -> Player:
        """The player at the start of another track, where a held session plays again."""
        return self.changed(status="PLAYING", position_ms=None, **changes)


class PlaybackModel(Model[Player]):
    """Commands and reads of one account.

    Where the outcome depends on what nobody was told, such as a shuffled order or whether a
    playing track is within its first seconds, each possibility is a state of its own.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        durations_ms: Mapping[str, int],
        initial: Player | None = None,
    ) -> None:
        """``operations`` is the whole history; ``durations_ms`` has every track of it.

        ``initial`` is the state before the history; None: nothing was ever played.
        """
        self._durations_ms = durations_ms
        self._initial = initial or Player()
        self._epochs: dict[str, int] = {}
        self._names: dict[int, str] = {}
        for each in operations:
            told = each.result
            if isinstance(told, Answer) and told.playback_id and told.epoch is not None:
                self._epochs.setdefault(told.playback_id, told.epoch)
                self._names.setdefault(told.epoch, told.playback_id)

    def initial(self) -> Player:
        return self._initial

    def step(self, state: Player, call: object, result: object | None) -> Iterable[Player]:
        if isinstance(result, Refused):
            return (state,) if self._can_refuse(state, call, result.reason) else ()
        after: Iterable[Player] = _STEPS[type(call)](self, state, call)
        if result is None:
            return after
        assert isinstance(result, Answer), result
        if isinstance(call, Stop) and not self._is(state, call.playback_id):
            # It tells of the session that was over, but for the revision.
            result = Answer(revision=result.revision)
        return [
            self._learnt(each, result)
            for each in after
            if each.revision == result.revision and self._tells(result, each)
        ]

    def progress(self, state: Player) -> int:
        return state.revision

    def latest(self, call: object, result: object) -> int | None:
        if not isinstance(result, Answer):
            return None
        return result.revision if isinstance(call, _MAY_CHANGE_NOTHING) else result.revision - 1

    def inert(self, call: object, result: object | None) -> bool:
        return isinstance(call, Get) or isinstance(result, Refused)

    def spent(self, state: Player, call: object) -> bool:
        named = getattr(call, "playback_id", None)
        return named is not None and self._epochs.get(named, state.epoch) < state.epoch

    def _tells(self, told: Answer, state: Player) -> bool:
        """Whether ``told`` is true of ``state``."""
        if told.epoch is not None and told.epoch != state.epoch:
            return False
        if state.epoch == 0:
            return told == Answer(revision=state.revision, epoch=0)
        if told.playback_id is not None and not self._is(state, told.playback_id):
            return False
        seen = (
            (told.status, state.status),
            (told.track_id, state.track_id),
            (told.device_id, state.device_id),
            (told.repeat, state.repeat),
            (told.shuffle, state.shuffle),
            (told.queue, state.queue),
            (
                told.position_ms,
                told.position_ms if state.position_ms is None else state.position_ms,
            ),
        )
        return all(value is None or value == held for value, held in seen)

    def _learnt(self, state: Player, told: Answer) -> Player:
        """``state`` with the position where it stands, once that is told."""
        if state.status == "PLAYING" or told.position_ms is None:
            return state
        return state._replace(position_ms=told.position_ms)

    def _is(self, state: Player, playback_id: str) -> bool:
        """Whether ``playback_id`` is the session of ``state``; one never told of may be any."""
        epoch = self._epochs.get(playback_id)
        if epoch is None:
            return state.epoch not in self._names
        return epoch == state.epoch and self._names[epoch] == playback_id

    def _takes(self, state: Player, call: object) -> bool:
        """Whether there is an open session and ``call`` is for it."""
        if not state.is_open:
            return False
        playback_id = getattr(call, "playback_id", None)
        return playback_id is None or self._is(state, playback_id)

    def _can_refuse(self, state: Player, call: object, reason: str) -> bool:
        if reason == SESSION_NOT_CURRENT:
            if isinstance(call, AddToQueue | EditQueue):
                return state.epoch == 0
            return not self._takes(state, call)
        if reason == NOT_FOUND and (named := getattr(call, "playback_id", None)) is not None:
            return named not in self._epochs
        if reason in (QUEUE_ENDED, SKIP_LIMIT_REACHED):
            follows = any(_following(state)) if state.is_open else False
            return state.is_open and follows == (reason == SKIP_LIMIT_REACHED)
        return True

    def _play(self, state: Player, call: Play) -> Iterator[Player]:
        shuffle = state.shuffle if call.shuffle is None else call.shuffle
        opened = state.started(
            epoch=state.epoch + 1,
            device_id=call.device_id,
            repeat=call.repeat or state.repeat,
            shuffle=shuffle,
            context=call.context,
        )
        if not call.context:
            yield opened._replace(order=(), cursor=0, apart=call.track_id)
            return
        indices = tuple(range(len(call.context)))
        start = 0 if call.track_id is None else call.context.index(call.track_id)
        if not shuffle:
            yield opened._replace(order=indices, cursor=start, apart=None)
            return
        for first in indices if call.track_id is None else [start]:
            yield opened._replace(order=(first,), cursor=0, apart=None)

    def _pause(self, state: Player, call: Pause) -> Iterator[Player]:
        if self._takes(state, call):
            yield state if state.status == "PAUSED" else state.changed(status="PAUSED")

    def _resume(self, state: Player, call: Resume) -> Iterator[Player]:
        if self._takes(state, call):
            playing = state.status == "PLAYING"
            yield state if playing else state.changed(status="PLAYING", position_ms=None)

    def _seek(self, state: Player, call: Seek) -> Iterator[Player]:
        if self._takes(state, call):
            position_ms = min(call.position_ms, self._durations_ms[state.track_id])
            yield state.changed(position_ms=None if state.status == "PLAYING" else position_ms)

    def _stop(self, state: Player, call: Stop | Expire) -> Iterator[Player]:
        if self._takes(state, call):
            yield state.changed(status="STOPPED")
        elif state.epoch:
            # A session that is over already stays so, and is answered with the present revision.
            yield state

    def _skip(self, state: Player, call: Skip) -> Iterator[Player]:
        if state.is_open:
            for changes in _following(state):
                yield state.started(**changes)

    def _previous(self, state: Player, call: Previous) -> Iterator[Player]:
        if not self._takes(state, call):
            return
        position_ms = state.position_ms
        cursor = _before(state)
        if position_ms is None or position_ms > RESTART_ABOVE_MS or cursor is None:
            yield state.started()
        if cursor is not None and (position_ms is None or position_ms <= RESTART_ABOVE_MS):
            yield state.started(apart=None, cursor=cursor)

    def _set_repeat(self, state: Player, call: SetRepeat) -> Iterator[Player]:
        if state.is_open:
            yield state if state.repeat == call.repeat else state.changed(repeat=call.repeat)

    def _set_shuffle(self, state: Player, call: SetShuffle) -> Iterator[Player]:
        if not state.is_open:
            return
        if state.shuffle == call.shuffle:
            yield state
        elif not state.context:
            yield state.changed(shuffle=call.shuffle)
        else:
            at = state.order[state.cursor]
            indices = tuple(range(len(state.context)))
            order, cursor = ((at,), 0) if call.shuffle else (indices, at)
            yield state.changed(shuffle=call.shuffle, order=order, cursor=cursor)

    def _add_to_queue(self, state: Player, call: AddToQueue) -> Iterator[Player]:
        if state.epoch:
            new, waiting = call.tracks, state.queue
            yield state.changed(queue=new + waiting if call.next else waiting + new)

    def _edit_queue(self, state: Player, call: EditQueue) -> Iterator[Player]:
        if state.epoch:
            # The same tracks are new entries all the same.
            changes = call.tracks or state.queue
            yield state.changed(queue=call.tracks) if changes else state

    def _transfer(self, state: Player, call: Transfer) -> Iterator[Player]:
        if not state.epoch:
            return
        plays = state.status == "PLAYING" if call.plays is None else call.plays
        status: Status = "PLAYING" if plays else "PAUSED"
        position_ms = None if plays else state.position_ms
        if state.device_id != call.device_id or not state.is_open:
            yield state.changed(
                epoch=state.epoch + 1,
                device_id=call.device_id,
                status=status,
                position_ms=position_ms,
            )
        elif status == state.status:
            yield state
        else:
            yield state.changed(status=status, position_ms=position_ms)

    def _get(self, state: Player, call: Get) -> Iterator[Player]:
        yield state


def _following(state: Player) -> Iterator[dict[str, Any]]:
    """What changes when the next track starts, for each that it may be; nothing at the end."""
    if state.queue:
        yield {"apart": state.queue[0], "queue": state.queue[1:]}
        return
    beyond = state.cursor + 1
    count = len(state.context)
    if beyond < len(state.order):
        yield {"apart": None, "cursor": beyond}
    elif beyond < count:
        for each in set(range(count)) - set(state.order):
            yield {"apart": None, "cursor": beyond, "order": (*state.order, each)}
    elif state.repeat == "CONTEXT" and not state.shuffle and count:
        yield {"apart": None, "cursor": 0}
    elif state.repeat == "CONTEXT":
        last = state.order[-1:]
        for each in range(count):
            if (each,) != last or count == 1:
                yield {"apart": None, "cursor": 0, "order": (each,)}


def _before(state: Player) -> int | None:
    """Where in the order of the context going back leads to; None where it cannot."""
    if not state.context:
        return None
    if state.apart is not None:
        return state.cursor
    if state.cursor == 0:
        around = state.repeat == "CONTEXT" and not state.shuffle
        return len(state.context) - 1 if around else None
    return state.cursor - 1


_MAY_CHANGE_NOTHING = (Get, Pause, Resume, Stop, SetRepeat, SetShuffle, EditQueue, Transfer)
_STEPS: Mapping[type[Any], Callable[[PlaybackModel, Player, Any], Iterable[Player]]] = {
    Play: PlaybackModel._play,
    Pause: PlaybackModel._pause,
    Resume: PlaybackModel._resume,
    Seek: PlaybackModel._seek,
    Stop: PlaybackModel._stop,
    Expire: PlaybackModel._stop,
    Skip: PlaybackModel._skip,
    Previous: PlaybackModel._previous,
    SetRepeat: PlaybackModel._set_repeat,
    SetShuffle: PlaybackModel._set_shuffle,
    AddToQueue: PlaybackModel._add_to_queue,
    EditQueue: PlaybackModel._edit_queue,
    Transfer: PlaybackModel._transfer,
    Get: PlaybackModel._get,
}
