"""The contract of ``SearchIndex``: subclass it and give a fixture ``index`` that is empty."""

from __future__ import annotations

from catalog_svc.domain.search import Entry, IndexChange, Kind, parse
from catalog_svc.domain.text import fold
from catalog_svc.ports.search import SearchIndex


def track(
    number: int, title: str, artist: str = "Someone", album: str = "", popularity: float = 0.0
) -> Entry:
    """A track that its number tells from others."""
    return Entry(
        Kind.TRACK,
        f"T{number:025}",
        title,
        artist=artist,
        artist_id="A" * 26,
        album=album,
        album_id="B" * 26 if album else "",
        duration_ms=180_000,
        artwork_path="/media/v1/artwork/ab",
        state="READY",
        popularity=popularity,
    )


def artist(number: int, name: str, popularity: float = 0.0) -> Entry:
    """An artist that its number tells from others."""
    return Entry(Kind.ARTIST, f"A{number:025}", name, popularity=popularity)


def album(number: int, title: str, by: str = "Someone") -> Entry:
    """An album that its number tells from others."""
    return Entry(Kind.ALBUM, f"B{number:025}", title, artist=by, year=1999)


def playlist(number: int, title: str, owner: str = "Someone", popularity: float = 0.0) -> Entry:
    """A playlist that its number tells from others."""
    return Entry(Kind.PLAYLIST, f"P{number:025}", title, artist=owner, popularity=popularity)


def put(entry: Entry, version: int = 1) -> IndexChange:
    """The change that brings an entry."""
    return IndexChange(entry.kind, entry.id, version, entry)


def removal(entry: Entry, version: int) -> IndexChange:
    """The change that takes an entry away."""
    return IndexChange(entry.kind, entry.id, version, None)


async def fill(index: SearchIndex, *entries: Entry) -> None:
    """Brings entries at version 1."""
    await index.apply([put(entry) for entry in entries], "t")


async def names(
    index: SearchIndex, text: str, kind: Kind = Kind.TRACK, *, limit: int = 20, offset: int = 0
) -> list[str]:
    """The names found for what someone typed, the best first."""
    query = parse(text)
    assert query is not None
    found = await index.search(query, [kind], limit=limit, offset=offset)
    return [entry.name for entry in found[kind].entries]


class SearchIndexContract:
    """What every adapter must keep."""

    async def test_a_new_index_is_empty_and_has_no_token(self, index: SearchIndex) -> None:
        assert await index.token() == ""
        assert await names(index, "anything") == []
        assert list(await index.suggest("any", limit=5)) == []

    async def test_the_token_is_that_of_the_last_apply(self, index: SearchIndex) -> None:
        await index.apply([put(track(1, "One"))], "first")
        await index.apply([], "second")
        assert await index.token() == "second"
        assert await names(index, "one") == ["One"]

    async def test_a_hit_brings_all_that_an_answer_shows(self, index: SearchIndex) -> None:
        wanted = track(1, "Café del Mar", "Energy 52", "Trance", popularity=7.5)
        await fill(index, wanted, album(2, "Café"), artist(3, "Café"))
        query = parse("cafe del mar")
        assert query is not None
        found = await index.search(query, list(Kind), limit=5)
        assert found[Kind.TRACK].entries == (wanted,)
        assert found[Kind.TRACK].total == 1
        assert found.keys() == set(Kind)

    async def test_only_the_kinds_asked_for_are_searched(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Heroes"), artist(2, "Heroes"), album(3, "Heroes"))
        query = parse("heroes")
        assert query is not None
        found = await index.search(query, [Kind.ARTIST], limit=5)
        assert {kind: hits.entries for kind, hits in found.items()} == {
            Kind.ARTIST: (artist(2, "Heroes"),)
        }

    async def test_words_match_in_any_order_across_title_artist_and_album(
        self, index: SearchIndex
    ) -> None:
        await fill(
            index,
            track(1, "Karma Police", "Radiohead", "OK Computer"),
            track(2, "Karma Chameleon", "Culture Club", "Colour by Numbers"),
        )
        assert await names(index, "radiohead karma") == ["Karma Police"]
        assert await names(index, "computer police") == ["Karma Police"]

    async def test_case_accents_and_signs_do_not_matter(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Déjà Vu", "Beyoncé"),
            track(2, "Back in Black", "AC/DC"),
            track(3, "So What", "P!nk"),
            track(4, "Mrs. Robinson", "Simon & Garfunkel"),
        )
        assert await names(index, "DEJA vu beyonce") == ["Déjà Vu"]
        assert await names(index, "acdc") == ["Back in Black"]
        assert await names(index, "ac dc") == ["Back in Black"]
        assert await names(index, "pink so") == ["So What"]
        assert await names(index, "simon and garfunkel") == ["Mrs. Robinson"]

    async def test_text_without_spaces_is_found_by_any_part(self, index: SearchIndex) -> None:
        await fill(index, track(1, "群青日和", "東京事変"), track(2, "東雲", "京極"))
        assert await names(index, "事変") == ["群青日和"]
        assert await names(index, "青日") == ["群青日和"]
        assert await names(index, "変") == ["群青日和"]

    async def test_a_name_of_signs_alone_is_found(self, index: SearchIndex) -> None:
        await fill(index, artist(1, "!!!"), artist(2, "+/-"))
        assert await names(index, "!!!", Kind.ARTIST) == ["!!!"]

    async def test_the_last_word_may_be_a_beginning(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Paranoid Android", "Radiohead"), track(2, "Creep", "Radiohead"))
        for typed in ("paranoid a", "paranoid andr", "pa", "paran", "radiohead cre"):
            expected = "Creep" if "cre" in typed else "Paranoid Android"
            assert await names(index, typed) == [expected], typed

    async def test_only_the_last_word_may_be_a_beginning(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Paranoid Android", "Radiohead"))
        assert await names(index, "para android") == []

    async def test_one_letter_may_be_wrong_in_words_of_five(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Creep", "Radiohead"), track(2, "Help", "The Beatles"))
        for typed in ("craep", "creeps", "creap", "radiohaed", "radiohead crepe"):
            assert await names(index, typed) == ["Creep"], typed
        assert await names(index, "beatels") == ["Help"]

    async def test_words_under_five_letters_must_be_right(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Help", "The Beatles"))
        assert await names(index, "halp") == []

    async def test_two_letters_may_be_wrong_in_words_of_nine(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Enter Sandman", "Metallica"), track(2, "Creep", "Radio"))
        assert await names(index, "metalicca") == ["Enter Sandman"]
        assert await names(index, "xxdio") == []

    async def test_a_beginning_may_have_a_wrong_letter(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Enter Sandman", "Metallica"))
        assert await names(index, "matalli") == ["Enter Sandman"]

    async def test_numbers_are_never_guessed(self, index: SearchIndex) -> None:
        await fill(index, track(1, "20001"))
        assert await names(index, "20002") == []

    async def test_exact_hits_come_before_those_with_typos(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Crash", "Someone", popularity=1e9),
            track(2, "A Brash Song of Many Words", "Someone Else", "Brash"),
            track(3, "Brasher", "Nobody"),
        )
        assert (await names(index, "brash"))[-1] == "Crash"

    async def test_one_of_three_words_may_be_missing_when_nothing_has_them_all(
        self, index: SearchIndex
    ) -> None:
        await fill(index, track(1, "Blank Space", "Taylor Swift"), track(2, "Space", "Someone"))
        assert await names(index, "taylor swft blank") == ["Blank Space"]
        assert await names(index, "nowhere space") == []

    async def test_the_title_itself_comes_first(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Hello Again Hello", popularity=1e9),
            track(2, "Hello"),
            track(3, "Something", "Hello", popularity=1e6),
        )
        assert (await names(index, "hello"))[0] == "Hello"

    async def test_a_leading_article_and_guests_do_not_hide_the_title(
        self, index: SearchIndex
    ) -> None:
        await fill(
            index,
            track(1, "Umbrella (feat. JAY-Z)", "Rihanna"),
            track(2, "Umbrella Umbrella", "Someone"),
        )
        await fill(index, artist(3, "Beatles Revival Band", 1e6), artist(4, "The Beatles"))
        assert (await names(index, "umbrella"))[0] == "Umbrella (feat. JAY-Z)"
        assert (await names(index, "beatles", Kind.ARTIST))[0] == "The Beatles"

    async def test_titles_weigh_more_than_artists_and_artists_more_than_albums(
        self, index: SearchIndex
    ) -> None:
        await fill(
            index,
            track(1, "Song One", "Someone Else", "Blue Days"),
            track(2, "Song Two", "Blue Boys", "Some Album"),
            track(3, "Blue Song", "Another One", "Any Album"),
        )
        assert await names(index, "blue") == ["Blue Song", "Song Two", "Song One"]

    async def test_popularity_orders_what_matches_equally_well(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Hello", "Nobody", popularity=3),
            track(2, "Hello", "Adele", popularity=2_000_000_000),
            track(3, "Hello", "Lionel", popularity=90_000),
        )
        query = parse("hello")
        assert query is not None
        found = await index.search(query, [Kind.TRACK], limit=3)
        assert [hit.artist for hit in found[Kind.TRACK].entries] == ["Adele", "Lionel", "Nobody"]

    async def test_pages_are_parts_of_one_order(self, index: SearchIndex) -> None:
        await fill(index, *(track(n, f"Song {n}", popularity=10.0**n) for n in range(9)))
        every = await names(index, "song")
        assert len(every) == 9
        pages = [await names(index, "song", limit=4, offset=at) for at in (0, 4, 8, 12)]
        assert [name for page in pages for name in page] == every
        query = parse("song")
        assert query is not None
        assert (await index.search(query, [Kind.TRACK], limit=2))[Kind.TRACK].total == 9

    async def test_the_syntax_of_query_languages_means_nothing(self, index: SearchIndex) -> None:
        await fill(index, track(1, "Plain Song"), track(2, "Other"))
        for typed in ('"plain song"', "track_name:plain", "pla*", "(plain", "plain^9 song~", "+-!"):
            assert set(await names(index, typed)) <= {"Plain Song"}, typed
        assert await names(index, '"plain song"') == ["Plain Song"]

    async def test_a_higher_version_replaces_and_a_lower_one_does_not(
        self, index: SearchIndex
    ) -> None:
        await index.apply([put(track(1, "Second"), 2)], "a")
        await index.apply([put(track(1, "First"), 1)], "b")
        await index.apply([put(track(1, "Same"), 2)], "c")
        assert await names(index, "first") == []
        assert await names(index, "same") == []
        await index.apply([put(track(1, "Third"), 3)], "d")
        assert await names(index, "second") == []
        assert await names(index, "third") == ["Third"]

    async def test_the_highest_version_in_a_batch_wins(self, index: SearchIndex) -> None:
        one, two = put(track(1, "First"), 1), put(track(1, "Second"), 2)
        await index.apply([two, one, put(track(2, "Second"), 1), removal(track(2, "x"), 2)], "t")
        assert await names(index, "first") == []
        assert await names(index, "second") == ["Second"]

    async def test_a_removal_hides_and_an_older_change_cannot_undo_it(
        self, index: SearchIndex
    ) -> None:
        await fill(index, track(1, "Gone"), track(2, "Kept"))
        await index.apply([removal(track(1, "Gone"), 5), removal(track(3, "Later"), 5)], "a")
        await index.apply([put(track(1, "Gone"), 4), put(track(3, "Later"), 4)], "b")
        assert await names(index, "gone") == []
        assert await names(index, "later") == []
        assert list(await index.suggest("gone", limit=5)) == []
        await index.apply([put(track(1, "Gone"), 6)], "c")
        assert await names(index, "gone") == ["Gone"]

    async def test_kinds_do_not_share_ids(self, index: SearchIndex) -> None:
        same = Entry(Kind.ARTIST, track(1, "x").id, "Same Id")
        await fill(index, track(1, "Same Id"), same)
        await index.apply([IndexChange(Kind.ARTIST, same.id, 2, None)], "t")
        assert await names(index, "same") == ["Same Id"]
        assert await names(index, "same", Kind.ARTIST) == []

    async def test_clear_forgets_entries_removals_and_the_token(self, index: SearchIndex) -> None:
        await fill(index, track(1, "One"))
        await index.apply([removal(track(2, "Two"), 9)], "t")
        await index.clear()
        assert await index.token() == ""
        assert await names(index, "one") == []
        await fill(index, track(1, "One"), track(2, "Two"))
        assert await names(index, "two") == ["Two"]

    async def test_suggestions_begin_like_what_was_typed(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Hello", "Adele", popularity=1e9),
            track(2, "Hello", "Lionel", popularity=10),
            track(3, "Othello"),
            artist(4, "Hella"),
            album(5, "Hello Nasty"),
            artist(6, "The Hellos", popularity=5),
        )
        for typed in ("h", "hel", "hell"):
            found = await index.suggest(fold(typed), limit=10)
            assert {entry.name for entry in found} == {
                "Hello",
                "Hella",
                "Hello Nasty",
                "The Hellos",
            }, typed
            assert found[0].artist == "Adele"
        assert len(await index.suggest("hel", limit=2)) == 2

    async def test_a_suggestion_that_is_what_was_typed_comes_first(
        self, index: SearchIndex
    ) -> None:
        await fill(index, track(1, "Creepy", popularity=1e6), track(2, "Creep"))
        assert (await index.suggest("creep", limit=5))[0].name == "Creep"

    async def test_tracks_of_a_title_are_told_by_artist_and_popularity(
        self, index: SearchIndex
    ) -> None:
        await fill(
            index,
            track(1, "Hurt", "Johnny Cash", popularity=10),
            track(2, "Hurt (feat. Nobody)", "Nine Inch Nails", popularity=1000),
            track(3, "Hurting", "Johnny Cash"),
            album(4, "Hurt", "Johnny Cash"),
        )
        assert [e.id for e in await index.titled("hurt", "", limit=5)] == [
            track(2, "").id,
            track(1, "").id,
        ]
        assert [e.artist for e in await index.titled("hurt", "cash johnny", limit=5)] == [
            "Johnny Cash"
        ]
        assert len(await index.titled("hurt", "", limit=1)) == 1
        assert list(await index.titled("hurt", "cash queen", limit=5)) == []
        assert list(await index.titled("nothing", "", limit=5)) == []

    async def test_tracks_are_alike_that_share_half_of_the_words(self, index: SearchIndex) -> None:
        await fill(
            index,
            track(1, "Karma Police", "Radiohead"),
            track(2, "Karma Chameleon", "Culture Club"),
            track(3, "Something", "The Beatles"),
            artist(4, "Karma Police"),
        )
        found = await index.alike(["karma", "polise", "radiohaed"], limit=5)
        assert [entry.name for entry in found] == ["Karma Police"]
        both = await index.alike(["karma", "police"], limit=5)
        assert [entry.name for entry in both] == ["Karma Police", "Karma Chameleon"]
        assert len(await index.alike(["karma", "police"], limit=1)) == 1
        assert list(await index.alike(["nothing", "here"], limit=5)) == []
        assert list(await index.alike([], limit=5)) == []

    async def test_playlists_are_found_by_title_and_owner_and_leave(
        self, index: SearchIndex
    ) -> None:
        mine = playlist(1, "Deep Focus", "Ada Lovelace", popularity=5)
        await fill(index, mine, playlist(2, "Focus Group"), track(3, "Focus", "Hocus"))
        assert await names(index, "focus", Kind.PLAYLIST) == ["Deep Focus", "Focus Group"]
        assert await names(index, "focus lovelace", Kind.PLAYLIST) == ["Deep Focus"]
        assert await names(index, "deep fokus", Kind.PLAYLIST) == ["Deep Focus"]
        suggested = await index.suggest("deep", limit=5)
        assert [(entry.kind, entry.name) for entry in suggested] == [(Kind.PLAYLIST, "Deep Focus")]
        await index.apply([removal(mine, 2)], "t")
        assert await names(index, "deep focus", Kind.PLAYLIST) == []
        assert list(await index.suggest("deep", limit=5)) == []
