"""Failures of experiments."""

from __future__ import annotations

from meshkit.faults import Aborted, AlreadyExists, FailedPrecondition, NotFound


class ExperimentExists(AlreadyExists):
    """The name belongs to another experiment, perhaps one that is over."""

    default_reason = "EXPERIMENT_EXISTS"

    def __init__(self, name: str) -> None:
        super().__init__("There is an experiment of that name.", metadata={"name": name})


class ExperimentState(FailedPrecondition):
    """The experiment is a draft, runs, or is over, where the call needs another state."""

    default_reason = "EXPERIMENT_STATE"

    def __init__(self, state: str) -> None:
        super().__init__(f"The experiment is {state}.", metadata={"state": state})


class ExperimentConflict(Aborted):
    """The experiment was changed since the version that the caller saw."""

    default_reason = "CONFLICT"

    def __init__(self, version: int) -> None:
        super().__init__(
            "The experiment was changed in between; read it again, then retry.",
            metadata={"version": str(version)},
        )


class LayerFull(FailedPrecondition):
    """The other experiments of the layer leave fewer users than were asked for."""

    default_reason = "LAYER_FULL"

    def __init__(self, layer: str, free_percent: float) -> None:
        super().__init__(
            f"{free_percent:g} % of the layer are free.",
            metadata={"layer": layer, "free_percent": f"{free_percent:g}"},
        )


class ParameterTaken(FailedPrecondition):
    """A running experiment of another layer serves the same differently."""

    default_reason = "PARAMETER_TAKEN"

    def __init__(self, parameter: str, experiment: str) -> None:
        super().__init__(
            "Another layer tries the same parameter.",
            metadata={"parameter": parameter, "experiment": experiment},
        )


class RampDown(FailedPrecondition):
    """The experiment has more users already, and nobody leaves one that runs."""

    default_reason = "RAMP_DOWN"

    def __init__(self, percent: float) -> None:
        super().__init__(
            f"The experiment has {percent:g} % already.", metadata={"percent": f"{percent:g}"}
        )


def unknown_experiment_error(name: str) -> NotFound:
    """The fault for an experiment that there is not."""
    return NotFound("There is no such experiment.", metadata={"resource": "experiment", "id": name})


def too_many_experiments_error(limit: int) -> FailedPrecondition:
    """The fault where as many experiments are kept as can be."""
    return FailedPrecondition(
        "There are as many experiments as can be kept.",
        reason="COLLECTION_FULL",
        metadata={"limit": str(limit)},
    )
