"""A model that serves an instance, fitted on listeners who were made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from meshkit.ulids import new_id
from rec_svc.domain.ease import EaseParameters, fit_ease
from rec_svc.domain.interactions import interactions
from rec_svc.domain.model import Model
from rec_svc.domain.models import Promotion
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import ItemWeights
from rec_svc.domain.tracks import Track
from tests.contracts.rec.models_suite import some_info
from tests.rpc.rec.harness import Instance
from tests.unit.rec.invented_listeners import heard


async def serve_groups(instance: Instance, groups: Sequence[Sequence[Track]]) -> Model:
    """Serves a model of listeners who each like all but one track of one of ``groups``."""
    pairs = [
        (f"u{number}-{group[left_out].id}", track.id)
        for number, group in enumerate(groups)
        for left_out in range(len(group))
        for place, track in enumerate(group)
        if place != left_out
    ]
    data = interactions(heard(pairs))
    model = Model(
        new_id(),
        1,
        data.tracks,
        np.arange(len(data.tracks), dtype=np.int32),
        popularity(data.matrix),
        ItemWeights(fit_ease(data.matrix, EaseParameters(ridge=1.0))),
    )
    await serve(instance, model)
    return model


async def serve(instance: Instance, model: Model) -> None:
    """Stores a model and has it serve."""
    parts = instance.parts
    stored = await parts.artefacts.put(model)
    info = replace(some_info(model.model_id), sha256=stored.sha256, size_bytes=stored.size_bytes)
    await parts.models.add(info)
    served = len(await parts.models.promotions())
    assert await parts.models.promote(Promotion(served + 1, model.model_id, 1, "tests", None))
    await parts.serving_model.look()
