"""The stores of sharing in memory keep the promises of their ports."""

from __future__ import annotations

import pytest

from meshkit.feeds import MemoryChangeFeed
from playlist_svc.adapters.memory.affiliations import MemoryAffiliations
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.sharing import MemoryAttemptLimiter, MemoryShares, SocialBlocks
from playlist_svc.adapters.memory.social import MemorySocial
from playlist_svc.ports.social import SocialStore
from tests.contracts.playlist.sharing_suite import AttemptsContract, BlocksContract, SharesContract
from tests.contracts.playlist.social_affiliations_suite import AffiliationsContract


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


class TestMemoryAffiliations(AffiliationsContract):
    @pytest.fixture
    def heads(self) -> MemoryHeads:
        return MemoryHeads()

    @pytest.fixture
    def playlists(self, heads: MemoryHeads) -> MemoryPlaylists:
        return MemoryPlaylists(heads)

    @pytest.fixture
    def affiliations(self, playlists: MemoryPlaylists, heads: MemoryHeads) -> MemoryAffiliations:
        return MemoryAffiliations(playlists, heads)


class TestMemoryAttempts(AttemptsContract):
    @pytest.fixture
    def attempts(self) -> MemoryAttemptLimiter:
        return MemoryAttemptLimiter()
