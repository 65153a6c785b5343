"""The tantivy adapter under the contract of the search index, and what is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog_svc.adapters.tantivy_index import IndexInUse, TantivyIndex
from tests.contracts.catalog.search_suite import SearchIndexContract, fill, names, track


class TestTantivyIndex(SearchIndexContract):
    @pytest.fixture
    async def index(self, tmp_path: Path) -> AsyncIterator[TantivyIndex]:
        opened = TantivyIndex(tmp_path / "index")
        yield opened
        await opened.aclose()


async def test_entries_and_token_survive_a_restart(tmp_path: Path) -> None:
    first = TantivyIndex(tmp_path)
    await fill(first, track(1, "Kept"))
    await first.aclose()
    second = TantivyIndex(tmp_path)
    assert await second.token() == "t"
    assert await names(second, "kept") == ["Kept"]
    await second.aclose()


async def test_two_owners_of_a_folder_are_refused_in_clear_words(tmp_path: Path) -> None:
    first = TantivyIndex(tmp_path)
    with pytest.raises(IndexInUse, match="a folder of its own"):
        TantivyIndex(tmp_path)
    await first.aclose()
    await TantivyIndex(tmp_path).aclose()


@pytest.mark.parametrize("damage", ["cut", "noise", "gone"])
async def test_a_damaged_folder_is_begun_anew(tmp_path: Path, damage: str) -> None:
    first = TantivyIndex(tmp_path)
    await fill(first, *(track(n, f"Song {n}") for n in range(50)))
    await first.aclose()
    for file in (tmp_path / "index").iterdir():
        spoil(file, damage)
    second = TantivyIndex(tmp_path)
    assert await second.token() == ""
    await fill(second, track(1, "Fresh"))
    assert await names(second, "fresh") == ["Fresh"]
    await second.aclose()


def spoil(file: Path, damage: str) -> None:
    if damage == "gone":
        if file.name != "meta.json":
            file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))
