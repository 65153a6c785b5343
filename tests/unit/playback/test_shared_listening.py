"""What of someone's listening friends are shown, by cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playback_svc.domain.activity import SHOWN_MS, shared_listening
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Context, Origin, PlayQueue
from playback_svc.domain.player_state import pause, stop
from playback_svc.domain.preferences import DEFAULT, Preferences
from tests.contracts.playback.samples import NOW, playing

SHARES = Preferences(share_activity=True, version=1)


def test_what_plays_is_shown_from_when_its_track_started() -> None:
    state = replace(playing(), play_started_at_ms=NOW + 7)
    shown = shared_listening(state, SHARES, NOW + 9)
    assert shown is not None
    assert (shown.track, shown.playing, shown.at_ms) == (state.track, True, NOW + 7)


@pytest.mark.parametrize("leave", [pause, stop])
def test_what_plays_no_more_is_shown_for_a_week(leave: Any) -> None:
    over = leave(playing(), NOW + 60_000)
    shown = shared_listening(over, SHARES, over.position_at_ms + SHOWN_MS)
    assert shown is not None
    assert (shown.playing, shown.at_ms) == (False, NOW + 60_000)
    assert shared_listening(over, SHARES, over.position_at_ms + SHOWN_MS + 1) is None


@pytest.mark.parametrize(
    ("preferences", "private"),
    [
        (DEFAULT, False),
        (replace(SHARES, share_activity=False), False),
        (replace(SHARES, private_session=True), False),
        (SHARES, True),
    ],
)
def test_nothing_is_shown_without_consent_or_of_what_is_private(
    preferences: Preferences, private: bool
) -> None:
    assert shared_listening(replace(playing(), private=private), preferences, NOW) is None
    assert shared_listening(None, preferences, NOW) is None


@pytest.mark.parametrize("kind", list(ContextKind))
@pytest.mark.parametrize("origin", list(Origin))
def test_a_context_is_named_where_it_is_an_album_or_an_artist_and_played_from(
    kind: ContextKind, origin: Origin
) -> None:
    queue = PlayQueue(context=Context(kind, "source", "listing", 3), origin=origin)
    shown = shared_listening(playing(queue=queue), SHARES, NOW)
    assert shown is not None
    public = kind in (ContextKind.ALBUM, ContextKind.ARTIST) and origin is Origin.CONTEXT
    wanted = (kind, "source") if public else (None, "")
    assert (shown.context_kind, shown.context_id) == wanted
