"""One mesh for all of these tests, with music in it, as outside users see it."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from e2e_album import ALBUM, SONGS, Music, Tokens
from edge_calls import EdgeStubs, target
from leaks import leaks

from tests.running_mesh import RunningMesh, make_noise, run_ffmpeg, running_mesh

_TOKEN_GOOD_S = 120.0
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """The mesh; when all is over its logs hold none of the secrets that were used."""
    folder = tmp_path_factory.mktemp("mesh")
    with running_mesh(folder) as mesh:
        yield mesh
    assert leaks(mesh) == []


@pytest.fixture(scope="session")
def tokens(mesh: RunningMesh) -> Tokens:
    """A token of a user, kept for two minutes."""
    held: dict[tuple[Any, ...], tuple[float, str]] = {}

    def token(user: str, *, tier: str | None = None, admin: bool = False) -> str:
        key = (user, tier, admin)
        at, text = held.get(key, (float("-inf"), ""))
        if time.monotonic() - at > _TOKEN_GOOD_S:
            at, text = held[key] = time.monotonic(), mesh.token(user, tier=tier, admin=admin)
        return text

    return token


@pytest.fixture
def user() -> str:
    """The name of a user that no other test uses."""
    return f"user-{next(_numbers)}"


@pytest.fixture
def free(tokens: Tokens, user: str) -> str:
    """A token of a user of its own on the free plan."""
    return tokens(user, tier="free")


@pytest.fixture
def premium(tokens: Tokens) -> str:
    """A token of another user, on the premium plan."""
    return tokens(f"user-{next(_numbers)}", tier="premium")


@pytest.fixture
def admin(tokens: Tokens) -> str:
    """A token of the operator."""
    return tokens("operator", admin=True)


@pytest.fixture
async def stubs(mesh: RunningMesh) -> AsyncIterator[EdgeStubs]:
    """Native clients of every service."""
    async with grpc.aio.insecure_channel(target(mesh)) as channel:
        yield EdgeStubs(channel)


@pytest.fixture(scope="session")
def music(mesh: RunningMesh, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> Music:
    """The album, imported to its end."""
    folder = tmp_path_factory.mktemp("music")
    cover = a_cover(tmp_path_factory.mktemp("cover") / "cover.jpg")
    make_album(folder, cover)
    run = mesh.import_music(folder)
    answer = mesh.call("GET", "/tracks?page_size=500", token=tokens("librarian"))
    found = {track["title"]: track for track in answer.body["tracks"]}
    return Music(folder, run, {song.title: found[song.title] for song in SONGS}, cover.read_bytes())


def make_album(folder: Path, cover: Path) -> None:
    for song in SONGS:
        target = folder / f"{song.number:02} {song.title}.{song.suffix}"
        tags = {
            "title": song.title,
            "artist": song.artist,
            "album": ALBUM,
            "album_artist": "Various Artists",
            "genre": "Ambient",
            "date": "2026",
            "track": f"{song.number}/{len(SONGS)}",
        }
        make_noise(target, song.seconds, *song.options, **tags)
        if song.suffix in ("flac", "mp3"):
            with_cover(target, cover)


def with_cover(audio: Path, picture: Path) -> None:
    plain = audio.rename(audio.with_name(f"plain{audio.suffix}"))
    inputs = ("-i", str(plain), "-i", str(picture), "-map", "0:a", "-map", "1:v")
    run_ffmpeg(*inputs, "-c", "copy", "-disposition:v", "attached_pic", str(audio))
    plain.unlink()


def a_cover(target: Path) -> Path:
    """A small JPEG."""
    picture = ("-f", "lavfi", "-i", "testsrc2=size=120x120:rate=1", "-frames:v", "1")
    run_ffmpeg(*picture, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", str(target))
    return target
