"""What every adapter of ``Matching`` promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from playlist_svc.ports.matching import MOST_DESCRIPTIONS, Description, Match, Matched, Matching


@dataclass(frozen=True, slots=True)
class Known:
    """A track that the catalogue has."""

    track_id: str
    title: str
    artist: str
    duration_ms: int


def track_id(number: int) -> str:
    return f"{number:026}"


ONE = Known(track_id(1), "First Light", "Ada Lund", 180_000)
TWO = Known(track_id(2), "Second Night", "Bo Ek", 240_000)


class MatchingSuite(ABC):
    """Subclass, and say how to make a matching over tracks."""

    @abstractmethod
    def matching(self, *known: Known) -> AbstractAsyncContextManager[Matching]:
        """A matching over exactly these tracks."""

    async def test_each_description_has_its_answer_in_order(self) -> None:
        said = [
            Description("second night", "BO EK"),
            Description("Nothing Like It", "Nobody"),
            Description("First Light", "Ada Lund", "Any Album", 182_000),
        ]
        async with self.matching(ONE, TWO) as matching:
            answers = await matching.match(said)

        assert list(answers) == [
            Matched(Match.EXACT, TWO.track_id),
            Matched(Match.NONE, ""),
            Matched(Match.EXACT, ONE.track_id),
        ]

    async def test_the_same_title_without_an_artist_is_similar(self) -> None:
        async with self.matching(ONE, TWO) as matching:
            (answer,) = await matching.match([Description("First Light")])

        assert answer == Matched(Match.SIMILAR, ONE.track_id)

    async def test_as_many_descriptions_as_a_call_may_have_are_answered(self) -> None:
        said = [Description(f"Unknown {n}", "Nobody") for n in range(MOST_DESCRIPTIONS - 1)]
        async with self.matching(ONE) as matching:
            answers = await matching.match([*said, Description(ONE.title, ONE.artist)])

        assert [answer.match for answer in answers] == [
            *[Match.NONE] * (MOST_DESCRIPTIONS - 1),
            Match.EXACT,
        ]

    async def test_texts_and_durations_of_any_size_are_taken(self) -> None:
        said = [Description("x" * 2_000, "y" * 2_000, "z" * 2_000, 2**32 - 1)] * MOST_DESCRIPTIONS
        async with self.matching(ONE) as matching:
            answers = await matching.match(said)

        assert list(answers) == [Matched()] * MOST_DESCRIPTIONS

    async def test_no_description_has_no_answer(self) -> None:
        async with self.matching(ONE) as matching:
            assert list(await matching.match([])) == []
