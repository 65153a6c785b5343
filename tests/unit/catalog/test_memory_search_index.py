"""The memory adapter under the contract of the search index."""

from __future__ import annotations

import pytest

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.ports.search import SearchIndex
from tests.contracts.catalog.search_suite import SearchIndexContract


class TestMemoryIndex(SearchIndexContract):
    @pytest.fixture
    def index(self) -> SearchIndex:
        return MemorySearchIndex()
