"""The commands of playback, as more than one caller needs them."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.usecases.playback.add_to_queue import AddToQueue
from playback_svc.usecases.playback.advance import Advance
from playback_svc.usecases.playback.edit_queue import EditQueue
from playback_svc.usecases.playback.get_playback import GetPlayback
from playback_svc.usecases.playback.get_queue import GetQueue
from playback_svc.usecases.playback.move_in_queue import MoveInQueue
from playback_svc.usecases.playback.pause import Pause
from playback_svc.usecases.playback.play import Play
from playback_svc.usecases.playback.previous import Previous
from playback_svc.usecases.playback.remove_from_queue import RemoveFromQueue
from playback_svc.usecases.playback.resume import Resume
from playback_svc.usecases.playback.seek import Seek
from playback_svc.usecases.playback.set_repeat import SetRepeat
from playback_svc.usecases.playback.set_shuffle import SetShuffle
from playback_svc.usecases.playback.skip import Skip
from playback_svc.usecases.playback.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackCases:
    """The use cases of PlaybackService, each by its call; devices are told by them, too."""

    play: Play
    pause: Pause
    resume: Resume
    seek: Seek
    stop: Stop
    get_playback: GetPlayback
    skip: Skip
    previous: Previous
    advance: Advance
    set_shuffle: SetShuffle
    set_repeat: SetRepeat
    get_queue: GetQueue
    edit_queue: EditQueue
    add_to_queue: AddToQueue
    remove_from_queue: RemoveFromQueue
    move_in_queue: MoveInQueue
