"""A model as the bytes of a file, and back.

A line that says what it is, the length of a header and the header (JSON: the model's form, and of
each array its type, shape and place), the arrays, and the SHA-256 of all that. Nothing in it is
code: reading one that somebody made up runs nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.calibration import Calibration
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.scorers import Blend, Constant, ItemFactors, ItemWeights, Part, Scorer
from rec_svc.ports.models import UnreadableModelError

MARK = b"segue model 1\n"
_LENGTH = 8
_HASH = 32
_ALIGNED = 64
_TYPES = ("<f4", "<i4", "<i8", "|u1")

Arrays = dict[str, NDArray[Any]]


def encode(model: Model) -> bytes:
    """The bytes of the model's file."""
    arrays: Arrays = {
        "tracks": np.frombuffer("\n".join(model.tracks.all()).encode(), dtype=np.uint8),
        "artists": model.artists.astype("<i4"),
        "popularity": model.popularity.astype("<f4"),
        "knots": model.calibration.knots.astype("<f4"),
        "chances": model.calibration.chances.astype("<f4"),
    }
    scorer = _described(model.scorer, "scorer", arrays)
    told = {"model_id": model.model_id, "trained_at_ms": model.trained_at_ms, "scorer": scorer}
    body, places = _packed(arrays)
    header = json.dumps({"told": told, "arrays": places}, sort_keys=True).encode()
    header += b" " * (-(len(MARK) + _LENGTH + len(header)) % _ALIGNED)
    content = MARK + len(header).to_bytes(_LENGTH, "big") + header + body
    return content + hashlib.sha256(content).digest()


def decode(content: bytes) -> Model:
    """The model in a file. Raises UnreadableModelError."""
    if not content.startswith(MARK):
        raise UnreadableModelError("it is no model of this version")
    if hashlib.sha256(content[:-_HASH]).digest() != content[-_HASH:]:
        raise UnreadableModelError("it is cut short or damaged")
    try:
        return _model(content)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise UnreadableModelError("it does not hold what a model has") from error


def _model(content: bytes) -> Model:
    start = len(MARK) + _LENGTH
    end = start + int.from_bytes(content[len(MARK) : start], "big")
    header = json.loads(content[start:end])
    arrays = _unpacked(memoryview(content)[end:-_HASH], header["arrays"])
    told = header["told"]
    ids = bytes(arrays["tracks"]).decode()
    return Model(
        model_id=told["model_id"],
        trained_at_ms=told["trained_at_ms"],
        tracks=TrackIndex(ids.split("\n") if ids else ()),
        artists=arrays["artists"],
        popularity=arrays["popularity"],
        scorer=_scorer(told["scorer"], arrays),
        calibration=Calibration(arrays["knots"], arrays["chances"]),
    )


def _packed(arrays: Arrays) -> tuple[bytes, dict[str, Any]]:
    parts: list[bytes] = []
    places: dict[str, Any] = {}
    at = 0
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).tobytes()
        places[name] = {"type": array.dtype.str, "shape": array.shape, "at": at}
        padded = content + bytes(-len(content) % _ALIGNED)
        parts.append(padded)
        at += len(padded)
    return b"".join(parts), places


def _unpacked(body: memoryview, places: Mapping[str, Any]) -> Arrays:
    """The arrays, on the bytes of the file where they are aligned there, as of files of today."""
    arrays: Arrays = {}
    for name, place in places.items():
        if place["type"] not in _TYPES:
            raise ValueError(f"an array of {place['type']}")
        count = int(np.prod(place["shape"], dtype=np.int64))
        flat = np.frombuffer(body, dtype=place["type"], count=count, offset=place["at"])
        # What does not begin at a multiple of its size is multiplied forty times as slowly.
        aligned = flat if flat.flags.aligned else flat.copy()
        arrays[name] = aligned.reshape(place["shape"])
    return arrays


def _described(scorer: Scorer, name: str, arrays: Arrays) -> dict[str, Any]:
    match scorer:
        case Blend():
            parts = [
                {
                    "name": part.name,
                    "weight": part.weight,
                    "scorer": _described(part.scorer, f"{name}.{place}", arrays),
                }
                for place, part in enumerate(scorer.parts)
            ]
            return {"kind": "BLEND", "parts": parts}
        case ItemFactors():
            arrays[name] = scorer.factors.astype("<f4")
            return {"kind": "FACTORS", "array": name, "how": asdict(scorer.how)}
        case ItemWeights():
            arrays[f"{name}.values"] = scorer.weights.data.astype("<f4")
            arrays[f"{name}.columns"] = scorer.weights.indices.astype("<i4")
            arrays[f"{name}.ends"] = scorer.weights.indptr.astype("<i8")
            return {"kind": "WEIGHTS", "array": name}
        case Constant():
            arrays[name] = scorer.values.astype("<f4")
            return {"kind": "CONSTANT", "array": name}
        case _:
            raise TypeError(f"{scorer!r} has no form")


def _scorer(told: Mapping[str, Any], arrays: Arrays) -> Scorer:
    name = told.get("array", "")
    match told["kind"]:
        case "BLEND":
            parts = (
                Part(part["name"], _scorer(part["scorer"], arrays), part["weight"])
                for part in told["parts"]
            )
            return Blend(tuple(parts))
        case "FACTORS":
            return ItemFactors(arrays[name], Regularisation(**told["how"]))
        case "WEIGHTS":
            ends = arrays[f"{name}.ends"]
            values = (arrays[f"{name}.values"], arrays[f"{name}.columns"], ends)
            return ItemWeights(csr_matrix(values, shape=(len(ends) - 1, len(ends) - 1)))
        case "CONSTANT":
            return Constant(arrays[name])
        case other:
            raise ValueError(f"a scorer of kind {other}")
