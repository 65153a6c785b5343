"""Artefacts of models in the object store, under ``rec/models/``."""

from __future__ import annotations

import asyncio
import hashlib

from meshkit.objects import Objects
from rec_svc.adapters.codecs import model_files
from rec_svc.domain.model import Model
from rec_svc.ports.models import Artefact, UnreadableModelError

PREFIX = "rec/models/"


class ObjectModelArtefacts:
    """``ModelArtefacts``: one object a model, named by its id."""

    def __init__(self, objects_url: str) -> None:
        self.objects = Objects(objects_url, PREFIX)

    async def put(self, model: Model) -> Artefact:
        content = await asyncio.to_thread(model_files.encode, model)
        await self.objects.put(_name(model.model_id), content)
        return Artefact(hashlib.sha256(content).hexdigest(), len(content))

    async def load(self, model_id: str, sha256: str) -> Model:
        content = await self.objects.get(_name(model_id))
        if content is None:
            raise UnreadableModelError("it is not there")
        return await asyncio.to_thread(_decoded, content, model_id, sha256)

    async def delete(self, model_id: str) -> None:
        await self.objects.delete(_name(model_id))


def _name(model_id: str) -> str:
    return f"{model_id}.model"


def _decoded(content: bytes, model_id: str, sha256: str) -> Model:
    model = model_files.decode(content)
    if hashlib.sha256(content).hexdigest() != sha256 or model.model_id != model_id:
        raise UnreadableModelError("it is another model than the one that was stored")
    return model
