"""What a query means, and the use case over the memory index."""

from __future__ import annotations

import pytest

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.domain.search import Entry, Kind, parse, prior, typos_allowed
from catalog_svc.usecases.search import MAX_RESULTS, Search
from meshkit.faults import InvalidArgument
from tests.contracts.catalog.search_suite import fill, track


def test_a_query_is_its_distinct_folded_words() -> None:
    query = parse("  Let It BE, let it be ")
    assert query is not None
    assert query.words == ("let", "it", "be")
    assert query.last == "be"


def test_the_word_for_guests_is_not_searched_for_unless_it_is_all() -> None:
    with_guest, alone = parse("Umbrella feat. Jay-Z"), parse("feat.")
    assert with_guest is not None
    assert with_guest.words == ("umbrella", "jay", "z")
    assert alone is not None
    assert alone.words == ("feat",)


def test_a_query_of_nothing_visible_is_none() -> None:
    assert parse("\u200b\x07") is None


def test_a_long_query_is_cut_to_its_first_words() -> None:
    query = parse(" ".join(f"w{n}" for n in range(60)))
    assert query is not None
    assert len(query.words) == 16


@pytest.mark.parametrize(
    ("word", "typos"),
    [("four", 0), ("fives", 1), ("eightltr", 1), ("nineltrs9", 2), ("12345678", 0), ("", 0)],
)
def test_typos_are_allowed_by_length(word: str, typos: int) -> None:
    assert typos_allowed(word) == typos


def test_popularity_lifts_gently() -> None:
    unknown, loved = Entry(Kind.TRACK, "1", "x"), Entry(Kind.TRACK, "2", "x", popularity=4e9)
    assert prior(unknown) == 1
    assert 1.3 < prior(loved) < 1.5


@pytest.fixture
async def search() -> Search:
    index = MemorySearchIndex()
    await fill(index, *(track(n, f"Song {n:04}") for n in range(MAX_RESULTS + 20)))
    return Search(index)


@pytest.mark.parametrize("text", ["", "   "])
async def test_blank_queries_are_refused_by_name(search: Search, text: str) -> None:
    for call in (search.search(text, [Kind.TRACK], limit=5), search.suggest(text, limit=5)):
        with pytest.raises(InvalidArgument) as caught:
            await call
        assert caught.value.violations[0].field == "q"


async def test_pages_end_at_the_thousandth_result(search: Search) -> None:
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        answer = await search.search("song", [Kind.TRACK], limit=90, offset=offset)
        seen += [entry.id for entry in answer.found[Kind.TRACK].entries]
        offset = answer.next_offset
    assert len(seen) == len(set(seen)) == MAX_RESULTS


async def test_several_kinds_have_one_page(search: Search) -> None:
    answer = await search.search("song", [Kind.TRACK, Kind.ALBUM], limit=5)
    assert answer.next_offset is None
    assert len(answer.found[Kind.TRACK].entries) == 5


async def test_a_query_without_words_finds_nothing(search: Search) -> None:
    answer = await search.search("\u200b", [Kind.TRACK], limit=5)
    assert answer.found[Kind.TRACK].entries == ()
    assert list(await search.suggest("\u200b", limit=5)) == []
