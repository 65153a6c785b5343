"""What a device shows while it plays: a live screen on a terminal, lines elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from meshkit.faults import Fault
from player.commands.keys import keys
from player.commands.screen import Screen, line
from player.commands.terminal_text import plain
from player.device.device import Device, Ended, Showing
from player.device.link import Description, DeviceLink, LinkEnd
from player.device.memory import DeviceMemory
from player.device.own_commands import OwnCommands
from player.domain.status import PlayerStatus
from player.mesh_client import MeshClient

_STEP_MS = 10_000
_FAREWELL_S = 3.0


class Stage:
    """Shows one device, and remembers what was heard of each track."""

    def __init__(self, console: Console, sink: str, idle: str = "", shown_keys: str = "") -> None:
        self._console = console
        self._idle = idle
        self._shown: tuple[Any, ...] = ()
        self._player_status: list[tuple[str, PlayerStatus]] = []
        self._live: Live | None = None
        self.screen = Screen(sink, *([shown_keys] if shown_keys else []))

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
        if self._live is None:
            self._console.print(plain(words), markup=False, soft_wrap=True)

    def show(self, showing: Showing | None) -> None:
        """One moment; None: nothing plays."""
        if showing is None:
            if self._live is not None:
                idle = Group(Text(self._idle, style="bold"), self.screen.foot())
                self._live.update(idle, refresh=True)
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
        if kept and kept[-1][0] == showing.play:
            kept[-1] = (showing.play, showing.status)
        else:
            kept.append((showing.play, showing.status))

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


async def obey_keys(client: MeshClient, device: Device, tell: Callable[[str], None]) -> bool:
    """Does what the keys say until q stops the session; False where there are no keys."""
    commands = OwnCommands(client, device)
    async for key in keys():
        try:
            if key == "quit":
                await device.stop()
                return True
            if device.player is not None and device.playing:
                await _press(commands, key, device.player.status())
        except Fault as fault:
            tell(fault.message)
    return False


async def _press(commands: OwnCommands, key: str, status: PlayerStatus) -> None:
    if key == "pause":
        await (commands.resume() if status.state.value == "PAUSED" else commands.pause())
    elif key == "next":
        await commands.skip()
    elif key == "previous":
        await commands.previous()
    else:
        steps = {"forward": status.position_ms + _STEP_MS, "back": status.position_ms - _STEP_MS}
        await commands.seek(steps.get(key, 0))
