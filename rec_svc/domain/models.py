"""What is known of a model beside its factors, and which one serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from meshkit.faults import FailedPrecondition


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What is told of a model; all times are Unix milliseconds.

    ``from_ms`` to ``until_ms`` is the time of the events that it was learnt from, ``configuration``
    names what it was trained with (two of the same differ in data and seed alone). ``metrics`` are
    by name on what was kept back, ``split`` says how that was chosen. ``passed`` and ``verdict``
    are the gate's.
    """

    model_id: str
    training_id: str
    created_at_ms: int
    trainer: str
    configuration: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    code_version: str = ""
    split: str = ""
    from_ms: int = 0
    until_ms: int = 0
    listeners: int = 0
    tracks: int = 0
    pairs: int = 0
    size_bytes: int = 0
    sha256: str = ""
    fit_s: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    passed: bool = False
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """That a model serves, by ``revision``; ``back_to`` is the revision a rollback went back to."""

    revision: int
    model_id: str
    promoted_at_ms: int
    promoted_by: str
    back_to: int | None = None


def model_before(history: Sequence[Promotion]) -> Promotion:
    """What a rollback goes back to: what served before the newest of ``history`` (newest first).

    A rollback of a rollback goes one further back, and what was taken back is never gone back to.
    Raises FailedPrecondition (NO_EARLIER_MODEL).
    """
    standing: list[Promotion] = []
    for one in reversed(history):
        if one.back_to is None:
            if not standing or standing[-1].model_id != one.model_id:
                standing.append(one)
        else:
            standing = [earlier for earlier in standing if earlier.revision <= one.back_to]
    if len(standing) < 2:
        raise no_earlier_model_error()
    return standing[-2]


def no_earlier_model_error() -> FailedPrecondition:
    """There is nothing to go back to."""
    return FailedPrecondition("No earlier model has served.", reason="NO_EARLIER_MODEL")
