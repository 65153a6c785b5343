"""docs/signals.md names every series that there is, and none that there is not."""

from __future__ import annotations

import re

from tests.signals_page import PAGE, declared, rows

# What Prometheus appends to the name of a histogram.
_PARTS = re.compile(r"_(bucket|sum|count)$")


def test_every_series_of_the_code_stands_on_the_page_as_it_is_and_no_other_does() -> None:
    found = declared()
    assert len(found) > 20
    assert sorted(map(str, found)) == sorted(str(row.series) for row in rows())


def test_what_is_watched_is_read_from_series_that_there_are() -> None:
    watched = PAGE.partition("## Series of ours")[0]
    named = {_PARTS.sub("", one) for one in re.findall(r"\bsegue_\w+[a-z]", watched)}
    assert named
    assert named <= {row.series.name for row in rows()}
