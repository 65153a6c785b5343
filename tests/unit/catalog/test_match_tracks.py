"""Which track a description of a recording means, over the memory index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.domain.matching import Description
from catalog_svc.domain.search import Entry
from catalog_svc.usecases.search_internal import Match, MatchResult, MatchTracks
from tests.contracts.catalog.search_suite import fill, track

NONE = MatchResult()


def lasting(entry: Entry, duration_ms: int) -> Entry:
    return replace(entry, duration_ms=duration_ms)


CREEP = lasting(track(1, "Creep", "Radiohead", "Pablo Honey"), 238_000)
CREEP_LIVE = lasting(track(2, "Creep (Live at Glastonbury)", "Radiohead"), 261_000)
OTHER_CREEP = lasting(track(3, "Creep", "Stone Temple Pilots", popularity=1e6), 333_000)
KARMA = lasting(track(4, "Karma Police", "Radiohead", "OK Computer"), 261_000)
HEROES = lasting(track(5, "Heroes - 2017 Remaster", "David Bowie"), 371_000)
UMBRELLA = lasting(track(6, "Umbrella (feat. JAY-Z)", "Rihanna"), 275_000)
PART_1 = track(7, "Another Brick in the Wall, Pt. 1", "Pink Floyd")
PART_2 = track(8, "Another Brick in the Wall, Pt. 2", "Pink Floyd")
ENTA = track(
    9, "\u0623\u0646\u062a \u0639\u0645\u0631\u064a", "\u0623\u0645 \u0643\u0644\u062b\u0648\u0645"
)
LUCKY = track(10, "Get Lucky", "Daft Punk, Pharrell Williams")
BLUE = track(11, "Blue Monday", "New Order")
BLUE_REMIX = track(12, "Blue Monday (Hardfloor Remix)", "New Order")
SHORT = lasting(track(13, "Hello", "Adele", "25"), 295_000)
LONG = lasting(track(14, "Hello", "Adele", "25 (Deluxe)"), 297_500)
UNTIMED = lasting(track(15, "Yesterday", "The Beatles"), 0)
NAMESAKE = track(16, "Black Sabbath", "Black Sabbath")


@pytest.fixture
async def match_tracks() -> MatchTracks:
    index = MemorySearchIndex()
    catalogue = (CREEP, CREEP_LIVE, OTHER_CREEP, KARMA, HEROES, UMBRELLA, PART_1, PART_2, ENTA)
    await fill(index, *catalogue, LUCKY, BLUE, BLUE_REMIX, SHORT, LONG, UNTIMED, NAMESAKE)
    return MatchTracks(index)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (Description("Creep", "Radiohead"), CREEP),
        (Description("  CREEP ", "radiohead", "", 240_900), CREEP),
        (Description("Creep", "Stone Temple Pilots"), OTHER_CREEP),
        (Description(ENTA.name, ENTA.artist), ENTA),
        (Description("\u0627\u0646\u062a \u0639\u0645\u0631\u064a", ENTA.artist), ENTA),
        (Description("Hello", "Adele", "", 297_000), LONG),
        (Description("Hello", "Adele", "", 295_500), SHORT),
        (Description("Hello", "Adele", "25 (Deluxe)"), LONG),
        (Description("Yesterday", "Beatles, The"), UNTIMED),
        (Description("Another Brick in the Wall Pt 2", "Pink Floyd"), PART_2),
        (Description("Blue Monday - Hardfloor Remix", "New Order"), BLUE_REMIX),
    ],
)
async def test_the_same_words_folded_are_exact(
    match_tracks: MatchTracks, said: Description, meant: Entry
) -> None:
    assert await match_tracks([said]) == [MatchResult(Match.EXACT, meant.id)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (Description("Kamra Police", "Radiohaed"), KARMA),
        (Description("Karma Polise", "Radiohead", "", 265_000), KARMA),
        (Description("Creep", "Radiohead", "", 245_000), CREEP),
        (Description("Creep - Live", "Radiohead", "", 262_000), CREEP_LIVE),
        (Description("Creep (Live)", "Radiohead"), CREEP_LIVE),
        (Description("Heroes", "David Bowie"), HEROES),
        (Description("Heroes [Remastered 2009]", "Bowie, David"), HEROES),
        (Description("Heroes", "Bowie David"), HEROES),
        (Description("Umbrella", "Rihanna"), UMBRELLA),
        (Description("Umbrella", "Rihanna feat. Jay-Z", "", 275_000), UMBRELLA),
        (Description("Karma Police (Official Video) [HD]", "Radiohead"), KARMA),
        (Description("Radiohead - Karma Police"), KARMA),
        (Description("Karma Police \u2013 Radiohead"), KARMA),
        (Description("Radiohead - Karma Police", "Radiohead"), KARMA),
        (Description("Radiohead - Karma Police", "Various Artists"), KARMA),
        (Description("Radiohead", "Karma Police"), KARMA),
        (Description("Karma Police"), KARMA),
        (Description("Get Lucky", "Daft Punk"), LUCKY),
        (Description("Get Lucky", "Pharrell Williams & Daft Punk"), LUCKY),
        (Description("Another Brick in the Wall (Part 2)", "Pink Floyd"), PART_2),
        (Description("Yesterday (Remastered)", "The Beatles", "", 125_000), UNTIMED),
        (Description(f"{ENTA.artist} - {ENTA.name}"), ENTA),
    ],
)
async def test_what_is_written_otherwise_is_similar(
    match_tracks: MatchTracks, said: Description, meant: Entry
) -> None:
    (found,) = await match_tracks([said])
    assert found == MatchResult(Match.SIMILAR, meant.id)


@pytest.mark.parametrize(
    "said",
    [
        Description("Creep", "TLC"),
        Description("Hello", "Lionel Richie"),
        Description("Karma Chameleon", "Radiohead"),
        Description("Creep", "Radiohead", "", 200_000),
        Description("Karma Police", "Radiohead", "", 280_000),
        Description("Another Brick in the Wall, Pt. 3", "Pink Floyd"),
        Description("Blue Monday (Other People Remix)", "New Order"),
        Description("Karma Police (Karaoke Version)", "Radiohead"),
        Description("Karma", "Radiohead"),
        Description("Karmas Polices"),
        Description("", "Radiohead"),
        Description("   ", ""),
        Description("\u200b", "Radiohead"),
        Description("Live", "Black Sabbath"),
        Description("- - - - - - - - -", "- - -"),
        Description("((((((((([[[[[[" * 30, "x" * 2000),
    ],
)
async def test_what_is_not_like_anything_is_none(
    match_tracks: MatchTracks, said: Description
) -> None:
    assert await match_tracks([said]) == [NONE]


async def test_results_come_in_the_order_of_the_descriptions(match_tracks: MatchTracks) -> None:
    said = [Description("Creep", "Radiohead"), Description("Nothing"), Description("Umbrella")]
    found = await match_tracks(said)
    assert [one.track_id for one in found] == [CREEP.id, "", UMBRELLA.id]
    assert await match_tracks([]) == []
