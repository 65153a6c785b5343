"""The stores of sharing in memory keep the promises of their ports."""

from __future__ import annotations

import pytest

from meshkit.feeds import MemoryChangeFeed
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.sharing import MemoryShares, MemoryTries, SocialBlocks
from playlist_svc.adapters.memory.social import MemorySocial
from playlist_svc.adapters.memory.ties import MemoryTies
from playlist_svc.ports.social import SocialStore
from tests.contracts.playlist.shares_suite import BlocksContract, SharesContract, TriesContract
from tests.contracts.playlist.ties_suite import TiesContract


class TestMemoryShares(SharesContract):
    @pytest.fixture
    def playlists(self) -> MemoryPlaylists:
        return MemoryPlaylists()

    @pytest.fixture
    def shares(self) -> MemoryShares:
        return MemoryShares()


class TestSocialBlocks(BlocksContract):
    @pytest.fixture
    def social(self) -> MemorySocial:
        return MemorySocial(MemoryChangeFeed())

    @pytest.fixture
    def blocks(self, social: SocialStore) -> SocialBlocks:
        return SocialBlocks(social)


class TestMemoryTies(TiesContract):
    @pytest.fixture
    def heads(self) -> MemoryHeads:
        return MemoryHeads()

    @pytest.fixture
    def playlists(self, heads: MemoryHeads) -> MemoryPlaylists:
        return MemoryPlaylists(heads)

    @pytest.fixture
    def ties(self, playlists: MemoryPlaylists, heads: MemoryHeads) -> MemoryTies:
        return MemoryTies(playlists, heads)


class TestMemoryTries(TriesContract):
    @pytest.fixture
    def tries(self) -> MemoryTries:
        return MemoryTries()
