"""How many instances of which service."""

from __future__ import annotations

import pytest

from localmesh.faults import CommandRefused
from localmesh.services import SERVICES, replica_counts


def test_every_service_has_one_instance_unless_said() -> None:
    assert replica_counts([]) == dict.fromkeys(SERVICES, 1)
    assert replica_counts(["catalog=2", "catalog-worker=3"]) == {
        **dict.fromkeys(SERVICES, 1),
        "catalog": 2,
        "catalog-worker": 3,
    }


@pytest.mark.parametrize("word", ["nothing=2", "catalog", "=2", ""])
def test_an_unknown_service_is_refused_with_the_known_ones(word: str) -> None:
    with pytest.raises(CommandRefused, match="one of identity, catalog, catalog-worker"):
        replica_counts([word])


@pytest.mark.parametrize("word", ["catalog=0", "catalog=17", "catalog=-1", "catalog=two", "media="])
def test_a_count_out_of_range_is_refused(word: str) -> None:
    with pytest.raises(CommandRefused, match="1 to 16"):
        replica_counts([word])
