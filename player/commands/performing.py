"""What a device shows while it plays: a live screen on a terminal, lines elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.live import Live

from meshkit.faults import Fault
from player.commands.keys import keys
from player.commands.screen import Screen, line
from player.commands.terminal_text import plain
from player.device.device import CannotObey, Device, Ended, Showing
from player.device.link import Description, DeviceLink, LinkEnd
from player.device.memory import DeviceMemory
from player.device.own_commands import OwnCommands
from player.device.plan import Motion
from player.domain.status import PlayerStatus
from player.errors import PlayerError
from player.mesh_client import MeshClient

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STEP_MS = 10_000
_FAREWELL_S = 3.0


class Stage:
    """Shows one device, and remembers what was heard of each track."""

    def __init__(self, console: Console, sink: str, idle: str = "") -> None:
        self._console = console
        self._idle = idle
        self._shown: tuple[Any, ...] = ()
        self._player_status: list[tuple[int, PlayerStatus]] = []
        self._live: Live | None = None
        self._resting = False
        self.screen = Screen(sink)

    @contextlib.contextmanager
    def lit(self) -> Any:
        """Draws on the terminal, where there is one, until left."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def tell(self, words: str) -> None:
        """An event: at the foot of the screen, or a line."""
        self.screen.notice = plain(words)
        if self._resting:
            self.show(None)
        if self._live is None:
            self._console.print(plain(words), markup=False, soft_wrap=True)

    def show(self, showing: Showing | None) -> None:
        """One moment; None: nothing plays."""
        self._resting = showing is None
        if showing is None:
            if self._live is not None:
                self._live.update(self.screen.render_idle(self._idle), refresh=True)
            return
        self._remember(showing)
        track, status = showing.track, showing.status
        if self._live is not None:
            picture = self.screen.render(plain(track.title), plain(track.artist), status)
            self._live.update(picture, refresh=True)
        elif self._shown != (status.state, status.rung_kbps):
            self._shown = (status.state, status.rung_kbps)
            self._console.print(line(status), markup=False, soft_wrap=True)

    def _remember(self, showing: Showing) -> None:
        kept = self._player_status
        if kept and kept[-1][0] == showing.load:
            kept[-1] = (showing.load, showing.status)
        else:
            kept.append((showing.load, showing.status))

    @property
    def status(self) -> PlayerStatus:
        """The last status, with what was counted over all tracks."""
        return combined([status for _, status in self._player_status])

    @property
    def heard_ms(self) -> int:
        """How far the tracks were played in all."""
        return sum(status.position_ms for _, status in self._player_status)


def combined(statuses: Sequence[PlayerStatus]) -> PlayerStatus:
    """The last of them, with the counts of all and the start latency of the first."""
    if not statuses:
        return PlayerStatus()
    rungs: dict[int, float] = {}
    for status in statuses:
        for kbps, seconds in status.rung_seconds.items():
            rungs[kbps] = rungs.get(kbps, 0.0) + seconds
    return replace(
        statuses[-1],
        rung_seconds=rungs,
        switches=sum(status.switches for status in statuses),
        underruns=sum(status.underruns for status in statuses),
        bytes_fetched=sum(status.bytes_fetched for status in statuses),
        refreshes=sum(status.refreshes for status in statuses),
        start_latency_ms=statuses[0].start_latency_ms,
    )


class Interruption:
    """Whether Ctrl-C or SIGTERM has asked for the end; a second one ends the program hard."""

    def __init__(self) -> None:
        self.exit_status = 0

    async def wait(self) -> None:
        """Returns when the end was asked for; meanwhile signals are taken so."""
        loop, asked = asyncio.get_running_loop(), asyncio.Event()

        def ask(number: int) -> None:
            self.exit_status = 128 + number
            asked.set()

        for number in _ENDING_SIGNALS:
            loop.add_signal_handler(number, ask, number)
        try:
            await asked.wait()
        finally:
            for number in _ENDING_SIGNALS:
                loop.remove_signal_handler(number)


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Does all of them until the first one ends; raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        over, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in over:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def linked(
    client: MeshClient,
    device: Device,
    description: Description,
    tell: Callable[[str], None] = lambda _words: None,
) -> AsyncIterator[asyncio.Task[LinkEnd]]:
    """Obeys commands from elsewhere until left, or until the task is done; it says why."""
    memory = DeviceMemory(client.device_folder, client.username, device.device_id)
    link = DeviceLink(client, device, description, memory, tell)

    async def hold() -> LinkEnd:
        end = await link.run()
        await device.leave(Ended(end.reason, end.message))
        return end

    task = asyncio.create_task(hold(), name="device link")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def leave_quietly(device: Device) -> None:
    """Ends the session of a device that goes; a mesh that has gone before it notices by itself."""
    with contextlib.suppress(Fault, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await device.stop()


async def quit_by_key(client: MeshClient, device: Device, tell: Callable[[str], None]) -> None:
    """Does what the keys say, and returns at q; never where there are no keys."""
    commands = OwnCommands(client, device)
    task = asyncio.current_task()
    async for key in keys():
        if key == "quit":
            return
        try:
            if device.playing:
                await _press(commands, key, device)
        except (Fault, CannotObey, PlayerError) as error:
            # gRPC may take the cancellation of this task for one of its call.
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from error
            tell(str(error))
    await asyncio.Event().wait()


async def _press(commands: OwnCommands, key: str, device: Device) -> None:
    if key == "pause":
        held = device.known.motion is Motion.PAUSED
        await (commands.resume() if held else commands.pause())
    elif key == "next":
        await commands.skip()
    elif key == "previous":
        await commands.previous()
    elif device.player is not None:
        here_ms = device.player.status().position_ms
        steps = {"forward": here_ms + _STEP_MS, "back": here_ms - _STEP_MS}
        await commands.seek(steps.get(key, 0))
