"""A copy of the catalogue's tracks under test, and tracks and rules to try it with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st
from ulid import ULID

from meshkit.faults import Unavailable
from playlist_svc.domain.daily_shuffle import DAY_MS
from playlist_svc.domain.folding import comparable
from playlist_svc.domain.rules import Condition, Field, Operator, Ordering, Rule, RuleMatch
from playlist_svc.ports.catalogue_replica import CatalogueReplica
from playlist_svc.ports.tracks import Track, TrackChange, Tracks

NOW = 1_790_000_000_000
OWNER = str(ULID())


@dataclass
class ScriptedCatalogue:
    """A catalogue that has ``there``; ``meanwhile`` is what happens while it answers."""

    there: dict[str, Track] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    away: bool = False
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        self.asked.append(list(track_ids))
        if self.away:
            raise Unavailable("gone")
        found = [self.there[id_] for id_ in track_ids if id_ in self.there]
        if self.meanwhile is not None:
            await self.meanwhile()
        return found


@dataclass(frozen=True, slots=True)
class TracksUnderTest:
    """An empty replica. ``save`` puts tracks into a user's library: track ids and Unix ms."""

    tracks: Tracks
    copy: CatalogueReplica
    catalogue: ScriptedCatalogue
    save: Callable[[str, dict[str, int]], Awaitable[None]]

    async def tell(self, *tracks: Track, version: int = 1) -> None:
        """The feed tells tracks."""
        await self.copy.apply([told(track, version) for track in tracks], "token")

    async def choose(
        self,
        *conditions: Condition,
        match: RuleMatch = RuleMatch.ALL,
        order: Ordering = Ordering.ADDED,
        descending: bool = False,
        limit: int = 100,
        now_ms: int = NOW,
        owner: str = OWNER,
    ) -> list[str]:
        """The ids that a rule chooses."""
        rule = Rule(match, conditions, limit, order, descending)
        return [id_ for id_, _ in await self.tracks.select(rule, owner, now_ms)]


def told(track: Track, version: int = 1) -> TrackChange:
    """The feed's words about a track."""
    return TrackChange(track.track_id, version, track)


def removed(track: Track, version: int) -> TrackChange:
    """The feed's words about a track that was removed."""
    return TrackChange(track.track_id, version, None)


def a_track(
    title: str = "Song",
    *,
    artist: str = "Artist",
    album: str = "Album",
    genres: tuple[str, ...] = (),
    year: int = 0,
    duration_ms: int = 200_000,
    streams: int = 0,
    created_at_ms: int = NOW - DAY_MS,
    place: tuple[int, int] = (1, 1),
    track_id: str = "",
) -> Track:
    """A track with an id of its own; ``place`` is disc and number."""
    return Track(
        track_id=track_id or str(ULID()),
        title=title,
        artist=artist,
        artist_id=str(ULID()),
        album=album,
        album_id=str(ULID()),
        disc_number=place[0],
        track_number=place[1],
        duration_ms=duration_ms,
        year=year,
        genres=genres,
        streams_total=streams,
        artwork_path="/media/art/1",
        created_at_ms=created_at_ms,
    )


def condition(name: Field, operator: Operator, *values: str) -> Condition:
    """A condition."""
    return Condition(name, operator, values)


# Few letters, so that much is equal, contained or nearly so.
_TEXTS = st.one_of(
    st.text("aAbB %_\\.|(é\u0301\u00dfs", min_size=1, max_size=5),
    st.sampled_from(
        ["The Wall", "the wall", "Wall", "THE", "Déjà Vu", "deja vu", "ガラス", "カラス"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
_TIMES = st.one_of(
    st.integers(NOW - 5 * DAY_MS, NOW + DAY_MS),
    st.sampled_from([NOW, NOW - DAY_MS, NOW - DAY_MS - 1, NOW - DAY_MS + 1]),
)
_IDS = [str(ULID()) for _ in range(12)]


@st.composite
def catalogues(draw: st.DrawFn) -> list[Track]:
    """Some tracks."""
    return [
        a_track(
            draw(_TEXTS),
            artist=draw(_TEXTS),
            album=draw(_TEXTS),
            genres=tuple(draw(st.lists(_GENRES, max_size=3))),
            year=draw(st.integers(0, 3)),
            duration_ms=draw(st.integers(0, 4000)),
            streams=draw(st.integers(0, 3) | st.just(10**12)),
            created_at_ms=draw(_TIMES),
            place=(draw(st.integers(0, 2)), draw(st.integers(0, 2))),
            track_id=id_,
        )
        for id_ in draw(st.lists(st.sampled_from(_IDS), unique=True))
    ]


_GENRES = _TEXTS.filter(lambda text: bool(text.replace("\n", " ").strip()) and "\n" not in text)


def libraries() -> st.SearchStrategy[dict[str, int]]:
    """What the owner saved, and when."""
    return st.dictionaries(st.sampled_from(_IDS), st.integers(NOW - 3, NOW))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """A condition that is right."""
    name = draw(st.sampled_from(Field))
    if name is Field.SAVED:
        operator = draw(st.sampled_from([Operator.IS, Operator.IS_NOT]))
        return condition(name, operator, draw(st.sampled_from(["true", "false"])))
    if name is Field.ADDED:
        operator = draw(st.sampled_from([Operator.IN_LAST_DAYS, Operator.NOT_IN_LAST_DAYS]))
        return condition(name, operator, str(draw(st.integers(0, 6))))
    if name in (Field.YEAR, Field.DURATION, Field.STREAMS):
        return draw(_numeric(name))
    operator = draw(st.sampled_from([Operator.IS, Operator.IS_NOT, Operator.CONTAINS]))
    # Few enough that four conditions stay within what a rule may look at.
    return condition(name, operator, *draw(st.lists(_VALUES, min_size=1, max_size=2)))


_VALUES = _TEXTS.filter(lambda text: bool(comparable(text)))


@st.composite
def _numeric(draw: st.DrawFn, name: Field) -> Condition:
    numbers = st.integers(0, 4).map(str)
    operator = draw(
        st.sampled_from(
            [Operator.IS, Operator.IS_NOT, Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN]
        )
    )
    if operator is Operator.BETWEEN:
        return condition(name, operator, *sorted([draw(numbers), draw(numbers)]))
    if operator in (Operator.IS, Operator.IS_NOT):
        return condition(name, operator, *draw(st.lists(numbers, min_size=1, max_size=20)))
    return condition(name, operator, draw(numbers))


def rules() -> st.SearchStrategy[Rule]:
    """Rules that are right."""
    return st.builds(
        Rule,
        st.sampled_from(RuleMatch),
        st.lists(conditions(), max_size=4).map(tuple),
        st.integers(1, 12) | st.just(10_000),
        st.sampled_from(Ordering),
        st.booleans(),
    )
