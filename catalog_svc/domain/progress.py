"""How files move through a run, and what each move adds to its counts."""

from __future__ import annotations

from dataclasses import replace

from catalog_svc.domain.imports import (
    Counts,
    FileState,
    ScannedFile,
    Source,
    SourceState,
    Stamp,
)
from meshkit.ulids import new_id

_UNREAD = Stamp(0, 0, 0)
_STATE_OF = {
    SourceState.PENDING: FileState.PENDING,
    SourceState.PLAYABLE: FileState.PLAYABLE,
    SourceState.COMPLETE: FileState.UNCHANGED,
    SourceState.DUPLICATE: FileState.UNCHANGED,
    SourceState.FAILED: FileState.FAILED,
}


def state_of(source: Source) -> FileState:
    """What a file is to a new run whose source did not change since the last one."""
    return _STATE_OF[source.state]


def count_transition(state: FileState, was: FileState | None = None) -> Counts:
    """What a file's move from one state to another adds, ``found`` and length aside."""
    was_playable = was in (FileState.PLAYABLE, FileState.COMPLETE)
    is_playable = state in (FileState.PLAYABLE, FileState.COMPLETE)
    return Counts(
        unchanged=int(state is FileState.UNCHANGED),
        duplicate=int(state is FileState.DUPLICATE),
        playable=int(is_playable and not was_playable),
        complete=int(state is FileState.COMPLETE),
        failed=int(state is FileState.FAILED),
    )


def count_reopening(was: FileState) -> Counts:
    """What a settled file adds, or rather takes back, when work on it begins again."""
    return Counts(
        unchanged=-int(was is FileState.UNCHANGED), duplicate=-int(was is FileState.DUPLICATE)
    )


def classify(file: ScannedFile, source: Source | None) -> tuple[FileState, Source | None]:
    """What ``file`` is to its run, and its source from now on.

    ``source`` is what the path has been so far. A new source with a track's id brings a new
    track; None is a refusal that nobody remembers.
    """
    stamp = file.stamp or _UNREAD
    if file.reason:
        return FileState.FAILED, _refused(file, source, stamp)
    if source is None:
        audio_ms = file.tags.duration_ms if file.tags else 0
        track_id = new_id() if file.tags else ""
        new = Source(new_id(), file.path, stamp, SourceState.PENDING, track_id, "", audio_ms)
        return FileState.PENDING, new
    if source.stamp == stamp:
        return state_of(source), source
    return FileState.PENDING, replace(source, stamp=stamp, state=SourceState.PENDING, reason="")


def _refused(file: ScannedFile, source: Source | None, stamp: Stamp) -> Source | None:
    if not file.remember:
        return None
    if source is None:
        return Source(new_id(), file.path, stamp, SourceState.FAILED, "", file.reason, 0)
    return replace(source, stamp=stamp, state=SourceState.FAILED, reason=file.reason)
