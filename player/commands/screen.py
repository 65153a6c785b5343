"""What a person sees while music plays: rung, buffer, throughput, position."""

from __future__ import annotations

from collections import deque

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from player.commands.keys import IDLE_KEYS, PLAYING_KEYS
from player.commands.terminal_text import clock
from player.domain.status import PlayerStatus

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HISTORY = 40


class Screen:
    """Renders statuses; remembers the last buffer levels for the sparkline."""

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self.notice = ""
        self._levels: deque[float] = deque(maxlen=_HISTORY)

    def render(self, title: str, artist: str, status: PlayerStatus) -> RenderableType:
        """The picture of one moment; title and artist safe to show."""
        self._levels.append(status.buffer_s)
        head = Text.assemble((title, "bold"), "  ", (artist, "dim"))
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            clock(status.position_ms),
            ProgressBar(total=max(status.duration_ms, 1), completed=status.position_ms, width=48),
            clock(status.duration_ms),
            Text(status.state.value.lower(), style="dim"),
        )
        facts = Table.grid(padding=(0, 2))
        facts.add_row(
            Text(f"rung {status.rung_kbps or '-'} kbps {status.codec}"),
            Text(f"link {_rate(status.throughput_kbps)}"),
            Text(f"underruns {status.underruns}"),
        )
        buffered = Text(f"buffer {status.buffer_s:5.1f} s  {self._sparkline()}")
        return Group(head, bar, facts, buffered, self._foot(PLAYING_KEYS))

    def render_idle(self, name: str) -> RenderableType:
        """The picture while nothing plays; the name of the device safe to show."""
        return Group(Text(name, style="bold"), self._foot(IDLE_KEYS))

    def _foot(self, keys: str) -> RenderableType:
        """The keys that do something now, what the sound comes out of, what happened last."""
        lines = [line for line in (keys, self._sink, self.notice) if line]
        return Text("\n".join(lines), style="dim")

    def _sparkline(self) -> str:
        top = max(*self._levels, 1.0) if len(self._levels) > 1 else max(self._levels[0], 1.0)
        return "".join(_BLOCKS[round(level / top * (len(_BLOCKS) - 1))] for level in self._levels)


def line(status: PlayerStatus) -> str:
    """One moment in a line, where there is no terminal to draw on."""
    state = status.state.value.lower()
    return (
        f"{clock(status.position_ms)} / {clock(status.duration_ms)}  {state:<9}"
        f" rung {status.rung_kbps:>3} kbps  buffer {status.buffer_s:6.1f} s"
        f"  link {_rate(status.throughput_kbps)}  underruns {status.underruns}"
    )


def _rate(kbps: float | None) -> str:
    if kbps is None:
        return "-"
    return f"{kbps / 1000:.1f} Mbit/s" if kbps >= 1000 else f"{kbps:.0f} kbit/s"
