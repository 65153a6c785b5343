"""The lines of a page that a reader types, and a shell in which they are typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"\s+# .*$")
_MARK = "--said-and-done--"


def lines_of(page: Path) -> list[str]:
    """The commands of a page in their order, without comments; one that goes on is one."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = re.sub(r" *\\\n *", " ", "".join(blocks)).splitlines()
    return [_COMMENT.sub("", line) for line in lines if line]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command wrote, to both of its streams, and its status."""

    status: int
    text: str


class Shell:
    """A shell that stays: what a line exports and where it goes to holds for the next one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def run(self, line: str) -> Said:
        """Runs a line whose input is empty."""
        self._stdin.write(f"{{ {line}\n}} </dev/null 2>&1; printf '\\n{_MARK} %d\\n' $?\n")
        self._stdin.flush()
        written = []
        for each in self._stdout:
            if each.startswith(_MARK):
                return Said(int(each.split()[1]), "".join(written).strip())
            written.append(each)
        raise AssertionError(f"the shell left at {line!r}: {''.join(written)}")


@contextmanager
def shell(folder: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """A shell that begins in ``folder``."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        ["bash"],
        cwd=folder,
        env=dict(environment),
        stdin=pipe,
        stdout=pipe,
        text=True,
        encoding="utf-8",
    ) as process:
        yield Shell(process)
