"""Models: their artefacts, what is known of them, and which one serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from meshkit.idempotency import RequestKey
from rec_svc.domain.model import Model
from rec_svc.domain.models import ModelInfo, Promotion


class UnreadableModelError(Exception):
    """An artefact is not there, is cut short or damaged, or is of another version of its form."""


class Artefact(NamedTuple):
    """A stored artefact: its hash and how many bytes it has."""

    sha256: str
    size_bytes: int


class ModelArtefacts(Protocol):
    """The artefacts of models, each written once."""

    async def put(self, model: Model) -> Artefact:
        """Must store all of the model or nothing under its id. Raises Unavailable."""
        ...

    async def load(self, model_id: str, sha256: str) -> Model:
        """The model whose artefact has that hash.

        Must raise UnreadableModelError where the artefact is not whole, not ours, of another
        version or another one; raises Unavailable.
        """
        ...

    async def delete(self, model_id: str) -> None:
        """Drops the artefact; one that is not there makes no difference. Raises Unavailable."""
        ...


class Models(Protocol):
    """What is known of models whose artefact is whole, and of which one serves.

    All calls raise Unavailable.
    """

    async def add(self, info: ModelInfo) -> None:
        """Must enter a model; one that is entered already stays as it is."""
        ...

    async def get(self, model_id: str) -> ModelInfo | None:
        """The model, or None."""
        ...

    async def list_models(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[ModelInfo]:
        """Models by (created_at desc, id desc); ``after`` is (created_at in ms, id)."""
        ...

    async def promotions(self, limit: int = 100) -> Sequence[Promotion]:
        """Which models served, the newest first; the first one serves."""
        ...

    async def promote(self, new: Promotion, key: RequestKey | None = None) -> Promotion | None:
        """Must have the model of ``new`` serve, if the revision before it is the newest one.

        Of two at once one must get None. With a key that was used before, what it promoted then is
        answered and nothing is stored.
        """
        ...


class ServingModel(Protocol):
    """The model that serves, loaded in this process."""

    def current(self) -> Model | None:
        """The model; None where none was promoted yet, or none could be loaded yet.

        Must be that of the newest promotion within a minute of it. One that cannot be loaded leaves
        the one before in its place.
        """
        ...
