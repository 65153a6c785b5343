"""One device: equal to the user's playback, whether told from elsewhere or by its own person.

Commands of its own person go to the service first, which is the truth, then to the ear.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from segue.device.v1 import device_pb2

from meshkit.faults import Fault
from player.deck import Deck
from player.device.calls import Calls, CannotGoOn
from player.device.plan import (
    Action,
    Known,
    Load,
    Motion,
    Pause,
    Resume,
    Seek,
    Target,
    follows,
    plan,
    silenced,
)
from player.device.session import Session
from player.device.sound import first_sound, last_sound
from player.device.targets import Order, Track, of_command, of_held, of_playback, of_start
from player.device.words import detail_of, words_of_end, words_of_limit
from player.domain.status import PlayerStatus
from player.engine import Player
from player.errors import PlayerError
from player.mesh_client import MeshClient

_STATUS = device_pb2.Command.Status
_KIND = device_pb2.Command.Kind
_AGAIN_S = 0.2
_ADDRESS_TRIES = 5


@dataclass(frozen=True, slots=True)
class Ended:
    """Why nothing plays any more: a reason of SessionEnd or FAILED, and words for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Showing:
    """What plays, for a screen. ``load`` counts what this device has loaded so far."""

    load: int
    track: Track
    status: PlayerStatus


class CannotObey(Exception):
    """A command cannot be obeyed; the text says why, for people."""


def _ignore(_words: str) -> None:
    return


class Device:
    """Plays on a deck what the user's playback says. ``tell`` gets a line for each event."""

    def __init__(
        self,
        client: MeshClient,
        deck: Deck,
        device_id: str,
        tell: Callable[[str], None] = _ignore,
    ) -> None:
        self._client = client
        self._calls = Calls(client)
        self._tell = tell
        self._steering = asyncio.Lock()
        self._session: Session | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()
        self.deck = deck
        self.device_id = device_id
        self.known = Known()
        self.track = Track()
        self._loads = 0
        self.player: Player | None = None
        self.ended: Ended | None = None
        self.failure: PlayerError | None = None

    @property
    def playing(self) -> bool:
        """Whether a session is here, going on or held."""
        return self.known.motion is not Motion.SILENT

    async def obey(self, command: Any) -> Any:
        """Makes the device equal to a Command's target, or sets its volume; the Applied to tell."""
        if command.kind == _KIND.VOLUME:
            self.deck.set_volume(command.volume_percent)
            self._tell(f"volume {command.volume_percent} %")
            return device_pb2.Applied(number=command.number, status=_STATUS.DONE)
        try:
            reached = await self.become(of_command(command, self.device_id))
            # So that what fails at once is told as failed.
            if self.player is not None and self.playing:
                await first_sound(self.player)
        except (CannotObey, Fault, PlayerError) as error:
            self._tell(f"could not obey: {error}")
            detail = detail_of(error)
            return device_pb2.Applied(number=command.number, status=_STATUS.FAILED, detail=detail)
        status = _STATUS.DONE if reached else _STATUS.SUPERSEDED
        return device_pb2.Applied(number=command.number, status=status)

    async def greet(self, welcome: Any) -> None:
        """Becomes equal to what a Welcome says, if it is newer than what is known."""
        if not welcome.HasField("playback"):
            return
        stream = welcome.stream if welcome.HasField("stream") else None
        here = self.player.status().position_ms if self.player and self.playing else None
        order = of_playback(welcome.playback, stream, self.device_id, here_at_ms=here)
        try:
            await self.become(order)
        except (CannotObey, Fault, PlayerError) as error:
            self._tell(f"could not take up what plays: {error}")

    async def become(self, order: Order) -> bool:
        """Makes the device equal to a target; False where it knew a newer one.

        Raises CannotObey, a Fault or a PlayerError where that is not possible; it is silent then.
        """
        async with self._steering:
            step = plan(self.known, order.target)
            if step.superseded:
                return False
            if self._session is not None and step.known.playback_id == self._session.playback_id:
                self._session.version = step.known.version
            try:
                for action in step.actions:
                    await self._do(action, order)
            except (CannotObey, Fault, PlayerError) as error:
                self.known, self.ended = step.known, Ended("FAILED", str(error))
                await self._silence()
                raise
            self.known = step.known
            self._changed()
            return True

    async def _do(self, action: Action, order: Order) -> None:
        player = self.player
        # A track that has just come to its end cannot be moved any more.
        over = player is None or (isinstance(action, Seek) and player.status().state.final)
        if player is None or over or isinstance(action, Load):
            await self._load(order)
        elif isinstance(action, Seek):
            await player.seek(action.position_ms)
            self._watch_again(player)
            self._tell(f"at {action.position_ms // 1000} s")
        elif isinstance(action, Pause):
            player.pause()
            self._tell("paused")
        elif isinstance(action, Resume):
            player.resume()
            if player.status().state.final:  # Held at its end, it goes on with what follows.
                self._watch_again(player)
            self._tell("goes on")
        else:
            await self._let_finish(player, order.ended_by)
            await self._silence(Ended(order.ended_by or "TAKEN_OVER", words_of_end(order)))

    async def _load(self, order: Order) -> None:
        paused = order.target.motion is Motion.PAUSED
        url = order.stream_url
        if not url and paused:
            raise CannotObey("no address of the track was given")
        url = url or await self._address(order.target.playback_id)
        if not self._join(order):
            await self._take_off()
        session = self._session_of(order.target)
        self.player = player = self.deck.player(self._fresh_address, session.next_track())
        self._loads += 1
        self.track, self.ended, self.failure = order.track, None, None
        await player.play(url, position_ms=order.target.position_ms, paused=paused)
        self._watch_again(player)
        self._tell(f"{'holds' if paused else 'plays'} {order.track.title} — {order.track.artist}")

    def _session_of(self, target: Target) -> Session:
        """The heartbeats of the target's session: those that run, or new ones for a new session."""
        if self._session is None or self._session.playback_id != target.playback_id:
            self._leave_session()
            self._session = Session(
                self._client,
                target.playback_id,
                self.device_id,
                target.version,
                self._on_session_end,
                self.deck.speed,
            )
        return self._session

    def _leave_session(self) -> None:
        if self._session is not None:
            self._background(self._session.close())
            self._session = None

    def _join(self, order: Order) -> bool:
        """Whether the track before may be heard to its end while the next one is loaded."""
        player, target = self.player, order.target
        natural = target.position_ms == 0 and target.motion is Motion.PLAYING
        same = self._session is not None and self._session.playback_id == target.playback_id
        if player is None or not (natural and same and self.deck.joins and player.at_end):
            return False
        self._background(player.close_at_end())
        return True

    async def _let_finish(self, player: Player | None, ended_by: str) -> None:
        """The last track of all is heard to its end, by whatever its session's end is told."""
        if ended_by == "FINISHED" and player is not None and player.at_end:
            await last_sound(player)

    def _watch_again(self, player: Player) -> None:
        watching, self._watching = self._watching, asyncio.create_task(self._watch(player))
        if watching is not None and watching is not asyncio.current_task():
            watching.cancel()

    async def _take_off(self) -> None:
        """Nothing is played; the session and its heartbeats stay."""
        watching, self._watching = self._watching, None
        if watching is not None and watching is not asyncio.current_task():
            watching.cancel()
        player, self.player = self.player, None
        if player is not None:
            if self._session is not None:
                self._session.mute()
            await player.close()

    async def _silence(self, ended: Ended | None = None) -> None:
        self.known = silenced(self.known)
        self.ended = ended or self.ended
        player = self.player
        await self._take_off()
        self.player = player
        self._leave_session()
        if ended is not None:
            self._tell(ended.message)
        self._changed()

    def _on_session_end(self, playback_id: str, reason: str, message: str) -> None:
        """The service takes no more beats of a session; one that plays here is over."""

        async def end() -> None:
            async with self._steering:
                if not self.playing or self.known.playback_id != playback_id:
                    return
                with contextlib.suppress(PlayerError):
                    await self._let_finish(self.player, reason)
                await self._silence(Ended(reason, message or reason))

        self._background(end())

    async def _watch(self, player: Player) -> None:
        """Waits for the end of a track, and moves on."""
        try:
            await (player.nearly_over() if self.deck.joins else player.wait())
            while self.known.motion is Motion.PAUSED and not player.status().state.final:
                await self._change.wait()
        except PlayerError as error:
            await self._give_up(error)
            return
        if player.at_end:
            await self._move_on()

    async def _move_on(self) -> None:
        known, session = self.known, self._session
        if session is None:
            return
        try:
            answer = await self._calls.advance(
                known.playback_id, known.play_id, session.reporter.settled
            )
            await self.take(of_start(answer))
        except CannotGoOn as refusal:
            # Whoever ended the session tells the mailbox; without one this is how it ends.
            async with self._steering:
                if self.known == known:
                    await self._silence(Ended(refusal.reason, refusal.message))
        except (CannotObey, Fault, PlayerError) as error:
            if not isinstance(error, Fault) or error.reason != "SKIP_LIMIT_REACHED":
                await self._abandon(str(error))
            elif self.known == known:
                await self._hold(error)

    async def _hold(self, limit: Fault) -> None:
        """The track was hardly heard and no skips are left: held at its end, to go on later."""
        known, player = self.known, self.player
        try:
            if player is not None:
                await last_sound(player)
            answer = await self._calls.command("Pause", known.playback_id)
            await self.take(of_held(answer, known, self.track))
        except (CannotObey, Fault, PlayerError) as error:
            await self._abandon(str(error))
        else:
            self._tell(words_of_limit(limit))

    async def _give_up(self, error: PlayerError) -> None:
        """The music broke: the session must not look as if it went on."""
        self.failure = error
        await self._abandon(error.message)

    async def _abandon(self, words: str) -> None:
        playback_id = self.known.playback_id
        async with self._steering:
            await self._silence(Ended("FAILED", words))
        with contextlib.suppress(Fault):
            await self._calls.command("Stop", playback_id)

    async def _fresh_address(self, _position_ms: int) -> str:
        """For a player whose address has expired: one that is held waits until it goes on."""
        for _ in range(_ADDRESS_TRIES):
            while self.known.motion is not Motion.PLAYING:
                await self._change.wait()
            known = self.known
            try:
                answer = await self._calls.resume(known.playback_id)
            except CannotGoOn as refusal:
                # Its addresses were taken back with it. The player that asks is closed by its end.
                self._on_session_end(known.playback_id, refusal.reason, refusal.message)
                await asyncio.Event().wait()
            # With another revision it may be the address of another track, soon to be loaded here.
            if answer.revision == self.known.version.revision:
                break
            await asyncio.sleep(_AGAIN_S)
        return str(answer.stream_url)

    async def _address(self, playback_id: str) -> str:
        return str((await self._calls.command("Resume", playback_id)).stream_url)

    async def adopt(self, answer: Any) -> None:
        """Plays what the answer of Play, Skip, Previous or Advance offers."""
        await self.take(of_start(answer))

    async def take(self, order: Order) -> None:
        """Becomes equal to the answer to a command of its own, if nothing else comes first."""
        if follows(self.known, order.target):
            await self.become(order)

    async def stop(self) -> None:
        """Ends the session, if one is here."""
        playback_id = self.known.playback_id
        async with self._steering:
            was_playing = self.playing
            await self._silence()
        if was_playing:
            await self._calls.command("Stop", playback_id)

    async def watch(self, interval_s: float = 0.25) -> AsyncIterator[Showing | None]:
        """What plays, at every change and interval; None at every change while nothing does."""
        while True:
            change, player = self._change, self.player
            if not self.playing:
                yield None
            # Without a player it is between two tracks, which is not the end of anything.
            if not self.playing or player is None:
                await change.wait()
                continue
            load, track = self._loads, self.track
            async for status in player.watch(interval_s):
                yield Showing(load, track, status)
                if self.player is not player or not self.playing:
                    break
            else:
                await change.wait()

    async def leave(self, ended: Ended) -> None:
        """Silence, without telling the service: it has told this device that it is over."""
        async with self._steering:
            await self._silence(ended)

    async def close(self) -> None:
        """Stops the sound, without telling the service, and lets the last beats out."""
        async with self._steering:
            await self._silence()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
