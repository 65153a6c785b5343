"""Players that know nothing of Segue play real sessions in headless Chromium and switch rungs."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chromium import PATIENCE_S, headless_chromium
from selenium import webdriver

from tests.running_mesh import RunningMesh, make_noise, running_mesh

HERE = Path(__file__).resolve().parent
SECONDS = 26
SLOW_KBPS, FAST_KBPS = 180, 5_000
LOWEST_BPS, BEST_AAC_BPS = 160_000, 400_000

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Player:
    """How a player is started: by what of player.html, with which address of a session.

    ``begins_low`` is how it is told to begin low, as docs/protocol.md says; ``fills_little`` keeps
    it from having the whole track before the link changes.
    """

    script: str
    address: str
    begins_low: Mapping[str, Any] = field(default_factory=dict)
    fills_little: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.script.removeprefix('playWith')}-{self.address.partition('_')[0]}"


_SHAKA_LOW = {"abr": {"defaultBandwidthEstimate": 150_000}}
_SHAKA_LITTLE = {"streaming": {"bufferingGoal": 12}}
# It would go by how slow the link was for as long as a whole play lasts here.
_FORGETS = {"throughputFastHalfLifeSeconds": 0.1, "throughputSlowHalfLifeSeconds": 0.1}
_DASH_JS_LITTLE = {
    "streaming": {
        "buffer": {"bufferTimeDefault": 4, "bufferTimeAtTopQuality": 4},
        "abr": {"throughput": {"ewma": _FORGETS}},
    }
}
PLAYERS = (
    Player("playWithHlsJs", "stream_url", {"startLevel": 0}, {"maxBufferLength": 12}),
    Player("playWithShaka", "stream_url", _SHAKA_LOW, _SHAKA_LITTLE),
    Player("playWithShaka", "dash_url", _SHAKA_LOW, _SHAKA_LITTLE),
    Player("playWithDashJs", "dash_url", {}, _DASH_JS_LITTLE),
    Player("playWithRxPlayer", "dash_url", {}, {"wantedBufferAhead": 12}),
)
every_player = pytest.mark.parametrize("player", PLAYERS, ids=str)


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the page and the players' files, which are no part of Segue."""

    def translate_path(self, path: str) -> str:
        name = path.split("?")[0].lstrip("/")
        return str(HERE / name if name == "player.html" else HERE / "node_modules" / name)

    def log_message(self, *words: Any) -> None:
        return


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/player.html"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    music = tmp_path_factory.mktemp("music")
    make_noise(music / "one.flac", SECONDS, title="Browser Noise", artist="Chrome")
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        imported = mesh.import_music(music)
        assert imported.files_complete == 1
        yield mesh


class Plays:
    """Players at once, each in a window with a link and a user of its own.

    Of each the last state that was told is kept, and looked at by the tests: what one does wrong
    is no failure of another.
    """

    def __init__(self, browser: webdriver.Chrome, mesh: RunningMesh, page: str) -> None:
        self._browser = browser
        self._mesh = mesh
        self._page = page
        self._windows: dict[str, str] = {}
        self.states: dict[str, Any] = {}

    def begin(self, player: Player, options: Mapping[str, Any]) -> None:
        session = play_session(self._mesh, str(player).lower())
        self._browser.switch_to.new_window("window")
        self._windows[str(player)] = self._browser.current_window_handle
        self._browser.get(self._page)
        limit_link(self._browser, SLOW_KBPS)
        script = f"window.{player.script}(arguments[0], arguments[1])"
        self._browser.execute_script(script, session[player.address], dict(options))

    def until(self, done: Callable[[Any], bool]) -> None:
        """Returns when each player has come that far, has failed, or takes too long."""
        give_up_at = time.monotonic() + PATIENCE_S
        left = set(self._windows)
        while left and time.monotonic() < give_up_at:
            for name in sorted(left):
                self._browser.switch_to.window(self._windows[name])
                found = self.states[name] = self._browser.execute_script("return window.state()")
                if done(found) or found["errors"]:
                    left.discard(name)
            time.sleep(0.2)

    def speed_up(self) -> None:
        """From now on links are fast."""
        for handle in self._windows.values():
            self._browser.switch_to.window(handle)
            limit_link(self._browser, FAST_KBPS)


def limit_link(browser: webdriver.Chrome, kbps: int) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 20,
            "downloadThroughput": kbps * 1000 / 8,
            "uploadThroughput": kbps * 1000 / 8,
        },
    )


def play_session(mesh: RunningMesh, user: str) -> Any:
    token = mesh.token(user, tier="premium")
    found = mesh.call("GET", "/search?q=browser+noise&type=track", token=token).body
    answer = mesh.call(
        "POST",
        "/playback/play",
        {"track_id": found["tracks"][0]["id"], "device_id": "chromium"},
        token=token,
    )
    assert answer.status == 200, answer
    return answer.body


def begun(state: Any) -> bool:
    return bool(state["position"] > 0.5)


def ended(state: Any) -> bool:
    return bool(state["ended"])


@pytest.fixture(scope="module")
def slow(mesh: RunningMesh, pages: str) -> dict[str, Any]:
    """What became of each player that was told to begin low, over a link that stays slow.

    Who waited for data plays again, at most twice: a busy machine makes a play wait, too high a
    guess every one.
    """
    told: dict[str, Any] = {}
    for _ in range(3):
        again = [one for one in PLAYERS if told.get(str(one), {"stalls": [0]})["stalls"]]
        if not again:
            break
        with headless_chromium() as browser:
            plays = Plays(browser, mesh, pages)
            for player in again:
                plays.begin(player, player.begins_low)
            plays.until(ended)
        told |= plays.states
    return told


@pytest.fixture(scope="module")
def growing(mesh: RunningMesh, pages: str) -> dict[str, Any]:
    """What became of each player whose link became fast after it had begun."""
    with headless_chromium() as browser:
        plays = Plays(browser, mesh, pages)
        for player in PLAYERS:
            plays.begin(player, {**player.fills_little, **player.begins_low})
        plays.until(begun)
        plays.speed_up()
        plays.until(ended)
    return plays.states


@every_player
def test_a_foreign_player_begins_with_the_lowest_rung_and_does_not_wait_on_a_slow_link(
    slow: dict[str, Any], player: Player
) -> None:
    state = slow[str(player)]
    assert state["errors"] == []
    assert state["rungs"][0] < LOWEST_BPS, state
    assert (state["ended"], state["stalls"]) == (True, []), state


@every_player
def test_a_foreign_player_plays_to_the_end_and_switches_rungs(
    growing: dict[str, Any], player: Player
) -> None:
    state = growing[str(player)]
    assert state["errors"] == []
    assert state["ended"], state
    assert state["duration"] == pytest.approx(SECONDS, abs=0.1)
    assert state["position"] == pytest.approx(SECONDS, abs=0.1)
    assert state["gaps"] == 0
    assert state["rungs"][-1] > state["rungs"][0], state
    assert max(state["rungs"]) < BEST_AAC_BPS, "FLAC is for who names it"


def test_the_page_for_clients_says_how_each_player_begins_low() -> None:
    page = (HERE.parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")
    told = [one.begins_low for one in PLAYERS if one.begins_low]
    assert [low for low in told if json.dumps(low) not in page] == []
