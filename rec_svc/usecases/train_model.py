"""A training's job: what was heard becomes a model, which serves if the gate lets it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import numpy as np
import structlog

from meshkit import telemetry
from meshkit.background import ended
from meshkit.clock import instant_of_ms, now_ms
from rec_svc.domain.interactions import Heard, Size, TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.models import ModelInfo, Promotion
from rec_svc.domain.popularity import popularity
from rec_svc.domain.search import Trial
from rec_svc.domain.trainings import Training, checkpoint_of
from rec_svc.ports.events import Events
from rec_svc.ports.models import ModelArtefacts, Models, UnreadableModelError
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.ports.trainer import Trainer
from rec_svc.ports.trainings import Trainings
from rec_svc.usecases.gather_heard import TooMuchHeardError, gather_heard
from rec_svc.usecases.learning import Learned, Plan, Serving, learn, needs_bytes

PROMOTED_BY_GATE = "gate"
_REPORT_S = 0.5
_PROMOTION_TRIES = 3

_log = structlog.get_logger("training")
_duration = telemetry.gauge(
    "rec_training_seconds", "How long the last training took, from its first event to its verdict."
)
_gated = telemetry.counter(
    "rec_models_judged", "Models that were judged, by the gate's verdict.", ["verdict"]
)
_ndcg = telemetry.gauge(
    "rec_model_ndcg", "NDCG@10 of the model that was judged last, and of what it stood beside.",
    ["of"],
)  # fmt: skip
_coverage = telemetry.gauge("rec_model_coverage", "Coverage@10 of the model that was judged last.")


@dataclass(frozen=True, slots=True)
class TrainingLimits:
    """``memory_bytes`` a training may take, how many ``trials`` a search has, ``days`` it reads."""

    memory_bytes: int
    trials: int
    days: int
    code_version: str


class _StoppedError(Exception):
    """The worker is told to stop; its thread ends where it next tells how far it is."""


@dataclass
class _Told:
    """How far the thread is; what the loop reads and reports."""

    trials: list[Trial]
    stage: str = "reading what was heard"
    progress: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)

    def __call__(self, stage: str, progress: float) -> None:
        if self.stopped.is_set():
            raise _StoppedError
        self.stage, self.progress = stage, progress


class TrainModel:
    """The job ``train``: may be begun again after a kill at any point.

    Then the same events are read, parameters that were tried are not tried again, and the model has
    the training's id, so that there is one of a training.
    """

    def __init__(
        self,
        *,
        trainings: Trainings,
        events: Events,
        tracks: Tracks,
        models: Models,
        artefacts: ModelArtefacts,
        trainers: Mapping[str, Trainer],
        limits: TrainingLimits,
    ) -> None:
        self._trainings = trainings
        self._events = events
        self._tracks = tracks
        self._models = models
        self._artefacts = artefacts
        self._trainers = trainers
        self._limits = limits

    async def __call__(self, training_id: str) -> None:
        """Raises Unavailable; what is wrong with the data ends the training as FAILED."""
        training = await self._trainings.get(training_id)
        if training is None or training.finished:
            return
        began_ms = now_ms()
        told = _Told(training.trials())
        reporting = asyncio.create_task(self._report_forever(training_id, told))
        try:
            await self._train(training, told)
            _duration.set((now_ms() - began_ms) / 1000)
        except (TooMuchHeardError, MemoryError):
            bound = self._limits.memory_bytes // 2**20
            await self._fail(
                training_id, f"It would take more memory than the {bound} MiB allowed."
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            await self._fail(training_id, str(error))
        finally:
            told.stopped.set()
            await ended(reporting)

    async def _train(self, training: Training, told: _Told) -> None:
        info = await self._models.get(training.training_id)
        if info is None:
            since = instant_of_ms(training.until_ms) - timedelta(days=self._limits.days)
            heard = await gather_heard(
                self._events, since.date(), training.until_ms, self._limits.memory_bytes
            )
            serving = await self._serving()
            learned = await self._learn(heard, training, serving, told)
            info = await self._keep(training, heard, learned)
        if info.passed:
            await self._promote(info.model_id)
        await self._trainings.finish(training.training_id, model_id=info.model_id)
        _log.info("model judged", model_id=info.model_id, passed=info.passed, why=info.verdict)

    async def _learn(
        self, heard: Heard, training: Training, serving: Serving | None, told: _Told
    ) -> Learned:
        """Learns in a thread, which ends before this does."""
        limits = self._limits
        plan = Plan(
            training.trainer,
            self._trainers,
            training.seed,
            limits.trials,
            training.search_parameters,
        )
        if needs_bytes(Size.of(heard), plan.members) > limits.memory_bytes:
            raise TooMuchHeardError
        compute = partial(
            learn, heard, training.until_ms, plan, serving, done=told.trials, tell=told
        )
        learning = asyncio.create_task(asyncio.to_thread(compute))
        try:
            return await asyncio.shield(learning)
        except asyncio.CancelledError:
            told.stopped.set()
            await asyncio.wait((learning,))
            learning.exception()
            raise

    async def _serving(self) -> Serving | None:
        """The model that serves; None where none does, or it cannot be read any more."""
        for one in await self._models.promotions(1):
            info = await self._models.get(one.model_id)
            if info is None:
                return None
            try:
                model = await self._artefacts.load(info.model_id, info.sha256)
            except UnreadableModelError:
                return None
            return Serving(model, info.until_ms, info.trainer, info.configuration, info.parameters)
        return None

    async def _keep(self, training: Training, heard: Heard, learned: Learned) -> ModelInfo:
        """Stores the artefact and then what is known of it: never a model that is half there."""
        data = learned.data
        model = Model(
            model_id=training.training_id,
            trained_at_ms=now_ms(),
            tracks=data.tracks,
            artists=await self._artists(data.tracks),
            popularity=popularity(data.matrix),
            scorer=learned.scorer,
            calibration=learned.calibration,
        )
        stored = await self._artefacts.put(model)
        info = ModelInfo(
            model_id=model.model_id,
            training_id=training.training_id,
            created_at_ms=model.trained_at_ms,
            trainer=training.trainer,
            configuration=learned.configuration,
            parameters=learned.parameters,
            seed=training.seed,
            code_version=self._limits.code_version,
            split=learned.split,
            from_ms=int(heard.at_ms.min()),
            until_ms=learned.until_ms,
            listeners=len(data.users),
            tracks=len(data.tracks),
            pairs=data.pairs,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            fit_s=learned.fit_s,
            metrics=learned.metrics,
            passed=learned.verdict.passed,
            verdict=learned.verdict.reason,
        )
        await self._models.add(info)
        _tell_metrics(info)
        return info

    async def _artists(self, tracks: TrackIndex) -> np.ndarray:
        """The number of each track's artist, -1 where the catalogue has the track no more."""
        numbers: dict[str, int] = {}
        found = np.full(len(tracks), -1, dtype=np.int32)
        ids = tracks.all()
        for start in range(0, len(ids), MOST_ASKED):
            part = ids[start : start + MOST_ASKED]
            known = await self._tracks.tracks(part)
            for row, track_id in enumerate(part, start):
                if track_id in known:
                    artist = known[track_id].artist_id
                    found[row] = numbers.setdefault(artist, len(numbers))
        return found

    async def _promote(self, model_id: str) -> None:
        """Has it serve, unless it has served: a later promotion or a rollback stands."""
        for _ in range(_PROMOTION_TRIES):
            history = await self._models.promotions()
            if any(one.model_id == model_id for one in history):
                return
            revision = history[0].revision + 1 if history else 1
            new = Promotion(revision, model_id, now_ms(), PROMOTED_BY_GATE)
            if await self._models.promote(new):
                return

    async def _fail(self, training_id: str, error: str) -> None:
        _log.warning("training failed", training_id=training_id, error=error)
        await self._trainings.finish(training_id, error=error)

    async def _report_forever(self, training_id: str, told: _Told) -> None:
        while True:
            checkpoint = checkpoint_of(list(told.trials))
            await self._trainings.report(training_id, told.stage, told.progress, checkpoint)
            await asyncio.sleep(_REPORT_S)


def _tell_metrics(info: ModelInfo) -> None:
    _gated.labels("passed" if info.passed else "refused").inc()
    for of in ("", "popularity_", "serving_"):
        if (value := info.metrics.get(f"{of}ndcg@10")) is not None:
            _ndcg.labels(of.rstrip("_") or "model").set(value)
    _coverage.set(info.metrics["coverage@10"])
