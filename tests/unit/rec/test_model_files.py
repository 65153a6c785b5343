"""Arrays of a model's file are such that computing with them is fast, whatever stands before."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from rec_svc.adapters.codecs import model_files
from rec_svc.adapters.codecs.model_files import MARK
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.scorers import ItemFactors
from tests.unit.rec.test_model import BLEND, made

FACTORS = ItemFactors(np.ones((19, 4), np.float32), Regularisation(0.1, 0.1))


@pytest.mark.parametrize("length", range(1, 9))
def test_what_is_read_is_aligned_however_long_its_header_is(length: int) -> None:
    model = replace(made(FACTORS), model_id="m" * length)
    content = model_files.encode(model)
    read = model_files.decode(content)
    assert isinstance(read.scorer, ItemFactors)
    assert read.scorer.factors.flags.aligned
    assert read.popularity.flags.aligned
    # On the bytes of the file: nothing is in memory twice.
    assert not read.scorer.factors.flags.owndata
    assert not read.scorer.factors.flags.writeable


def test_a_file_whose_header_was_not_padded_is_read_as_well() -> None:
    model = made(BLEND)
    content = model_files.encode(model)
    start = len(MARK) + 8
    end = start + int.from_bytes(content[len(MARK) : start], "big")
    header = content[start:end].rstrip() + b" "
    if (start + len(header)) % 4 == 0:
        header += b" "
    body = MARK + len(header).to_bytes(8, "big") + header + content[end:-32]
    read = model_files.decode(body + hashlib.sha256(body).digest())
    assert read.popularity.flags.aligned
    history = np.array([1, 2], np.int32)
    assert read.scores(history) == pytest.approx(model.scores(history), rel=1e-5)
