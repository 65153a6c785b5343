"""The tantivy adapter under the contract of the search index, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import tantivy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_svc.adapters.tantivy.search_index import IndexInUse, TantivySearchIndex
from catalog_svc.domain.search import Kind, parse
from tests.contracts.catalog.search_suite import SearchIndexContract, fill, names, playlist, track
from tests.profiles import examples


class TestTantivyIndex(SearchIndexContract):
    @pytest.fixture
    async def index(self, tmp_path: Path) -> AsyncIterator[TantivySearchIndex]:
        opened = TantivySearchIndex(tmp_path / "index")
        yield opened
        await opened.aclose()


async def test_entries_and_token_survive_a_restart(tmp_path: Path) -> None:
    first = TantivySearchIndex(tmp_path)
    await fill(first, track(1, "Kept"))
    await first.aclose()
    second = TantivySearchIndex(tmp_path)
    assert await second.token() == "t"
    assert await names(second, "kept") == ["Kept"]
    await second.aclose()


async def test_two_owners_of_a_folder_are_refused_in_clear_words(tmp_path: Path) -> None:
    first = TantivySearchIndex(tmp_path)
    with pytest.raises(IndexInUse, match="a folder of its own"):
        TantivySearchIndex(tmp_path)
    await first.aclose()
    await TantivySearchIndex(tmp_path).aclose()


@pytest.mark.parametrize("damage", ["cut", "noise", "gone"])
async def test_a_damaged_folder_is_begun_anew(tmp_path: Path, damage: str) -> None:
    first = TantivySearchIndex(tmp_path)
    await fill(first, *(track(n, f"Song {n}") for n in range(50)))
    await first.aclose()
    for file in (tmp_path / "index").iterdir():
        spoil(file, damage)
    second = TantivySearchIndex(tmp_path)
    assert await second.token() == ""
    await fill(second, track(1, "Fresh"))
    assert await names(second, "fresh") == ["Fresh"]
    await second.aclose()


async def test_an_index_of_another_schema_is_begun_anew(tmp_path: Path) -> None:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    (tmp_path / "index").mkdir()
    older = tantivy.Index(builder.build(), path=str(tmp_path / "index"))
    older.writer(heap_size=15_000_000, num_threads=1).commit()
    second = TantivySearchIndex(tmp_path)
    assert await second.token() == ""
    await fill(second, playlist(1, "Fresh"))
    assert await names(second, "fresh", Kind.PLAYLIST) == ["Fresh"]
    await second.aclose()


@settings(
    max_examples=examples(300),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(typed=st.lists(st.text(max_size=200), min_size=5, max_size=5))
def test_nothing_that_can_be_typed_upsets_the_index(
    searched: Callable[[str], None], typed: list[str]
) -> None:
    for text in typed:
        searched(text)


@pytest.mark.parametrize(
    "text", ["x" * 200, "é" * 200, "東" * 200, "a " * 100, "\U0001d518" * 200, "\ufdfa" * 200]
)
def test_the_longest_queries_are_answered(searched: Callable[[str], None], text: str) -> None:
    searched(text)


@pytest.fixture
def searched(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Searches and suggests in an index of a few entries, in a loop of its own."""
    with asyncio.Runner() as runner:
        index = TantivySearchIndex(tmp_path / "typed")
        runner.run(fill(index, *(track(n, f"Söng {n}", "東京事変", "!!!") for n in range(9))))

        def search(text: str) -> None:
            query = parse(text)
            if query:
                runner.run(index.search(query, list(Kind), limit=5))
                runner.run(index.suggest(query.folded, limit=5))

        yield search
        runner.run(index.aclose())


def spoil(file: Path, damage: str) -> None:
    if damage == "gone":
        if file.name != "meta.json":
            file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))
