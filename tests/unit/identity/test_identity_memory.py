"""The stores inside one process keep the contracts of the real ones."""

from __future__ import annotations

import pytest

from edge.identity.adapters.memory.accounts import MemoryAccounts
from edge.identity.adapters.memory.erasures import MemoryErasures
from edge.identity.adapters.memory.revocations import MemoryRevocations
from edge.identity.adapters.memory.user_feed import MemoryUserFeed
from meshkit.feeds import Change, MemoryChangeFeed
from tests.contracts.identity.accounts_suite import AccountsContract
from tests.contracts.identity.erasures_suite import ErasuresContract
from tests.contracts.identity.revocations_suite import RevocationsContract
from tests.contracts.identity.stores import StoresUnderTest
from tests.contracts.identity.user_feed_suite import UserFeedContract


@pytest.fixture
async def stores() -> StoresUnderTest:
    feed = MemoryChangeFeed()
    accounts = MemoryAccounts(feed)

    async def append(change: Change) -> None:
        feed.append(change)

    async def start_epoch() -> None:
        feed.start_epoch()

    return StoresUnderTest(
        accounts,
        MemoryRevocations(feed),
        MemoryErasures(feed, accounts),
        MemoryUserFeed(feed, accounts),
        append,
        start_epoch,
    )


class TestMemoryAccounts(AccountsContract):
    """``MemoryAccounts`` under the contract."""


class TestMemoryRevocations(RevocationsContract):
    """``MemoryRevocations`` under the contract."""


class TestMemoryErasures(ErasuresContract):
    """``MemoryErasures`` under the contract."""


class TestMemoryUserFeed(UserFeedContract):
    """``MemoryUserFeed`` under the contract."""
