"""docs/browser.md as it stands: its examples run in Chromium, on a page of another origin."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chromium import headless_chromium
from selenium import webdriver

from meshkit import contract_files
from tests.running_mesh import RunningMesh, make_noise, running_mesh

HERE = Path(__file__).resolve().parent
PAGE = (HERE.parents[1] / "docs" / "browser.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```js\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TITLE = "Harbour"

pytestmark = pytest.mark.timeout(300)


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the page, the packages that it imports, and the contracts."""

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        if name == "segue.binpb":
            content = contract_files.descriptor_set().SerializeToString()
        else:
            folder = HERE if name == "calls.html" else HERE / "node_modules"
            content = (folder / name).read_bytes()
        self.send_response(200)
        self.send_header("content-type", self.guess_type(name))
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: Any) -> None:
        return


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/calls.html"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def mesh(page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    origin = f"http://{urlsplit(page).netloc}"
    music = tmp_path_factory.mktemp("music")
    make_noise(music / "harbour.flac", 6, title=TITLE, artist="Ada")
    with running_mesh(tmp_path_factory.mktemp("mesh"), allow_origins=(origin,)) as mesh:
        assert mesh.import_music(music).files_complete == 1
        yield mesh


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with headless_chromium() as driver:
        yield driver


@pytest.fixture
def browser(chromium: webdriver.Chrome, page: str) -> webdriver.Chrome:
    """On the page whose origin may call."""
    chromium.get(page)
    return chromium


def answer_of(browser: webdriver.Chrome, mesh: RunningMesh, source: str) -> Any:
    """What an example says, and why it failed."""
    script = "runExample(arguments[0], arguments[1], arguments[2]).then(arguments[3])"
    return browser.execute_async_script(script, source, mesh.edge, mesh.token("page"))


def run(browser: webdriver.Chrome, mesh: RunningMesh, source: str) -> list[str]:
    """What an example says; fails where it does."""
    answer = answer_of(browser, mesh, source)
    assert "failed" not in answer, answer
    said: list[str] = answer["said"]
    return said


def test_every_example_is_known_here() -> None:
    assert len(EXAMPLES) == 4


def test_a_page_searches_plays_and_hears_what_plays(
    browser: webdriver.Chrome, mesh: RunningMesh
) -> None:
    (played,) = run(browser, mesh, EXAMPLES[0])
    assert played.startswith(f"{TITLE} {mesh.edge}/media/")
    assert run(browser, mesh, EXAMPLES[2]) == [TITLE]


def test_a_page_may_read_why_it_is_refused(browser: webdriver.Chrome, mesh: RunningMesh) -> None:
    (refused,) = run(browser, mesh, EXAMPLES[1])
    assert refused.startswith("400 INVALID_FIELD q")


def test_a_page_calls_by_connect_and_by_grpc_web(
    browser: webdriver.Chrome, mesh: RunningMesh
) -> None:
    said = run(browser, mesh, EXAMPLES[3])
    assert said == [f"{TITLE} InvalidArgument 2"] * 3


def test_a_page_of_another_origin_reads_nothing(
    browser: webdriver.Chrome, mesh: RunningMesh, page: str
) -> None:
    browser.get(page.replace("127.0.0.1", "localhost"))
    assert answer_of(browser, mesh, EXAMPLES[0])["failed"] == "TypeError: Failed to fetch"
