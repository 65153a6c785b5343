"""The ``segue`` command in this process: one of its own would start for longer than it runs."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from player.cli import build


def run_here(
    words: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What the command says, and its exit status; not from within a running event loop."""
    out, err = _text(), _text()
    with _environment(environment), redirect_stdout(out), redirect_stderr(err):
        try:
            status = build(words)(words)
        except SystemExit as exit_:
            status = exit_.code
    return subprocess.CompletedProcess(words, int(status or 0), _said(out), _said(err))


def _text() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _said(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
