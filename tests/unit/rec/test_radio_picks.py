"""What a radio goes by, in which order its tracks come, and what arms of experiments change."""

from __future__ import annotations

import random
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from meshkit.ulids import new_id
from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.domain.experiments import Parameters, Ranking
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.popularity import popularity
from rec_svc.domain.radio_ranking import StationRows, station_rows
from rec_svc.domain.radios import Given, Radio, Seed, SeedKind, Station, arranged
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, Wanted
from rec_svc.domain.scorers import ItemWeights
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.radio_picks import Asked, RadioPicks
from tests.contracts.rec.tracks_suite import a_track


def picks_of(artists: list[str]) -> list[Recommended]:
    reason = Reason(ReasonKind.POPULAR)
    return [Recommended(a_track(artist_id=artist), 0.5, reason) for artist in artists]


def artists_of(picks: list[Recommended]) -> list[str]:
    return [one.track.artist_id for one in picks]


def twice_in_a_row(artists: list[str]) -> int:
    return sum(one == other for one, other in pairwise(artists))


def at_most_two(artists: list[str]) -> bool:
    return all(artists.count(one) <= 2 for one in artists)


@given(st.lists(st.sampled_from("abcd"), max_size=6).filter(at_most_two), st.sampled_from("abx"))
def test_an_artist_comes_twice_in_a_row_only_where_no_order_avoids_it(
    artists: list[str], last: str
) -> None:
    picks = picks_of(artists)
    placed = arranged(picks, last)
    assert sorted(map(id, placed)) == sorted(map(id, picks))
    fewest = min(twice_in_a_row([last, *order]) for order in permutations(artists))
    assert twice_in_a_row([last, *artists_of(placed)]) == fewest


def test_what_can_stay_in_its_order_stays() -> None:
    assert artists_of(arranged(picks_of(list("abcab")), "")) == list("abcab")
    assert artists_of(arranged(picks_of(list("aabbc")), "")) == list("ababc")
    assert artists_of(arranged(picks_of(list("abc")), "a")) == list("bac")


def a_station(*given: Given, seeds: tuple[str, ...] = ("s",)) -> Station:
    radio = Radio(new_id(), new_id(), "Radio", Seed(SeedKind.TRACK, seeds[0]), seeds, 1)
    return Station(radio, 1, given)


def test_saved_tracks_join_the_seed_and_skipped_ones_leave_it_the_latest_first() -> None:
    station = a_station(
        Given("old", 1, saved_at_ms=5),
        Given("new", 2, saved_at_ms=6),
        Given("both", 3, played_at_ms=9, skipped=True, saved_at_ms=7),
        Given("bad", 4, played_at_ms=8, skipped=True),
        Given("plain", 5),
    )
    assert station.steering().liked == ("s", "new", "old")
    assert station.steering().skipped == ("both", "bad")
    told = station.steering(["x", "new", "y"])
    assert told.skipped == ("y", "new", "x", "both", "bad")
    assert told.liked == ("s", "old")
    assert station.last_track_id == "plain"
    assert a_station().last_track_id == ""


def test_a_seed_that_was_skipped_is_gone_by_all_the_same() -> None:
    station = a_station(Given("s", 1, played_at_ms=2, skipped=True))
    assert station.steering().liked == ("s",)
    assert station.steering().skipped == ("s",)


def a_model(tracks: list[Track], artists: list[int], weights: list[list[float]]) -> Model:
    matrix = csr_matrix(np.array(weights, np.float32))
    return Model(
        new_id(),
        1,
        TrackIndex(track.id for track in tracks),
        np.array(artists, np.int32),
        popularity(matrix),
        ItemWeights(matrix),
    )


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int32)


def test_what_is_like_a_skipped_track_and_what_is_of_its_artist_goes_down() -> None:
    tracks = [a_track() for _ in range(6)]
    # Of the seed (0) tracks 1 to 4 are alike; 5 is like 2 alone.
    weights = np.zeros((6, 6))
    weights[0] = [0, 4, 3.9, 3.8, 3.7, 0]
    weights[1] = [0, 0, 4, 0, 0, 0]
    model = a_model(tracks, [0, 1, 2, 1, -1, -1], weights.tolist())

    def order(*skipped: int) -> list[int]:
        station = StationRows(rows(0), rows(*skipped), rows(*skipped))
        return station_rows(model, station, Ranking.SCORE).rows.tolist()

    assert order() == [1, 2, 3, 4, 5]
    # 2 is like the skipped 1, and 3 is of its artist.
    assert order(1) == [4, 2, 3, 5] or order(1) == [4, 3, 2, 5]


def test_what_is_left_out_and_what_is_gone_by_is_not_ranked() -> None:
    tracks = [a_track() for _ in range(3)]
    model = a_model(tracks, [0, 1, 2], np.ones((3, 3)).tolist())
    none = StationRows(rows(0), rows(), rows(1, 2))
    assert station_rows(model, none, Ranking.SCORE).rows.tolist() == []
    one = StationRows(rows(0), rows(), rows(1))
    assert station_rows(model, one, Ranking.POPULARITY).rows.tolist() == [2]


async def picked(parameters: Parameters) -> list[Recommended]:
    tracks = [a_track(str(number)) for number in range(40)]
    memory = MemoryTracks()
    await memory.apply([TrackChange(one.id, 1, one) for one in tracks], "t")
    weights = np.zeros((40, 40))
    weights[0] = np.arange(40, 0, -1)
    # The last ones are what most listen to.
    weights[1:, 30:] = 1
    model = a_model(tracks, list(range(40)), weights.tolist())
    station = a_station(seeds=(tracks[0].id,))
    wanted = Wanted(left_out=frozenset(), blocked_artists=frozenset(), premium=True)
    asked = Asked(station, station.steering(), wanted, parameters, model, 10)
    return (await RadioPicks(memory, random.Random(1)).pick(asked)).tracks


async def test_an_arm_gives_places_to_chance_and_says_how_likely_each_was() -> None:
    found = await picked(Parameters(explore_share=0.3))
    kinds = [one.reason.kind for one in found]
    assert kinds.count(ReasonKind.EXPLORED) == 3
    assert kinds[0] is ReasonKind.STARTED_FROM
    # Of the 39 that may come behind the seed six stay.
    explored = [one.propensity for one in found if one.reason.kind is ReasonKind.EXPLORED]
    assert explored == pytest.approx([3 / 33] * 3)
    assert len({one.track.id for one in found}) == 10


async def test_an_arm_ranks_by_popularity() -> None:
    by_score = [one.track.title for one in await picked(Parameters())]
    assert by_score == [str(number) for number in range(10)]
    popular = [one.track.title for one in await picked(Parameters(ranking=Ranking.POPULARITY))]
    assert set(map(int, popular[1:])) <= set(range(30, 40))
