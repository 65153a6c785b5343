"""Shaka Player and hls.js in headless Chromium play a real session and switch rungs."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import PATIENCE_S, headless_chromium
from selenium import webdriver

from tests.running_mesh import RunningMesh, make_noise, running_mesh

HERE = Path(__file__).resolve().parent
SECONDS = 26
SLOW_KBPS, FAST_KBPS = 180, 5_000

pytestmark = pytest.mark.timeout(300)


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


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    with headless_chromium() as driver:
        yield driver


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


def state(browser: webdriver.Chrome) -> Any:
    found = browser.execute_script("return window.state()")
    assert not found["errors"], found
    return found


def wait_for(browser: webdriver.Chrome, what: Callable[[Any], bool]) -> Any:
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        found = state(browser)
        if what(found):
            return found
        assert time.monotonic() < give_up_at, str(found)
        time.sleep(0.25)


def play_session(mesh: RunningMesh) -> Any:
    token = mesh.token("chrome", tier="premium")
    found = mesh.call("GET", "/search?q=browser+noise&type=track", token=token).body
    answer = mesh.call(
        "POST",
        "/playback/play",
        {"track_id": found["tracks"][0]["id"], "device_id": "chromium"},
        token=token,
    )
    assert answer.status == 200, answer
    return answer.body


PLAYERS = [
    ("playWithHlsJs", "stream_url"),
    ("playWithShaka", "stream_url"),
    ("playWithShaka", "dash_url"),
]
HINTS: dict[str, Any] = {
    "playWithHlsJs": {"startLevel": 0},
    "playWithShaka": {"abr": {"defaultBandwidthEstimate": 150_000}},
}
"""How each player is told to begin low, as docs/protocol.md says."""
SHORT_BUFFERS: dict[str, Any] = {
    "playWithHlsJs": {"maxBufferLength": 12},
    "playWithShaka": {"streaming": {"bufferingGoal": 12}},
}
LOWEST_BPS, BEST_AAC_BPS = 160_000, 400_000


def begin(
    browser: webdriver.Chrome, pages: str, kbps: int, script: str, address: str, options: Any
) -> None:
    browser.get(pages)
    limit_link(browser, kbps)
    browser.execute_script(f"window.{script}(arguments[0], arguments[1])", address, options)


@pytest.mark.parametrize(("script", "address"), PLAYERS)
def test_a_foreign_player_that_is_told_so_begins_with_the_lowest_rung(
    mesh: RunningMesh, pages: str, browser: webdriver.Chrome, script: str, address: str
) -> None:
    session = play_session(mesh)
    begin(browser, pages, SLOW_KBPS, script, session[address], HINTS[script])
    begun = wait_for(browser, lambda seen: seen["position"] > 0.5)
    assert begun["rungs"][0] < LOWEST_BPS, begun


def test_hls_js_that_begins_low_does_not_stall_on_a_slow_link(
    mesh: RunningMesh, pages: str, browser: webdriver.Chrome
) -> None:
    """In one of three plays: a busy machine makes a play wait, too high a guess every one."""
    plays = []
    for _ in range(3):
        session = play_session(mesh)
        options = HINTS["playWithHlsJs"]
        begin(browser, pages, SLOW_KBPS, "playWithHlsJs", session["stream_url"], options)
        plays.append(wait_for(browser, lambda seen: seen["ended"]))
        if plays[-1]["stalls"] == []:
            return
    raise AssertionError(plays)


def test_the_page_for_clients_says_how_each_player_begins_low() -> None:
    page = (HERE.parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert [hint for hint in HINTS.values() if json.dumps(hint) not in page] == []


@pytest.mark.parametrize(("script", "address"), PLAYERS)
def test_a_foreign_player_plays_to_the_end_and_switches_rungs(
    mesh: RunningMesh, pages: str, browser: webdriver.Chrome, script: str, address: str
) -> None:
    session = play_session(mesh)
    options = {**SHORT_BUFFERS[script], **HINTS[script]}
    begin(browser, pages, SLOW_KBPS, script, session[address], options)
    begun = wait_for(browser, lambda seen: seen["position"] > 0.5)
    assert begun["duration"] == pytest.approx(SECONDS, abs=0.1)
    limit_link(browser, FAST_KBPS)
    ended = wait_for(browser, lambda seen: seen["ended"])
    assert ended["position"] == pytest.approx(SECONDS, abs=0.1)
    assert ended["gaps"] == 0
    assert len(ended["rungs"]) >= 2
    assert ended["rungs"][-1] > ended["rungs"][0]
    assert max(ended["rungs"]) < BEST_AAC_BPS, "FLAC is for who names it"
